"""What the fund promises, said as tests; folders mirror the source tree."""
