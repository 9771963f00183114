"""Decides whether files of market data are what their names say, before anybody trades on them."""
