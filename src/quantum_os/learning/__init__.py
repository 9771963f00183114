"""What it was worth: the trials that were made, and the report of each run."""
