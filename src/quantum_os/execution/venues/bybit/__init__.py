"""EDGE. How Bybit's linear perpetuals are traded: codes, requests, and how messages are read."""
