"""The machine under every domain: one bus, one order of events, one clock."""
