"""Decides the venue's chance: a number that follows from a seed and from what happened."""

from hashlib import blake2b

_RANGE = 2**64


def noise(seed: int, *parts: object) -> float:
    """A number in [0, 1), spread evenly over different `parts` and independent between seeds."""
    text = "\x1f".join((str(seed), *map(str, parts))).encode()
    return int.from_bytes(blake2b(text, digest_size=8).digest(), "big") / _RANGE
