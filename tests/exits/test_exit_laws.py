"""Exits are never blocked, never doubled, never enlarge, and treat longs and shorts alike."""

from collections.abc import Iterator
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantum_os.events.base import Event
from quantum_os.events.execution import Leg, OrderState
from quantum_os.events.exits import ExitIntent, ExitReason, StopRequested
from quantum_os.events.risk import SafetyAction, SafetyTripped
from quantum_os.events.units import (
    NS_PER_DAY,
    NS_PER_S,
    Ns,
    PositionSide,
)
from quantum_os.exits.brain import Brain
from quantum_os.exits.watched import Watched
from tests.exits.desk import Script, only, played, played_cut
from tests.exits.open_position import (
    HOUR,
    heartbeat,
    hit_first,
    hit_second,
    holding,
    hour,
    state_of,
    tripped,
)
from tests.exits.scene import (
    BTC,
    LONG,
    SHORT,
    T0,
    cents,
    funding,
    instruments,
    market_data,
    order,
    permit,
    policy,
    position,
    tick,
    word,
)

WORST: dict[str, list[Event]] = {
    "halted": [tripped(SafetyAction.HALT_ENTRIES, cause) for cause in ("kill", "streak", "heat")],
    "stale policy": [],
    "no entries allowed": [policy(overrides={"mode": "BLACK_SWAN"})],
    "research": [policy("research")],
    "blind": [market_data(atr=None, ratio=None, divergence=None)],
    "no market": [],
}
CAUSES: dict[ExitReason, list[Event]] = {
    ExitReason.LIQUIDATION_GUARD: [tick(91.0)],
    ExitReason.EMERGENCY: [tripped(SafetyAction.FLATTEN)],
    ExitReason.OPERATOR: [tripped(SafetyAction.FLATTEN, "operator_kill")],
    ExitReason.LOSS_GUARD: [tick(97.0)],
    ExitReason.TIME: [heartbeat()],
    ExitReason.FUNDING: [heartbeat()],
    ExitReason.TRAILING: [tick(102.0), *hit_first(), tick(100.0)],
}


def left_in(worst: str, reason: ExitReason, brain: Brain) -> bool:
    """Whether the position is left for this reason while the fund is in this state."""
    desk = holding(liquidation=9_000, brain=brain)
    desk.hears(*WORST[worst])
    now = hour(36) if reason is ExitReason.TIME else hour(1)
    if worst == "stale policy" and reason is not ExitReason.TIME:
        desk.hears(policy(overrides={"exits": {"max_hold_h": {"NORMAL": 36.0}}}))
        now = T0 + NS_PER_DAY + HOUR
    if reason is ExitReason.FUNDING:
        stamp = Ns(now + NS_PER_S)
        desk.hears(msgspec.structs.replace(funding(0.02, 0.0), next_time=stamp), at=now)
    said = only(desk.hears(*CAUSES[reason], at=now), ExitIntent)
    return [intent.reason for intent in said] == [reason]


@pytest.mark.parametrize("worst", WORST)
@pytest.mark.parametrize("reason", CAUSES)
def test_f64_f67_f98_r7_no_state_of_the_fund_holds_an_exit_back(
    worst: str, reason: ExitReason
) -> None:
    assert left_in(worst, reason, Brain())


class LatchedBrain(Brain):
    """The planted bug: a latch that stops entries also stops exits."""

    def _judge(self, position: Watched) -> Iterator[ExitIntent | StopRequested]:
        if self.is_halted:
            return
        yield from super()._judge(position)

    is_halted = False

    def on_tripped(self, event: SafetyTripped) -> Iterator[ExitIntent | StopRequested]:
        self.is_halted = True
        return super().on_tripped(event)


def test_canary_an_exit_gated_by_a_latch_is_caught() -> None:
    assert not left_in("halted", ExitReason.LOSS_GUARD, LatchedBrain())
    assert left_in("blind", ExitReason.LOSS_GUARD, LatchedBrain())


Path = st.lists(
    st.tuples(st.integers(9_700, 10_600), st.integers(0, 60), st.integers(0, 60)),
    min_size=1,
    max_size=25,
)


def walked(side: PositionSide, path: list[tuple[int, int, int]]) -> Script:
    """A price path in cents as ticks with extremes; targets are filled as the price reaches them.

    For a short the path is mirrored at the entry of 100.00.
    """

    def at(n: int) -> float:
        return (n if side is LONG else 20_000 - n) / 100

    script: list[tuple[int, Event]] = []
    hit = 0
    for step, (price, above, below) in enumerate(path):
        now = hour(1 + step)
        edges = sorted((at(price + above), at(price - below)))
        script.append((now, tick(at(price), low=edges[0], high=edges[1])))
        if hit == 0 and price >= 10_200:
            hit = 1
            script += [(now, event) for event in hit_first(side)]
        if hit == 1 and price >= 10_300:
            hit = 2
            script += [(now, event) for event in hit_second(side)]
        if step % 5 == 4:
            script.append((now, market_data(atr=0.004 + 0.002 * (price % 7))))
    return script


def told(event: Event) -> tuple[object, ...]:
    """What was asked, with prices as distances from the entry in the position's favour."""
    if isinstance(event, StopRequested):
        return ("stop", event.position_side.sign * (event.stop_price - cents(10_000)), event.qty)
    assert isinstance(event, ExitIntent)
    return ("exit", event.reason, event.qty)


@given(Path)
def test_a_short_is_a_long_in_the_mirror(path: list[tuple[int, int, int]]) -> None:
    stories = []
    for side in (LONG, SHORT):
        desk = holding(side, liquidation=10_000 - side.sign * 1_200)
        stories.append(
            [told(e) for at, heard in walked(side, path) for e in desk.hears(heard, at=at)]
        )
    assert stories[0] == stories[1]


@given(st.sampled_from([LONG, SHORT]), Path)
def test_f80_f82_one_exit_at_a_time_never_above_the_position_and_stops_only_tighten(
    side: PositionSide, path: list[tuple[int, int, int]]
) -> None:
    desk = holding(side)
    stops: list[Decimal] = []
    held = Decimal(10)
    for at, heard in walked(side, path):
        said = desk.hears(heard, at=at)
        held = state_of(desk).state.positions[BTC].qty
        assert len(said) <= 1
        for intent in only(said, ExitIntent):
            assert 0 < intent.qty <= held
            assert intent.position_side is side
        stops += [side.sign * event.stop_price for event in only(said, StopRequested)]
    assert stops == sorted(stops)


def whole_life() -> Script:
    head: list[Event] = [
        policy(),
        instruments(),
        market_data(),
        permit(),
        position(stop=9_797),
        order(Leg.STOP, qty="10", trigger=9_797),
        word("stop-0", OrderState.ACKED),
        order(Leg.TP1),
        order(Leg.TP2, n=1),
        funding(0.0001, 8.0),
    ]
    path = [(10_050, 10, 10), (10_250, 5, 20), (10_320, 30, 5), (10_480, 0, 0), (10_200, 0, 10)]
    tail: list[Event] = [
        order(Leg.CLOSE, qty="4"),
        word("close-0", OrderState.FILLED, done="4"),
        position(qty="0"),
    ]
    return [
        *((T0, event) for event in head),
        *walked(LONG, path),
        *((hour(9), event) for event in tail),
    ]


def test_f77_a_cut_at_any_point_of_a_life_changes_nothing() -> None:
    script = whole_life()
    whole = played(Brain(), script)
    assert [type(event) for event in whole].count(ExitIntent) == 1
    assert len(whole) >= 4
    for cut in range(len(script) + 1):
        assert played_cut(Brain, script, cut) == whole
