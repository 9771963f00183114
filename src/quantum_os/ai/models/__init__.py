"""What serves a learned model: verified files, plain arithmetic, and one probability per side."""
