"""Hears the world: feeds, candles, quality, venues side by side, instruments."""
