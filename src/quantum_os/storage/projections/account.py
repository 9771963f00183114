"""What the account was worth, a point a minute, and what funding cost or brought."""

from collections.abc import Iterator

from quantum_os.events.execution import FundingPaid
from quantum_os.events.portfolio import AccountUpdated
from quantum_os.events.units import NS_PER_MINUTE
from quantum_os.storage.database.trade_tables import EQUITY, FUNDING
from quantum_os.storage.projections.change import Change, Heard, Row, changed, made, plain


def on_account(heard: Heard) -> Iterator[Change]:
    """The last word of a minute stands for it."""
    event: AccountUpdated = heard.event
    venue, mode = heard.place
    minute = event.time - event.time % NS_PER_MINUTE
    key = {"venue": venue, "mode": mode, "minute": minute}

    def fold(row: Row | None) -> Row:
        return {**key, **plain(event), **changed(heard, row)}

    yield Change(EQUITY, (venue, mode, minute), fold)


def on_funding(heard: Heard) -> Iterator[Change]:
    """A payment that the venue repeats is the payment we have."""
    event: FundingPaid = heard.event
    row = {**plain(event), **made(heard)}
    key = (event.venue, event.funding_id)
    yield Change(FUNDING, key, lambda before: before or row, reads=False)
