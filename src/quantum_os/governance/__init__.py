"""Who may do what: the one policy document and the universe."""
