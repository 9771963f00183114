"""The SQL store: which database it is, what its tables are, and whether it may be relied on."""
