"""What we hold: the ledger, positions, exposure."""
