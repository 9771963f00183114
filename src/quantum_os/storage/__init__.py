"""EDGE. Where events are kept: the SQLite journal, and the folder of a recorded run."""
