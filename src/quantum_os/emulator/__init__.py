"""EDGE. The simulated venue on the wire: Binance USD-M's REST and WebSocket protocol over TLS."""
