"""Kills the fund at every point between it and an exchange, while the exchange goes on."""
