"""The laws of the fund, held to whole runs: other weather, other chance, a bad venue."""

import pytest

from quantum_os.events.commands import Command, OperatorCommand
from quantum_os.events.execution import Fill, Leg
from quantum_os.events.market import MarketTick
from quantum_os.events.units import NS_PER_HOUR
from quantum_os.execution.conservation import Conservation
from quantum_os.execution.venues.sim.fault_script import Fault, FaultKind
from quantum_os.exits.guard import Guard
from quantum_os.market.feeds.synthetic import Scenario as Plot
from quantum_os.portfolio.track_record import TrackRecord
from tests.laws.auditor import violations
from tests.laws.scenario import Recorded, Scenario, market_of, play, until, with_input

KILL = OperatorCommand(Command.KILL, "ann", "operator", "a drill")

SCENARIOS = {
    "fair weather": Scenario(weather=2, seed=2),
    "strict profile": Scenario(weather=3, profile="default"),
    "another venue": Scenario(weather=1, seed=9),
    "told in ticks": Scenario(weather=2, ticks=True),
    "a crash on bars": Scenario(weather=4, days=3, plot=Plot.CRASH),
    "rejections": Scenario(
        faults=(
            Fault(FaultKind.REJECT_ENTRY, nth=2),
            Fault(FaultKind.REJECT_STOP, nth=3),
            Fault(FaultKind.PARTIAL, nth=4, share=0.4),
        )
    ),
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_run_breaks_no_law(name: str) -> None:
    run = play(SCENARIOS[name])
    assert violations(run) == []
    assert not run.bus.faulted


def test_a_crash_told_in_ticks_breaks_no_law() -> None:
    """From a quarter of an hour before it until the dust has settled, with positions open."""
    scenario = Scenario(weather=5, days=3, plot=Plot.CRASH, ticks=True)
    crash = market_of(scenario).crash
    assert crash is not None
    ends = crash.start + 3 * NS_PER_HOUR
    run = play(scenario, bent=lambda frames: until(frames, ends))
    assert violations(run) == []
    assert not run.bus.faulted
    fills = [each.ts for each, event in run.events if isinstance(event, Fill)]
    assert sum(ts >= crash.start for ts in fills) > 0
    assert any(isinstance(event, MarketTick) for _, event in run.events)


def test_exits_go_on_when_everything_else_has_stopped() -> None:
    """Law 5: a kill switch is pulled; what is open is left, and nothing is entered."""
    run = play(Scenario(), bent=lambda frames: with_input(frames, 30.0, KILL))
    assert violations(run) == []
    killed_at = next(each.ts for each, event in run.events if event == KILL)
    orders = [
        (each, event)
        for each, event in run.events
        if each.stream == "order.requested" and each.ts >= killed_at
    ]
    assert all(getattr(event, "leg", None) is not Leg.ENTRY for _, event in orders)


def test_two_runs_are_one_and_another_chance_is_another(recorded: Recorded) -> None:
    """Law 2: the same inputs give the same bits; the venue's chance is part of the inputs."""
    again, other = play(Scenario()), play(Scenario(seed=77))
    assert str(again.digest.events) == str(recorded.digest.events)
    assert str(again.digest.decisions) == str(recorded.digest.decisions)
    assert str(other.digest.events) != str(recorded.digest.events)


def test_every_event_is_delivered_or_kept(recorded: Recorded) -> None:
    """Law 1, per stream: numbered = delivered + dead-lettered."""
    dead = recorded.bus.dead_letters.counts
    for route in recorded.bus.routes.values():
        assert route.numbered == route.delivered + dead.get(route.stream, 0), route.stream
    assert [each.seq for each in recorded.envelopes] == list(range(1, len(recorded.envelopes) + 1))


def test_the_books_of_a_run_add_up(recorded: Recorded) -> None:
    """Laws 6, 7 and 8 as the run itself counts them."""
    by_kind = {type(module): module for module in recorded.modules}
    intents, guard, record = by_kind[Conservation], by_kind[Guard], by_kind[TrackRecord]
    assert isinstance(intents, Conservation)
    assert isinstance(guard, Guard)
    assert isinstance(record, TrackRecord)
    assert intents.state.total > 40
    assert intents.residual == 0
    assert guard.state.seconds_naked_max <= 3.0
    assert float(record.state.equity_gap_max) <= 0.01
    assert record.state.reconciliations > 100
    assert record.state.trades > 10
