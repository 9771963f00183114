"""Tells one state of the kernels from another: what they compute may change with their sources."""

import hashlib
from pathlib import Path


def sources_hash() -> str:
    """Gives 16 hex digits for the state of the kernels' sources: what they compute follows it."""
    digest = hashlib.blake2b(digest_size=8)
    for source in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(source.read_bytes())
    return digest.hexdigest()
