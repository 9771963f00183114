"""Tells a batch some events and gives the rows that come of them, without any database."""

from collections.abc import Sequence

from quantum_os.events.base import Event, stream_of
from quantum_os.events.system import ProcessStarted
from quantum_os.events.units import Mode, Ns, Usd
from quantum_os.formulas.rounding import decimal_of
from quantum_os.kernel.envelope import Envelope, encode_event
from quantum_os.storage.projections.batch import Batch
from quantum_os.storage.projections.change import Life, Row

START = ProcessStarted(
    epoch=3,
    build="test",
    config_hash="c",
    mode=Mode.DEMO,
    venue="sim:binance",
    namespace="n",
    seed=0,
    deposit=Usd(decimal_of(10_000.0)),
    started_at=Ns(0),
)
LIFE = Life(START.epoch, START.mode, START.venue, START.namespace)


def envelopes(events: Sequence[Event], first: int = 1) -> list[Envelope]:
    """Numbers events as inputs, a microsecond apart."""
    return [
        Envelope(seq, seq * 1_000, 0, seq, "test", stream_of(type(event)), encode_event(event), seq)
        for seq, event in enumerate(events, start=first)
    ]


def told(*events: Event, life: Life = LIFE) -> dict[str, list[Row]]:
    """Gives the rows of each table after these events, in a store that was empty."""
    batch = Batch(life)
    for envelope in envelopes(events):
        batch.hear(envelope)
    for _ in batch.work_out():
        pass
    return {table.name: rows for table, rows in batch.written()}


def row(table: str, *events: Event) -> Row:
    """Gives the one row that these events leave in a table."""
    (only,) = told(*events)[table]
    return only
