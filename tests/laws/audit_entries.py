"""Laws 4 and 9 held to a run: nothing is entered without its permit, nor on what is unknown."""

from collections.abc import Iterator
from decimal import Decimal

from quantum_os.events.execution import Leg, LeverageConfirmed, OrderRequested, ReconcileState
from quantum_os.events.governance import PolicyUpdated
from quantum_os.events.market import MarketData, row_of
from quantum_os.events.portfolio import AccountUpdated
from quantum_os.events.risk import RiskPermit, SafetyCleared, SafetyTripped
from quantum_os.events.sizing import TradeIntent
from quantum_os.events.units import Flag
from tests.laws.scenario import Recorded


def audit_entries(run: Recorded) -> Iterator[str]:
    yield from _permits(run)
    yield from _orders(run)
    yield from _knowledge(run)
    yield from _openness(run)


def _permits(run: Recorded) -> Iterator[str]:
    """A permit answers one intent as it was said, once, and shrinks it at most."""
    intents: dict[str, TradeIntent] = {}
    permitted: dict[str, RiskPermit] = {}
    for envelope, event in run.events:
        if isinstance(event, TradeIntent):
            intents[event.intent_id] = event
        elif isinstance(event, RiskPermit):
            said = intents.get(event.intent.intent_id)
            if said is None or said != event.intent:
                yield f"permit {envelope.seq} is for an intent that nobody said"
            elif event.qty > said.qty or event.leverage != said.leverage:
                yield f"permit {envelope.seq} enlarges {said.qty} to {event.qty}"
            if event.intent.intent_id in permitted:
                yield f"permit {envelope.seq} is the second for its intent"
            permitted[event.intent.intent_id] = event


def _orders(run: Recorded) -> Iterator[str]:
    """Entries stay inside their permits, at the leverage read back; all else only reduces."""
    permits: dict[str, RiskPermit] = {}
    entered: dict[str, Decimal] = {}
    leverage: dict[str, int] = {}
    names: set[str] = set()
    for envelope, event in run.events:
        if isinstance(event, RiskPermit):
            permits[event.intent.intent_id] = event
        elif isinstance(event, LeverageConfirmed):
            leverage[event.symbol] = event.leverage
        elif isinstance(event, OrderRequested):
            if event.client_id in names:
                yield f"order {envelope.seq}: client id {event.client_id} is used again"
            names.add(event.client_id)
            if event.leg is not Leg.ENTRY:
                if not event.reduce_only:
                    yield f"order {envelope.seq}: a {event.leg} that does not only reduce"
                continue
            permit = permits.get(event.intent_id or "")
            if permit is None:
                yield f"order {envelope.seq} enters without a permit"
                continue
            total = entered[permit.intent.intent_id] = event.qty + entered.get(
                permit.intent.intent_id, Decimal(0)
            )
            if total > permit.qty:
                yield f"order {envelope.seq} enters {total}, permitted are {permit.qty}"
            if leverage.get(event.symbol) != permit.intent.leverage:
                yield f"order {envelope.seq} leaves before its leverage is read back"


def _knowledge(run: Recorded) -> Iterator[str]:
    """An intent's symbol had a price and a range at its bar close, and no flag against it."""
    market: MarketData | None = None
    for envelope, event in run.events:
        if isinstance(event, MarketData):
            market = event
        elif isinstance(event, TradeIntent):
            row = None if market is None else row_of(market.symbols, event.symbol)
            if market is None or row is None or market.bar_close != event.bar_close:
                yield f"intent {envelope.seq}: no market at its bar close"
                continue
            known = (market.last[row], market.atr_frac[row], market.age_ms[row])
            if None in known or not {*market.flags[row]} <= {Flag.SYNTHETIC}:
                yield f"intent {envelope.seq}: {event.symbol} was unknown or flagged"


def _openness(run: Recorded) -> Iterator[str]:
    """No permit while a latch is closed, the policy has run out, or the account is unknown."""
    latches: dict[str, None] = {}
    valid_until, reconciled, known = 0, False, False
    for envelope, event in run.events:
        match event:
            case SafetyTripped():
                latches[event.cause] = None
            case SafetyCleared():
                latches.pop(event.cause, None)
            case PolicyUpdated():
                valid_until = event.valid_until
            case ReconcileState():
                reconciled = event.ok
            case AccountUpdated():
                known = True
            case RiskPermit() if latches or envelope.ts > valid_until or not (reconciled and known):
                yield f"permit {envelope.seq} while entries were not open: {[*latches]}"
