"""Which id a thing has: derived from what it is, so that a replay gives it the same one."""

from hashlib import blake2b

ID_LENGTH = 12
"""Hex digits of a derived id: 48 bits, so that a million ids collide with odds of 1 in 500."""


def derive(namespace: str, *parts: object) -> str:
    """Gives the id of something by its content; never from a sequence number or from chance.

    The length of each part is hashed with it, so ("a", "bc") and ("ab", "c") differ.
    """
    digest = blake2b(digest_size=ID_LENGTH // 2)
    for part in (namespace, *parts):
        text = str(part).encode()
        digest.update(len(text).to_bytes(4, "big"))
        digest.update(text)
    return digest.hexdigest()


def fingerprint(data: bytes) -> str:
    """Gives 16 hex digits that stand for a document's content (a config, a policy)."""
    return blake2b(data, digest_size=8).hexdigest()
