"""Decides an intent: every check is made and told, the first that fails is the reason."""

from collections.abc import Callable
from decimal import Decimal

import msgspec

from quantum_os.events.ai import Gate, GateCheck
from quantum_os.events.market import Instrument
from quantum_os.events.sizing import TradeIntent
from quantum_os.formulas.rounding import floor_to_step
from quantum_os.risk import entries, heat, liquidation, protections, quotes, readiness
from quantum_os.risk.book import Book, equity, risk_unit
from quantum_os.risk.exposure import Claim, Room, claims, rooms
from quantum_os.risk.limits import Limits

Check = Callable[[TradeIntent, Book, Limits], GateCheck]

FIRST: tuple[Check, ...] = (
    readiness.mode,
    readiness.paused,
    readiness.latched,
    readiness.policy_age,
    readiness.data_age,
    readiness.equity_age,
    readiness.reconciled,
    readiness.price_venue,
    readiness.tradable,
    readiness.coherent,
    quotes.flagged,
    entries.fresh,
    entries.duplicate,
    entries.same_side,
    entries.min_hold,
    entries.opposite,
)
LAST: tuple[Check, ...] = (
    quotes.spread,
    quotes.funding,
    quotes.mark_index,
    readiness.order_rate,
)

CAPACITY = (
    Gate.RISK_PER_TRADE,
    Gate.SYMBOL_MARGIN,
    Gate.SIDE_MARGIN,
    Gate.CLUSTER_MARGIN,
    Gate.GROSS_MARGIN,
    Gate.GROSS_NOTIONAL,
    Gate.MARGIN_BAND,
    Gate.BRACKET,
    Gate.HEAT,
)
"""The caps that a smaller quantity may satisfy."""

ONE_MEASURE = (Gate.CLUSTER_MARGIN, Gate.GROSS_MARGIN)
"""Crypto is one cluster, so both hold all margin in use against a limit: one value, two limits."""

_ZERO = Decimal(0)


class Verdict(msgspec.Struct, frozen=True):
    """Every check in order, and the quantity that passes all of them; 0 when none does."""

    checks: tuple[GateCheck, ...]
    qty: Decimal

    @property
    def refusal(self) -> GateCheck | None:
        """The first failed check that is not only reported."""
        return next(iter(self._refusing()), None)

    @property
    def nearest(self) -> str:
        """The one gate whose value at its limit would turn the refusal; "" when it takes several.

        Of two that measure the same, the tighter one satisfies both.
        """
        refusing = self._refusing()
        same = [check for check in refusing if check.name in ONE_MEASURE]
        if len(same) == len(ONE_MEASURE):
            loose = max(same, key=lambda check: check.limit or 0.0)
            refusing = [check for check in refusing if check is not loose]
        return refusing[0].name.value if len(refusing) == 1 else ""

    def _refusing(self) -> list[GateCheck]:
        return [check for check in self.checks if not check.ok and not check.report_only]


def evaluate(intent: TradeIntent, book: Book, limits: Limits | None) -> Verdict:
    """Judges an intent against the book and the limits; pure, and closed whenever in doubt.

    The quantity may come out smaller where a cap on risk, margin, notional or heat allows that
    much; leverage is never touched. Without limits nothing can be judged: POLICY_STALE.
    """
    if limits is None:
        return Verdict((GateCheck(Gate.POLICY_STALE, ok=False, note="no policy"),), _ZERO)
    qty, capacity = _capacity(intent, book, limits)
    # A plan that contradicts itself cannot be measured, and `coherent` has said so.
    measurable = intent.ref_price > 0
    leverage = (
        (liquidation.leverage(intent, book, limits), liquidation.distance(intent, book, limits))
        if measurable
        else ()
    )
    checks = (
        *(check(intent, book, limits) for check in FIRST),
        *_counts(intent, book, limits),
        *capacity,
        *leverage,
        *readiness.losses(intent, book, limits),
        protections.streak(book.past, limits.now, limits.policy.risk),
        protections.brake(book.past, intent.strategy),
        *(check(intent, book, limits) for check in LAST),
    )
    verdict = Verdict(tuple(limits.judged(check, book.mode) for check in checks), qty)
    return verdict if verdict.refusal is None else msgspec.structs.replace(verdict, qty=_ZERO)


def _counts(intent: TradeIntent, book: Book, limits: Limits) -> tuple[GateCheck, ...]:
    execution, now = limits.policy.execution, limits.now
    known = equity(book)
    loss = (
        protections.symbol_loss(book.past, intent.symbol, now, known, execution)
        if known is not None
        else GateCheck(Gate.SYMBOL_LOSS, ok=False, note="no equity")
    )
    return (
        protections.cooldown(book.past, intent.symbol, now, execution),
        protections.churn(book.past, intent.symbol, now, execution),
        loss,
        entries.max_positions(intent, book, limits),
        entries.trade_count(intent, book, limits),
    )


def _capacity(
    intent: TradeIntent, book: Book, limits: Limits
) -> tuple[Decimal, tuple[GateCheck, ...]]:
    """The largest quantity inside every cap, and each cap as a check of what is left of it."""
    known, instrument = equity(book), book.instruments.get(intent.symbol)
    unit = risk_unit(intent.ref_price, intent.sl_price, intent.risk_usd, intent.qty)
    units = intent.ref_price > 0 and intent.leverage >= 1 and unit > 0
    if known is None or instrument is None or not units:
        return _ZERO, tuple(GateCheck(gate, ok=False, note="not measurable") for gate in CAPACITY)
    taken = claims(book)
    caps = rooms(intent, book, limits, taken, known)
    caps = (*caps, heat.room(intent, limits, taken, known))
    largest = [room.largest(instrument.step) for room in caps]
    qty = min(floor_to_step(intent.qty, instrument.step), *largest)
    if _tradable(qty, intent, instrument):
        shrunk = [most < intent.qty for most in largest]
        return qty, _told(caps, qty, shrunk, intent, limits, taken, known)
    checks = tuple(
        _alone(room, most, intent, instrument) for room, most in zip(caps, largest, strict=True)
    )
    if all(check.ok for check in checks):
        notional = float(intent.qty * intent.ref_price)
        least = float(instrument.min_notional)
        checks = (*checks, GateCheck(Gate.MIN_NOTIONAL, False, notional, least))
    return _ZERO, checks


def _tradable(qty: Decimal, intent: TradeIntent, instrument: Instrument) -> bool:
    return (
        qty > 0 and qty >= instrument.min_qty and qty * intent.ref_price >= instrument.min_notional
    )


def _alone(room: Room, most: Decimal, intent: TradeIntent, instrument: Instrument) -> GateCheck:
    """One cap as if there were no other, at the quantity that it allows or refuses."""
    if not _tradable(most, intent, instrument):
        return _room_check(room, intent.qty, ok=False)
    note = "shrunk" if most < intent.qty else ""
    return _room_check(room, min(most, intent.qty), ok=True, note=note)


def _told(
    caps: tuple[Room, ...],
    qty: Decimal,
    shrunk: list[bool],
    intent: TradeIntent,
    limits: Limits,
    taken: tuple[Claim, ...],
    known: Decimal,
) -> tuple[GateCheck, ...]:
    """Every cap at the quantity that is permitted, judged again on the result."""
    unit = risk_unit(intent.ref_price, intent.sl_price, intent.risk_usd, intent.qty)
    told = [
        _room_check(room, qty, ok=room.holds(qty), note="shrunk" if less else "")
        for room, less in zip(caps[:-1], shrunk[:-1], strict=True)
    ]
    return (*told, heat.check(intent, limits, taken, known, unit * qty))


def _room_check(room: Room, qty: Decimal, *, ok: bool, note: str = "") -> GateCheck:
    value = float((room.used + room.unit * qty) / room.whole)
    return GateCheck(room.gate, ok, value, float(room.limit / room.whole), note=note)
