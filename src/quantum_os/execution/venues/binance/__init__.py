"""EDGE. How Binance USD-M is traded: its codes, its requests, and how its messages are read."""
