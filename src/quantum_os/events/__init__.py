"""The shared language of the fund: what may be said on the bus, and in which units."""
