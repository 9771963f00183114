"""What might be true: features, regimes, votes, probabilities, decisions."""
