"""EDGE. Hears exchanges as they speak, and says it in the fund's own events."""
