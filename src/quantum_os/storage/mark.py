"""How far a store has come in the journal, and whether it is this journal's store at all."""

from itertools import islice
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, select

from quantum_os.events.units import Mode
from quantum_os.kernel.envelope import Envelope
from quantum_os.kernel.ids import derive
from quantum_os.kernel.journal import Journal
from quantum_os.storage.database.revisions import HEAD
from quantum_os.storage.database.trade_tables import PROJECTION
from quantum_os.storage.projections.change import Life

NAME = "store"
"""The one projection there is; a table so that its row is written with the others."""

NOWHERE = 0


class ForeignStore(RuntimeError):
    """A store that does not continue this journal; one line says what to do."""


class Mark(msgspec.Struct, frozen=True):
    """Everything up to `seq` is in the rows; `digest` is that event's, `life` is its process.

    `instance` names the journal by its first event that was projected; empty until there is one.
    """

    seq: int = NOWHERE
    digest: str = ""
    instance: str = ""
    life: Life = Life()
    at: int = 0

    def after(self, last: Envelope, life: Life, first: Envelope) -> "Mark":
        """Gives the mark once everything up to `last` is in the rows."""
        instance = self.instance or derive("journal", first.seq, first.ts, first.digest)
        return Mark(last.seq, digest_text(last), instance, life, last.ts)

    def row(self) -> dict[str, Any]:
        return {
            "name": NAME,
            "watermark": self.seq,
            "watermark_digest": self.digest,
            "instance": self.instance,
            "epoch": self.life.epoch,
            "mode": None if self.life.mode is None else self.life.mode.value,
            "venue": self.life.venue,
            "namespace": self.life.namespace,
            "schema_revision": HEAD,
            "updated_at": self.at,
        }


QUERY = select(PROJECTION).where(PROJECTION.c.name == NAME)


def mark_of(row: Row[Any] | None) -> Mark | None:
    """Reads a stored mark; None in a store that nothing was projected into."""
    if row is None:
        return None
    mode = None if row.mode is None else Mode(row.mode)
    life = Life(row.epoch, mode, row.venue, row.namespace)
    return Mark(row.watermark, row.watermark_digest, row.instance, life, row.updated_at)


def read_mark(connection: Connection) -> Mark | None:
    return mark_of(connection.execute(QUERY).one_or_none())


def digest_text(envelope: Envelope) -> str:
    return f"{envelope.digest:016x}"


def first_of(journal: Journal, start: int = 1) -> Envelope | None:
    """Gives the first durable event from `start` on."""
    return next(islice(journal.read(start), 1), None)


def check_continues(mark: Mark | None, journal: Journal) -> None:
    """Raises ForeignStore unless the journal goes on where the store stands."""
    if mark is None or mark.seq == NOWHERE:
        return
    if mark.seq > journal.flushed_seq:
        raise ForeignStore(
            f"the store stands at event {mark.seq}, the journal ends at {journal.flushed_seq}: "
            "they do not belong together, or the journal is an older copy; `quantum-os db "
            "rebuild` makes the store anew from this journal"
        )
    first, kept = first_of(journal), first_of(journal, mark.seq)
    if first is None or first.seq > mark.seq + 1:
        begins = "nowhere" if first is None else f"at {first.seq}"
        raise ForeignStore(
            f"the store stands at event {mark.seq}, the journal begins {begins}: the events "
            "between are in neither; restore a backup, or `quantum-os db rebuild` without them"
        )
    if kept is not None and kept.seq == mark.seq and digest_text(kept) != mark.digest:
        raise ForeignStore(
            f"event {mark.seq} of the journal is not the one the store stands at: this is "
            "another fund's store; name an empty database, or `quantum-os db rebuild` this one"
        )
