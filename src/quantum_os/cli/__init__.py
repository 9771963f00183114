"""The command line: what operators and traders type."""
