"""Decides how much room each cap on margin and notional leaves for one more entry."""

from decimal import ROUND_DOWN, Context, Decimal

import msgspec

from quantum_os.events.ai import Gate
from quantum_os.events.sizing import TradeIntent
from quantum_os.events.units import PositionSide
from quantum_os.formulas.liquidation import max_notional_at
from quantum_os.formulas.rounding import decimal_of, floor_to_step
from quantum_os.risk.book import Book, risk_unit, share
from quantum_os.risk.limits import Limits

_ZERO = Decimal(0)
_DOWN = Context(prec=28, rounding=ROUND_DOWN)


class Claim(msgspec.Struct, frozen=True):
    """What one position or one reservation takes, in USD."""

    symbol: str
    side: PositionSide
    margin: Decimal
    notional: Decimal
    risk: Decimal
    pending: bool


class Room(msgspec.Struct, frozen=True):
    """One cap: `used` of `limit` is taken and each unit of base takes `unit` more, all USD.

    `whole` is the USD that its fractions are told in.
    """

    gate: Gate
    used: Decimal
    limit: Decimal
    unit: Decimal
    whole: Decimal

    def holds(self, qty: Decimal) -> bool:
        """Whether so much more stays inside."""
        return self.used + self.unit * qty <= self.limit

    def largest(self, step: Decimal) -> Decimal:
        """The largest quantity on the step that stays inside; 0 when nothing does."""
        left = self.limit - self.used
        return floor_to_step(_DOWN.divide(left, self.unit), step) if left > 0 else _ZERO


def claims(book: Book) -> tuple[Claim, ...]:
    """Everything taken: positions as they are, reservations at what may still come of them."""
    open_ = [
        Claim(symbol, held.side, held.margin, held.notional, held.risk, pending=False)
        for symbol, held in book.positions.items()
    ]
    pending = [
        Claim(
            symbol=one.symbol,
            side=one.side,
            margin=one.left * one.price / one.leverage,
            notional=one.left * one.price,
            risk=one.left * one.risk_unit,
            pending=True,
        )
        for one in book.reservations.values()
        if one.left > 0
    ]
    return (*open_, *pending)


def symbols_taken(taken: tuple[Claim, ...]) -> int:
    """Positions open or to come, one per symbol."""
    return len(dict.fromkeys(claim.symbol for claim in taken))


def rooms(
    intent: TradeIntent, book: Book, limits: Limits, taken: tuple[Claim, ...], equity: Decimal
) -> tuple[Room, ...]:
    """The caps of governance.md 2 as rooms; crypto is one cluster, so all margin counts in it."""
    effective = limits.effective
    price = intent.ref_price
    margin_unit = _DOWN.divide(price, Decimal(intent.leverage))
    risk = risk_unit(price, intent.sl_price, intent.risk_usd, intent.qty)
    gross = share(effective.gross_margin, equity)
    used = _margin(taken)
    side = _margin(tuple(claim for claim in taken if claim.side is intent.side))
    here = tuple(claim for claim in taken if claim.symbol == intent.symbol)
    ceiling = min(effective.risk_per_trade, limits.policy.constitution.risk_per_trade)
    notional = sum((claim.notional for claim in taken), _ZERO)

    def margin_room(gate: Gate, already: Decimal, limit: Decimal) -> Room:
        return Room(gate, already, limit, margin_unit, equity)

    return (
        Room(Gate.RISK_PER_TRADE, _ZERO, share(ceiling, equity), risk, equity),
        margin_room(Gate.SYMBOL_MARGIN, _margin(here), share(effective.symbol_margin, equity)),
        margin_room(Gate.SIDE_MARGIN, side, share(limits.policy.risk.side_share, gross)),
        margin_room(Gate.CLUSTER_MARGIN, used, share(effective.cluster_margin, equity)),
        margin_room(Gate.GROSS_MARGIN, used, gross),
        Room(
            Gate.GROSS_NOTIONAL,
            notional,
            share(effective.gross_notional_x, equity),
            price,
            equity,
        ),
        margin_room(Gate.MARGIN_BAND, *_band(book, limits, taken)),
        Room(
            Gate.BRACKET,
            sum((claim.notional for claim in here), _ZERO),
            _bracket_cap(intent, book),
            price,
            equity,
        ),
    )


def _margin(taken: tuple[Claim, ...]) -> Decimal:
    return sum((claim.margin for claim in taken), _ZERO)


def _band(book: Book, limits: Limits, taken: tuple[Claim, ...]) -> tuple[Decimal, Decimal]:
    """Margin used, and the most that keeps used / available inside the band.

    What is used is no longer available, hence limit = band * (used + available) / (1 + band).
    """
    account = book.account
    if account is None:
        return _ZERO, _ZERO
    reserved = _margin(tuple(claim for claim in taken if claim.pending))
    shown = _margin(taken) - reserved
    used = max(account.margin_used, shown)
    band = decimal_of(limits.policy.risk.margin_no_new)
    whole = used + max(_ZERO, account.available)
    return used + reserved, _DOWN.divide(band * whole, 1 + band)


def _bracket_cap(intent: TradeIntent, book: Book) -> Decimal:
    instrument = book.instruments.get(intent.symbol)
    return max_notional_at(intent.leverage, instrument.brackets) if instrument else _ZERO
