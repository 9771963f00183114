"""The simulated venue: matching, fees, funding, margin and liquidation, as a reactor."""
