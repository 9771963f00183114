"""EDGE. How an exchange is spoken to: what its feed and its venue share, and nothing of trading."""
