"""What must always hold: the invariants of the fund, checked over its events while it runs."""
