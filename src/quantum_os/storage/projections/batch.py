"""What a stretch of the journal does to the rows, worked out before anything is written."""

from collections.abc import Iterable, Iterator

import msgspec
from sqlalchemy import Table

from quantum_os.events.system import ProcessStarted
from quantum_os.kernel.envelope import Envelope
from quantum_os.storage.database.trade_tables import UNPROJECTED
from quantum_os.storage.projections.change import Change, Heard, Key, Life, Row, has_seen
from quantum_os.storage.projections.streams import PROJECTIONS

UNPROJECTABLE = (msgspec.MsgspecError, LookupError, ValueError, TypeError, ArithmeticError)
"""What decoding or folding an event raises when it cannot become rows."""


class Batch:
    """Hears events, says which stored rows it must know, and gives the rows to write.

    An event that cannot become rows is set aside whole, and the rest goes on without it.
    """

    def __init__(self, life: Life) -> None:
        self.life = life
        self._steps: list[tuple[Envelope, list[Change]]] = []
        self._pages: dict[Table, dict[Key, Row]] = {}
        self._dirty: dict[Table, dict[Key, None]] = {}
        self.wanted: dict[Table, dict[Key, None]] = {}
        self.aside: dict[int, tuple[Envelope, str]] = {}

    @property
    def is_empty(self) -> bool:
        """Whether nothing in it changes a row."""
        return not self._steps and not self.aside

    def hear(self, envelope: Envelope) -> None:
        """Takes the next event of the journal; most leave no row and cost nothing."""
        projection = PROJECTIONS.get(envelope.stream)
        if projection is None:
            return
        try:
            event = envelope.event()
            if isinstance(event, ProcessStarted):
                self.life = Life(event.epoch, event.mode, event.venue, event.namespace)
            heard = Heard(envelope.seq, envelope.ts, event, self.life)
            changes = list(projection(heard))
        except UNPROJECTABLE as error:
            self.set_aside(envelope, error)
            return
        self._steps.append((envelope, changes))
        for change in changes:
            if change.reads:
                self.wanted.setdefault(change.table, {})[change.key] = None

    def set_aside(self, envelope: Envelope, error: BaseException) -> None:
        """Keeps an event whole in place of its rows; once for good, however often tried."""
        self.aside[envelope.seq] = (envelope, f"{type(error).__name__}: {error}")

    def forget_rows(self) -> None:
        """Begins anew, as a transaction that is tried again must."""
        self._pages.clear()
        self._dirty.clear()

    def know(self, table: Table, rows: Iterable[Row]) -> None:
        """Takes the stored rows of wanted keys; a key that has none is new."""
        names = [column.name for column in table.primary_key]
        page = self._pages.setdefault(table, {})
        for row in rows:
            page[tuple([row[name] for name in names])] = row

    def work_out(self) -> Iterator[None]:
        """Folds every event into its rows, one step at a time."""
        for envelope, changes in self._steps:
            if envelope.seq in self.aside:
                continue
            try:
                folded = [(change, self._folded(change, envelope.seq)) for change in changes]
            except UNPROJECTABLE as error:
                self.set_aside(envelope, error)
                continue
            for change, row in folded:
                self._put(change, row)
            yield

    def written(self) -> Iterator[tuple[Table, list[Row]]]:
        """Gives the rows that changed, by table."""
        for table, keys in self._dirty.items():
            page = self._pages[table]
            yield table, [page[key] for key in keys]
        if self.aside:
            yield UNPROJECTED, [_row(*kept) for kept in self.aside.values()]

    def _folded(self, change: Change, seq: int) -> Row | None:
        before = self._pages.get(change.table, {}).get(change.key)
        if before is not None and has_seen(before, seq):
            return None
        after = change.fold(before)
        return None if after is before else after

    def _put(self, change: Change, row: Row | None) -> None:
        if row is not None:
            self._pages.setdefault(change.table, {})[change.key] = row
            self._dirty.setdefault(change.table, {})[change.key] = None


def _row(envelope: Envelope, error: str) -> Row:
    return {
        "seq": envelope.seq,
        "at": envelope.ts,
        "stream": envelope.stream,
        "source": envelope.source,
        "error": error.replace("\x00", ""),
        "payload": envelope.payload,
    }
