"""How one entry of the audit is bound to the one before it, so that none can change unseen."""

from hashlib import sha256

import msgspec

from quantum_os.events.governance import AuditEntry

GENESIS = "0" * 64
"""What stands before the first entry."""


def hash_of(entry: AuditEntry) -> str:
    """Gives the hash that an entry must carry."""
    bare = msgspec.structs.replace(entry, hash="")
    return sha256(msgspec.json.encode(bare, order="deterministic")).hexdigest()
