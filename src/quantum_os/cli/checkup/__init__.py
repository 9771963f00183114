"""What the doctor looks at: each check by its name, with what it found."""
