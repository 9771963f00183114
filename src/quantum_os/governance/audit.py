"""Writes down who is about to do what, each entry bound by a hash to the one before it."""

from collections.abc import Iterable

import msgspec

from quantum_os.events.commands import ActionAsked
from quantum_os.events.governance import AuditEntry
from quantum_os.events.units import Ns
from quantum_os.formulas.audit_chain import GENESIS, hash_of
from quantum_os.kernel.reactor import Reactor


class AuditState(msgspec.Struct):
    """How many entries there are, and the hash of the last."""

    position: int = 0
    hash: str = GENESIS


class Audit(Reactor[AuditState]):
    """Keeps the chain of what people did; it allows and refuses nothing."""

    name = "governance.audit"
    critical = False

    def __init__(self) -> None:
        super().__init__(AuditState())

    def on_action(self, event: ActionAsked) -> AuditEntry:
        state = self.state
        entry = AuditEntry(
            position=state.position + 1,
            at=Ns(self.now),
            previous_hash=state.hash,
            hash="",
            **msgspec.structs.asdict(event),
        )
        entry = msgspec.structs.replace(entry, hash=hash_of(entry))
        state.position, state.hash = entry.position, entry.hash
        return entry


def broken_at(entries: Iterable[AuditEntry]) -> int | None:
    """Gives the position of the first entry that is not what was written; None of a whole chain.

    The first entry may be a later one than 1: what is older was retained elsewhere.
    """
    before: AuditEntry | None = None
    for entry in entries:
        follows = before is None or (
            entry.position == before.position + 1 and entry.previous_hash == before.hash
        )
        begins = entry.position > 1 or entry.previous_hash == GENESIS
        if not follows or not begins or entry.hash != hash_of(entry):
            return entry.position
        before = entry
    return None
