"""What models are fitted on: rows from tapes, and folds that keep the future out of the past."""
