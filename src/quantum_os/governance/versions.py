"""Which versions of the policy there were: a document, and what people had said on top of it."""

import msgspec

from quantum_os.governance.overrides import Override
from quantum_os.kernel.ids import fingerprint

VERSIONS_MAX = 50
"""Versions that are remembered, and can be gone back to."""


class Version(msgspec.Struct, frozen=True):
    """One version: its name, the hash of its document, the words of people; `at` in ns."""

    version: str
    document: str
    overrides: tuple[Override, ...]
    at: int
    author: str
    reason: str


def version_hash(document: str, overrides: tuple[Override, ...]) -> str:
    """Gives the content hash of a document with words on top: of the document where there are none.

    Who said them and why is no part of it.
    """
    if not overrides:
        return document
    said = sorted((each.limit, each.value, each.until) for each in overrides)
    return fingerprint(msgspec.json.encode((document, said)))
