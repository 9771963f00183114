"""The auditor is worth something: each promise is broken once by a module, and it sees it."""

from collections.abc import Callable
from decimal import Decimal

import msgspec
import pytest
from msgspec.structs import replace

from quantum_os.events.ai import DecisionSummary
from quantum_os.events.base import Event
from quantum_os.events.commands import Command, OperatorCommand
from quantum_os.events.execution import Fill, FundingPaid, Leg, OrderRequested
from quantum_os.events.exits import ExitIntent
from quantum_os.events.market import MarketData
from quantum_os.events.portfolio import TradeClosed
from quantum_os.events.risk import RiskPermit, RiskRefusal, SafetyTripped
from quantum_os.events.units import Price, Qty, Usd
from quantum_os.kernel.envelope import Envelope
from quantum_os.lineup import line_up
from tests.laws.auditor import violations
from tests.laws.misspeaking import Misspeaking, Twist, straight
from tests.laws.scenario import Recorded, Scenario, plan_of, play, with_input

SCENE = Scenario(days=3)
KILL_HOUR = 62.0
KILL = OperatorCommand(Command.KILL, actor="op", role="operator", reason="drill")


class Canary(msgspec.Struct, frozen=True):
    """A broken promise: who breaks it, how, and the audit that has to see it."""

    module: str
    audit: str
    words: str
    hears: Twist = straight
    says: Twist = straight


def enlarged(event: Event) -> list[Event]:
    if isinstance(event, RiskPermit):
        intent = replace(event.intent, qty=Qty(event.intent.qty * 2))
        return [RiskPermit(intent, intent.qty, event.leverage, event.checks)]
    return [event]


def releveraged(event: Event) -> list[Event]:
    if isinstance(event, RiskPermit):
        intent = replace(event.intent, leverage=event.leverage + 1)
        return [RiskPermit(intent, event.qty, intent.leverage, event.checks)]
    return [event]


def order(leg: Leg, change: Callable[[OrderRequested], list[Event]]) -> Twist:
    """Twists the orders of one leg only."""

    def twist(event: Event) -> list[Event]:
        if isinstance(event, OrderRequested) and event.leg is leg:
            return change(event)
        return [event]

    return twist


def loosened(event: OrderRequested) -> list[Event]:
    if event.generation == 0 or event.trigger is None:
        return [event]
    away = Price((event.trigger * (1 + event.side.sign * Decimal("0.05"))).quantize(event.trigger))
    return [replace(event, trigger=away)]


def without(kind: type[Event]) -> Twist:
    return lambda event: [] if isinstance(event, kind) else [event]


def repeated(kind: type[Event]) -> Twist:
    return lambda event: [event, event] if isinstance(event, kind) else [event]


def booked_twice(event: Event) -> list[Event]:
    if isinstance(event, Fill):
        return [event, replace(event, trade_id=f"{event.trade_id}-again")]
    return [event]


def sign_lost(event: Event) -> list[Event]:
    if isinstance(event, FundingPaid):
        return [replace(event, amount=Usd(-event.amount))]
    return [event]


def overfilled(event: Event) -> list[Event]:
    if isinstance(event, Fill):
        return [replace(event, qty=Qty(event.qty * 2))]
    return [event]


def flattered(event: Event) -> list[Event]:
    if isinstance(event, TradeClosed):
        return [replace(event, net=Usd(event.net + event.fees))]
    return [event]


def one_short(event: Event) -> list[Event]:
    if isinstance(event, DecisionSummary):
        columns = {
            name: getattr(event, name)[:-1]
            for name in event.__struct_fields__
            if name != "bar_close"
        }
        return [replace(event, **columns)]
    return [event]


def trusting(event: Event) -> list[Event]:
    if isinstance(event, MarketData):
        return [replace(event, flags=((),) * len(event.symbols))]
    return [event]


CANARIES = {
    "a gate that enlarges": Canary("risk.gate", "entries", "nobody said", says=enlarged),
    "a gate that changes leverage": Canary("risk.gate", "entries", "nobody said", says=releveraged),
    "a gate that loses refusals": Canary(
        "risk.gate", "intents", "never ended", says=without(RiskRefusal)
    ),
    "a gate deaf to latches": Canary(
        "risk.gate", "entries", "not open", hears=without(SafetyTripped)
    ),
    "an entry above its permit": Canary(
        "execution.orders",
        "entries",
        "permitted are",
        says=order(Leg.ENTRY, lambda event: [replace(event, qty=Qty(event.qty * 2))]),
    ),
    "no stop": Canary(
        "execution.orders", "invariants", "(covered)", says=order(Leg.STOP, lambda event: [])
    ),
    "half a stop": Canary(
        "execution.orders",
        "invariants",
        "(covered)",
        says=order(
            Leg.STOP, lambda event: [replace(event, qty=Qty((event.qty / 2).quantize(event.qty)))]
        ),
    ),
    "a stop that loosens": Canary(
        "execution.orders", "exits", "loosens", says=order(Leg.STOP, loosened)
    ),
    "a target that does not only reduce": Canary(
        "execution.orders",
        "entries",
        "does not only reduce",
        says=order(Leg.TP1, lambda event: [replace(event, reduce_only=False)]),
    ),
    "exits that nobody carries out": Canary(
        "execution.orders", "invariants", "led to no order", hears=without(ExitIntent)
    ),
    "a brain gated by latches": Canary(
        "exits.brain", "invariants", "led to no order", hears=without(SafetyTripped)
    ),
    "a ledger that books twice": Canary("portfolio.ledger", "money", "ledger", hears=booked_twice),
    "a ledger deaf to funding": Canary(
        "portfolio.ledger", "invariants", "(booked once)", hears=without(FundingPaid)
    ),
    "a trade told twice": Canary(
        "portfolio.ledger", "invariants", "closed again", says=repeated(TradeClosed)
    ),
    "a trade told without its fees": Canary(
        "portfolio.ledger", "invariants", "(booked once)", says=flattered
    ),
    "funding with the wrong sign": Canary(
        "execution.venues.sim", "money", "due was", says=sign_lost
    ),
    "fills above their orders": Canary(
        "execution.venues.sim", "invariants", "filled of", says=overfilled
    ),
    "a summary that leaves a symbol out": Canary(
        "ai.decision", "intents", "leaves symbols out", says=one_short
    ),
    "a lost summary": Canary(
        "ai.decision", "intents", "is in no summary", says=without(DecisionSummary)
    ),
}


@pytest.mark.parametrize("promise", CANARIES)
def test_a_broken_promise_is_seen(promise: str) -> None:
    canary = CANARIES[promise]
    module = next(each for each in line_up(plan_of(SCENE)) if each.name == canary.module)
    broken = Misspeaking(module, hears=canary.hears, says=canary.says)
    run = play(
        SCENE,
        variants=[broken],
        bent=lambda frames: with_input(frames, KILL_HOUR, KILL),
    )
    seen = violations(run, canary.audit)
    assert any(canary.words in line for line in seen), seen[:5]


def test_a_straight_stand_in_breaks_nothing() -> None:
    """The twisting itself changes nothing: what the canaries show comes from their twists."""
    plain = play(SCENE)
    stand_ins = [Misspeaking(module) for module in line_up(plan_of(SCENE)) if module.consumes]
    masked = play(SCENE, variants=stand_ins[1:])
    assert masked.digest == plain.digest
    assert violations(masked, "order", "entries", "exits", "invariants", "money") == []


def tampered(run: Recorded, change: Callable[[list[Envelope]], object]) -> list[str]:
    envelopes = list(run.envelopes)
    change(envelopes)
    return violations(replace(run, envelopes=tuple(envelopes)), "order")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda kept: kept.pop(2_000), "has number"),
        (lambda kept: kept.pop(), "numbered"),
        (lambda kept: kept.append(replace(kept[-1], seq=len(kept) + 1)), "numbered"),
        (lambda kept: kept.insert(50, replace(kept[50], ts=0)), "time runs back"),
    ],
)
def test_a_broken_number_line_is_seen(
    change: Callable[[list[Envelope]], object], words: str
) -> None:
    seen = tampered(play(replace(SCENE, days=1)), change)
    assert any(words in line for line in seen), seen[:5]
