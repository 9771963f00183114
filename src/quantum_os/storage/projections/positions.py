"""What we held and what each position came to: one row per position, one per closed trade."""

from collections.abc import Iterator

from quantum_os.events.portfolio import PositionUpdated, TradeClosed
from quantum_os.storage.database.trade_tables import POSITIONS, TRADES
from quantum_os.storage.projections.change import Change, Heard, Row, changed, made, plain


class ClosedTwice(ValueError):
    """A position id whose end was told before: one position closes once."""


def on_position(heard: Heard) -> Iterator[Change]:
    event: PositionUpdated = heard.event

    def fold(row: Row | None) -> Row:
        closed_at = heard.at if event.qty == 0 else None
        return {**plain(event), "closed_at": closed_at, **changed(heard, row)}

    yield Change(POSITIONS, (event.position_id,), fold)


def on_closed(heard: Heard) -> Iterator[Change]:
    event: TradeClosed = heard.event

    def fold(row: Row | None) -> Row:
        if row is not None:
            raise ClosedTwice(f"position {event.position_id} was closed at seq {row['seq']}")
        return {**plain(event), **made(heard)}

    yield Change(TRADES, (event.position_id,), fold)
