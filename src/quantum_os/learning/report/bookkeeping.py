"""Decides whether the report's money adds up: fills, trades, wallet and equity, to the cent."""

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from quantum_os.learning.report.evidence import ZERO, Evidence, SeenFill
from quantum_os.learning.report.facts import Recorded

CENT = Decimal("0.01")


class Check(msgspec.Struct, frozen=True):
    """One sum told twice, from different events; `ok` when both agree to the cent."""

    claim: str
    left: float
    right: float
    ok: bool


def checks(evidence: Evidence, recorded: Recorded) -> tuple[Check, ...]:
    """Adds the money up from the fills, and holds the ledger's and the run's own words to it."""
    trades = [life.trade for life in evidence.lives]
    funding = sum((trade.funding for trade in trades), ZERO)
    net = sum((trade.net for trade in trades), ZERO)
    parts = sum((trade.gross - trade.fees for trade in trades), ZERO) + funding
    booked = cash_of(fill for life in evidence.lives for fill in life.fills) + funding
    still_open = sum((realised_of(fills) for fills in evidence.open_fills.values()), ZERO)
    paid_since = sum((payment.amount for payment in evidence.funding), ZERO) - funding
    wallet = evidence.deposit + booked + still_open + paid_since
    found = [
        _check("net of the closed trades = gross - fees + funding", net, parts),
        _check("net of the closed trades = cash of their fills + funding", net, booked),
        _check("last wallet = deposit + cash of all fills + funding", evidence.wallet, wallet),
    ]
    if recorded.net_pnl is not None:
        told = Decimal(repr(recorded.net_pnl))
        found.append(_check("net of the closed trades = run.json", net, told))
    if recorded.equity is not None:
        told = Decimal(repr(recorded.equity))
        found.append(_check("last equity = run.json", evidence.equity, told))
    return tuple(found)


def cash_of(fills: Iterable[SeenFill]) -> Decimal:
    """What fills brought in, in USD: sales less purchases less fees."""
    return sum(
        (-seen.fill.price * seen.fill.qty * seen.fill.side.sign - seen.fill.fee for seen in fills),
        ZERO,
    )


def realised_of(fills: Iterable[SeenFill]) -> Decimal:
    """What the fills of an open position have brought so far, less fees, at its average entry."""
    held = entry = realised = ZERO
    for seen in fills:
        signed = seen.fill.qty * seen.fill.side.sign
        realised -= seen.fill.fee
        if held == 0 or (held > 0) == (signed > 0):
            entry = (held * entry + signed * seen.fill.price) / (held + signed)
        else:
            realised += (entry - seen.fill.price) * signed
        held += signed
    return realised


def _check(claim: str, left: Decimal, right: Decimal) -> Check:
    return Check(claim, float(left), float(right), abs(left - right) < CENT)
