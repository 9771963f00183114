"""What a recorded run came to, told honestly: figures with their doubt, in words and pictures."""
