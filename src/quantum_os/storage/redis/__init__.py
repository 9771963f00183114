"""EDGE. The streams in Redis: the journal's mirror, how it is read back, and what is let in."""
