"""Where chance comes from: a seeded generator, so that the same seed gives the same numbers."""

import numpy as np


def generator(seed: int, *purpose: str) -> np.random.Generator:
    """Gives a random generator for one purpose; different purposes do not share a sequence."""
    keys = [int.from_bytes(text.encode(), "big") % 2**63 for text in purpose]
    return np.random.default_rng([seed, *keys])
