"""Rule strategies behind the protocol that models will use."""
