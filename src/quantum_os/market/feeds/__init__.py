"""EDGE. Turns tapes and venues into market events."""
