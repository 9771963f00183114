"""How much: risk first, leverage second, and the desk that says trade.intent."""
