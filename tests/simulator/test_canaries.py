"""The simulator is worth something: each known bug is put in once, and is found for what it is."""

from collections.abc import Callable

import msgspec
import pytest
from msgspec.structs import replace

from quantum_os.events.base import Event
from quantum_os.events.execution import Fill, Leg, OrderCancelRequested, OrderRequested
from quantum_os.events.exits import ExitIntent
from quantum_os.events.risk import SafetyTripped
from quantum_os.events.system import ProcessStarted
from quantum_os.events.units import NS_PER_S, Ns, Qty, Usd
from quantum_os.execution.orders import Orders
from quantum_os.formulas.client_ids import client_id, parse
from quantum_os.kernel.lanes import Lanes
from quantum_os.kernel.reactor import Module
from quantum_os.risk.gate import RiskGate
from quantum_os.risk.safety import Safety
from quantum_os.simulator.faults import Faults, Kind
from quantum_os.simulator.play import Outcome, Play
from tests.laws.misspeaking import Misspeaking, Twist, straight
from tests.simulator.careless import (
    Enlarging,
    Hasty,
    Merging,
    Resending,
    TaillessDisk,
    Unasking,
    Undated,
    Unrecorded,
    carried_by,
    forgetful,
    heard_by,
    loud,
    sulking,
    talkative,
)

Variant = Callable[[tuple[Module, ...]], tuple[Module, ...]]
CHAOS_S = 1_500
"""Simulated seconds: a bug that needs more than this to show is not found often enough."""


class Canary(msgspec.Struct, frozen=True):
    """A known bug, the faults that bring it out (kind: rate), and the invariants that name it."""

    variant: Variant
    found_as: frozenset[int]
    faults: dict[Kind, float] = {}
    seed: int = 1
    lanes: type[Lanes] = Lanes


def twisted(module: str, *, hears: Twist = straight, says: Twist = straight) -> Variant:
    """Lets one module hear or say other words than it should."""

    def variant(modules: tuple[Module, ...]) -> tuple[Module, ...]:
        return tuple(
            Misspeaking(each, hears=hears, says=says) if each.name == module else each
            for each in modules
        )

    return variant


def unchanged(modules: tuple[Module, ...]) -> tuple[Module, ...]:
    return modules


def without(kind: type[Event]) -> Twist:
    return lambda event: [] if isinstance(event, kind) else [event]


def without_stops(event: Event) -> list[Event]:
    is_stop = isinstance(event, OrderRequested) and event.leg is Leg.STOP
    return [] if is_stop else [event]


def booked_twice(event: Event) -> list[Event]:
    again = f"{event.trade_id}-again" if isinstance(event, Fill) else ""
    return [event, replace(event, trade_id=again)] if isinstance(event, Fill) else [event]


def swallowed(event: Event) -> list[Event]:
    """A fill that raised on its way into the books, and nobody looked."""
    is_unlucky = isinstance(event, Fill) and event.trade_id.endswith("3")
    return [] if is_unlucky else [event]


def sign_lost(event: Event) -> list[Event]:
    return [replace(event, fee=Usd(-event.fee))] if isinstance(event, Fill) else [event]


def doubled(event: Event) -> list[Event]:
    """Twice what risk has permitted."""
    is_entry = isinstance(event, OrderRequested) and event.leg is Leg.ENTRY
    return [replace(event, qty=Qty(event.qty * 2))] if is_entry else [event]  # type: ignore[attr-defined]


def old_stop_first(event: Event) -> list[Event]:
    """The stop that rests is taken back before the one that replaces it is confirmed."""
    if not (isinstance(event, OrderRequested) and event.leg is Leg.STOP and event.generation):
        return [event]
    parts = parse(event.client_id)
    assert parts is not None
    old = client_id(parts.epoch, parts.parent_id, Leg.STOP, parts.generation - 1)
    cancel = OrderCancelRequested(event.venue, event.mode, old, event.symbol, "too early")
    return [cancel, event]


def forgets_latches(modules: tuple[Module, ...]) -> tuple[Module, ...]:
    """A new life knows of no switch that was pulled in the one before it."""
    gate = next(each for each in modules if isinstance(each, RiskGate))
    safety = next(each for each in modules if isinstance(each, Safety))
    orders = next(each for each in modules if isinstance(each, Orders))

    def forgets(event: Event) -> list[Event]:
        if isinstance(event, ProcessStarted):
            gate.state.book.latches.clear()
            safety.state.latches.clear()
            orders.state.latches.clear()
        return [event]

    return twisted("risk.gate", hears=forgets)(modules)


def deaf_to_switches(modules: tuple[Module, ...]) -> tuple[Module, ...]:
    deaf = without(SafetyTripped)
    for name in ("risk.gate", "execution.orders"):
        modules = twisted(name, hears=deaf)(modules)
    return modules


def stale(event: Event) -> list[Event]:
    """An entry that was decided a minute ago."""
    if isinstance(event, OrderRequested) and event.leg is Leg.ENTRY:
        return [replace(event, expires=Ns(event.created - 60 * NS_PER_S))]
    return [event]


def run_stale(modules: tuple[Module, ...]) -> tuple[Module, ...]:
    return twisted("execution.orders", says=stale)(carried_by(Undated)(modules))


CANARIES: dict[str, Canary] = {
    "an order is sent again after a timeout": Canary(
        carried_by(Resending), frozenset({3}), {Kind.HANG_AFTER: 0.3}
    ),
    "no stop is placed": Canary(twisted("execution.orders", says=without_stops), frozenset({1})),
    "an exception on the way into the books is swallowed": Canary(
        twisted("portfolio.ledger", hears=swallowed), frozenset({6, 7})
    ),
    "a fill is booked twice": Canary(
        twisted("portfolio.ledger", hears=booked_twice), frozenset({6, 7})
    ),
    "exits are gated": Canary(
        twisted("execution.orders", hears=without(ExitIntent)), frozenset({14})
    ),
    "the sign of a fee is lost": Canary(
        twisted("portfolio.ledger", hears=sign_lost), frozenset({7})
    ),
    "an exit turns a position": Canary(carried_by(Enlarging), frozenset({15})),
    "a stale intent is run": Canary(run_stale, frozenset({16})),
    "an order is larger than its permit": Canary(
        twisted("execution.orders", says=doubled), frozenset({3, 10})
    ),
    "the kill switch is not heard": Canary(deaf_to_switches, frozenset({12}), {Kind.KILL: 6.0}),
    "the kill switch is forgotten by a restart": Canary(
        forgets_latches, frozenset({12, 13}), {Kind.KILL: 6.0, Kind.CRASH: 12.0}
    ),
    "a stop is taken back before the new one is confirmed": Canary(
        twisted("execution.orders", says=old_stop_first), frozenset({26})
    ),
    "the journal is not awaited": Canary(
        carried_by(Unrecorded), frozenset({5}), {Kind.SLOW_WRITE: 0.3}
    ),
    "what the stream has lost is never looked up": Canary(
        forgetful, frozenset({6, 7}), {Kind.LOST_FRAME: 0.3}
    ),
    "a bar that is not over is told": Canary(heard_by(Hasty), frozenset({0})),
    "funding that was brought forward is not asked for": Canary(
        heard_by(Unasking), frozenset({0}), {Kind.FUNDING: 12.0}
    ),
    "a ban is not obeyed": Canary(loud, frozenset({27}), {Kind.LIMITED_429: 8.0}, seed=5),
    "two words on an order become one": Canary(unchanged, frozenset({21}), lanes=Merging),
    "a refusal repeats the key": Canary(talkative, frozenset({34}), {Kind.REFUSED_ENTRY: 0.3}),
    "what holds back entries never lets go": Canary(
        sulking, frozenset({36}), {Kind.CLOCK_STEP: 12.0}
    ),
}


def simulated(canary: Canary) -> Outcome:
    """Plays the canary among its faults, and among no others."""
    others = [kind for kind in Kind if kind not in canary.faults]
    play = Play(canary.seed, others, canary.variant, CHAOS_S)
    play.world.lanes = canary.lanes
    play.world.faults.rates.update(canary.faults)
    return play.played()


def found(outcome: Outcome) -> set[int]:
    broken = {each.number for each in outcome.violations}
    return broken | {each.number for each in outcome.unhealed}


@pytest.mark.parametrize("name", CANARIES)
def test_a_known_bug_is_found_for_what_it_is(name: str) -> None:
    canary = CANARIES[name]
    outcome = simulated(canary)
    seen = found(outcome)
    assert seen & canary.found_as, (seen, outcome.violations, outcome.unhealed)


def test_the_same_faults_without_the_bug_are_no_violation() -> None:
    everything: dict[Kind, float] = {}
    for canary in CANARIES.values():
        everything |= canary.faults | {Kind.NO_CONNECTION: 0.1}
    good = Canary(unchanged, frozenset(), everything)
    outcome = simulated(good)
    assert (found(outcome), outcome.unhealed) == (set(), ())


def test_a_recovery_without_the_tail_does_not_go_on() -> None:
    others = [kind for kind in Kind if kind is not Kind.CRASH]
    play = Play(1, others, chaos_s=CHAOS_S)
    play.world.faults.rates[Kind.CRASH] = 12.0
    play.world.disk = TaillessDisk(play.world.disk, play.world.prelude.rows)
    outcome = play.played()
    assert found(outcome) & {0, 18, 22, 36}


def test_faults_that_are_left_out_strike_nobody() -> None:
    assert not any(Faults(1, list(Kind)).rates.values())
