"""How events become rows: pure functions from an event and the row so far to the row after it."""
