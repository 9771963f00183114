"""Does it: permits become orders, orders become results."""
