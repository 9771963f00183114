"""Where chance comes from: a seeded generator, so that the same seed gives the same numbers.

Secrets come from the machine instead: nobody may be able to make them again.
"""

import secrets
from hashlib import blake2b

import numpy as np

Generator = np.random.Generator
"""What `generator` gives: the type to annotate with elsewhere."""


def generator(seed: int, *purpose: str) -> np.random.Generator:
    """Gives a random generator for one purpose; different purposes do not share a sequence."""
    keys = [
        int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big") for text in purpose
    ]
    return np.random.default_rng([seed, *keys])


def secret(size: int) -> str:
    """Gives `size` bytes that nobody can guess, in hex; for tokens, never for a decision."""
    return secrets.token_hex(size)
