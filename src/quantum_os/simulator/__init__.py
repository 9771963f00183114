"""The whole fund in a made-up world that lies, stalls, tears and heals: what must hold there."""
