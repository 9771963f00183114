"""Whatever id is given, the chain is whole: from the bars to the end, each event with its cause."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantum_os.events.ai import AiDecisionMade, CandidateRefused
from quantum_os.events.base import Event
from quantum_os.events.execution import ExecutionResult, Fill, FundingPaid, OrderRequested
from quantum_os.events.portfolio import TradeClosed
from quantum_os.events.risk import RiskPermit, RiskRefusal
from quantum_os.kernel.envelope import Envelope
from quantum_os.learning.explain.decision_bars import NoAnswer
from quantum_os.learning.explain.ends import Ended
from quantum_os.learning.explain.naming import CHOICES_SHOWN
from quantum_os.learning.explain.story import FOLLOWED, ids_of
from quantum_os.learning.explain.trace import Trace, trace
from quantum_os.storage.recorded import Recorded, open_recorded
from tests.laws.scenario import Recorded as Run
from tests.learning.explain.records import written

BEFORE = (
    "market.klines",
    "market.candle",
    "exchange.normalized",
    "market_data",
    "ai.features",
    "ai.signal_generated",
    "decision.summary",
    "ai.decision.made",
)
ENTERED = (
    "exit.stop_proposed",
    "sizing.decided",
    "exitbrain.adaptive_levels",
    "trade.intent",
    "risk.permit",
    "leverage.confirmed",
    "order.requested",
    "fill",
    "execution.result",
    "position.updated",
    "trade.closed",
)


def first(run: Run, kind: type[Event]) -> tuple[Envelope, Event]:
    return next((envelope, event) for envelope, event in run.events if type(event) is kind)


def closed(run: Run) -> TradeClosed:
    event = first(run, TradeClosed)[1]
    assert isinstance(event, TradeClosed)
    return event


def in_order(found: Trace, streams: tuple[str, ...]) -> bool:
    """Says whether the chain goes through these streams one after the other."""
    rest: Iterator[str] = iter([step.stream for step in found.steps])
    return all(stream in rest for stream in streams)


def problems(found: Trace) -> Iterator[str]:
    """What breaks a chain: a number twice or out of order, or a cause that is not in it."""
    seqs = [step.seq for step in found.steps]
    if seqs != sorted(set(seqs)):
        yield "numbers are not in order"
    known = set(seqs)
    for step in found.steps:
        roots = ("policy.updated", "universe.updated", "meta.regime", "market.flagged")
        if step.cause and step.cause not in known and step.stream not in roots:
            yield f"event {step.seq} has no cause in the chain"
    if sum(step.is_asked for step in found.steps) != 1:
        yield "the event that was asked for is not in it once"


def test_a_trade_is_told_from_its_bars_to_its_close(either: Recorded, run: Run) -> None:
    trade = closed(run)
    assert trade.decision_id is not None
    found = trace(either, trade.decision_id)
    assert in_order(found, (*BEFORE, *ENTERED))
    assert list(problems(found)) == []
    assert (found.disposition, found.symbol) == (Ended.FILLED, trade.symbol)
    assert found.ids["position_id"] == trade.position_id


def test_nothing_of_the_trade_is_left_out_and_nothing_of_another_is_in(
    recorded: Recorded, run: Run
) -> None:
    """Held to a search through the whole run for every id of every closed trade."""
    followed = [
        (envelope, event, set(ids_of(event).values()))
        for envelope, event in run.events
        if envelope.stream in FOLLOWED
    ]
    for trade in [event for _, event, _ in followed if isinstance(event, TradeClosed)]:
        assert trade.decision_id is not None
        ids = {trade.decision_id, trade.intent_id, trade.position_id}
        ids |= {
            event.client_id
            for _, event, _ in followed
            if isinstance(event, OrderRequested) and event.position_id == trade.position_id
        }
        wanted = [
            envelope.seq
            for envelope, event, carried in followed
            if not ids.isdisjoint(carried)
            or (
                isinstance(event, FundingPaid)
                and event.symbol == trade.symbol
                and trade.opened_at < envelope.ts <= trade.closed_at
            )
        ]
        found = trace(recorded, trade.decision_id)
        told = [step.seq for step in found.steps if step.stream in FOLLOWED]
        assert told == sorted(wanted)


def test_every_kind_of_id_leads_to_the_same_chain(either: Recorded, run: Run) -> None:
    trade = closed(run)
    fill = next(
        event
        for _, event in run.events
        if isinstance(event, Fill) and trade.intent_id and trade.intent_id in event.client_id
    )
    names = [trade.decision_id, trade.intent_id, trade.position_id, fill.client_id, fill.trade_id]
    chains = [trace(either, name) for name in names if name is not None]
    assert len(chains) == len(names)
    assert {chain.decision_id for chain in chains} == {trade.decision_id}
    assert len({tuple(step.seq for step in chain.steps) for chain in chains}) == 1
    by_seq = trace(either, str(chains[0].steps[-1].seq))
    assert [step.seq for step in by_seq.steps] == [step.seq for step in chains[0].steps]
    assert by_seq.steps[-1].is_asked


def test_a_funding_payment_leads_to_its_position(recorded: Recorded, run: Run) -> None:
    envelope, _ = first(run, FundingPaid)
    found = trace(recorded, str(envelope.seq))
    assert found.decision_id is not None
    assert list(problems(found)) == []
    assert "funding" in next(step.said for step in found.steps if step.is_asked)


@pytest.mark.parametrize("kind", [CandidateRefused, RiskRefusal])
def test_a_refused_candidate_ends_there(recorded: Recorded, run: Run, kind: type[Event]) -> None:
    for envelope, event in run.events:
        if type(event) is kind:
            found = trace(recorded, ids_of(event)["decision_id"])
            assert found.steps[-1].seq == envelope.seq
            assert found.disposition == Ended.REFUSED
            assert in_order(found, (*BEFORE, envelope.stream))
            return
    pytest.fail(f"the run has no {kind.__name__}")


def test_size_and_permit_show_every_factor_and_every_check(recorded: Recorded, run: Run) -> None:
    decision = closed(run).decision_id
    assert decision is not None
    steps = {step.stream: step for step in trace(recorded, decision).steps}
    permit = steps["risk.permit"].event
    assert isinstance(permit, RiskPermit)
    told = "\n".join(steps["risk.permit"].details)
    for check in permit.checks:
        assert check.name.value in told
    factors = ", ".join(steps["sizing.decided"].details)
    for factor in permit.intent.sizing_trace:
        assert f"{factor.name} {factor.value:.6g}" in factors
    assert len(steps["ai.signal_generated"].details) == 3
    assert "ret_1_atr" in steps["ai.features"].details[0]


def test_an_event_that_no_decision_led_to_shows_causes_and_what_followed(
    recorded: Recorded, run: Run
) -> None:
    envelope = next(each for each, _ in run.events if each.stream == "ai.signal_generated")
    found = trace(recorded, str(envelope.seq))
    assert found.decision_id is None
    assert found.steps[0].cause == 0
    assert "decision.summary" in [step.stream for step in found.steps]
    assert list(problems(found)) == []


def test_all_that_followed_is_shown_or_counted(recorded: Recorded, run: Run) -> None:
    largest = Counter(envelope.trace for envelope, _ in run.events).most_common(1)[0][0]
    found = trace(recorded, str(largest))
    kept = [each for each, _ in run.events if each.trace == largest]
    kept = [each for each in kept if each.stream != "venue.snapshot"]
    assert len(found.steps) + found.left_out == len(kept)


@given(data=st.data())
def test_every_event_of_every_life_leads_to_a_whole_chain(
    folder: Path, run: Run, data: st.DataObject
) -> None:
    told = [envelope for envelope, _ in run.events if envelope.stream in FOLLOWED]
    envelope = data.draw(st.sampled_from(told))
    with open_recorded(folder) as recorded:
        found = trace(recorded, str(envelope.seq))
    assert list(problems(found)) == []
    assert found.decision_id is not None
    assert all(step.said for step in found.steps)


def test_a_beginning_is_enough_if_it_fits_one_thing_alone(recorded: Recorded, run: Run) -> None:
    envelope, event = first(run, AiDecisionMade)
    whole = ids_of(event)["decision_id"]
    known = {value for _, each in run.events for value in ids_of(each).values()}
    for length in range(4, len(whole)):
        fitting = {each for each in known if each.startswith(whole[:length])}
        if whole[:length].isdigit():
            continue
        if len(fitting) == 1:
            assert trace(recorded, whole[:length]).seq == envelope.seq
        else:
            with pytest.raises(NoAnswer, match=f"{len(fitting)} ids") as told:
                trace(recorded, whole[:length])
            assert whole in str(told.value) or len(fitting) > CHOICES_SHOWN


def test_a_beginning_that_fits_several_lists_them(recorded: Recorded) -> None:
    with pytest.raises(NoAnswer, match=r"is the beginning of .* and \d+ more") as told:
        trace(recorded, "qos0-")
    assert "(order of " in str(told.value)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("abc", "too short"),
        ("nobody-has-this", "is called nobody-has-this"),
        ("999999999", "is called 999999999"),
        ("0", "too short"),
    ],
)
def test_what_names_nothing_says_so(recorded: Recorded, name: str, complaint: str) -> None:
    with pytest.raises(NoAnswer, match=complaint):
        trace(recorded, name)


def test_an_unended_candidate_is_in_flight(run: Run, tmp_path: Path) -> None:
    """A record that ends between a permit and its result, as after a kill."""
    result = first(run, ExecutionResult)[0]
    cut = [envelope for envelope, _ in run.events if envelope.seq < result.seq]
    event = result.event()
    assert isinstance(event, ExecutionResult)
    with open_recorded(written(cut, tmp_path / "cut")) as recorded:
        found = trace(recorded, event.decision_id)
    assert found.disposition == Ended.IN_FLIGHT


def test_canary_a_life_that_loses_its_orders_is_caught(recorded: Recorded, run: Run) -> None:
    """Followed by cause alone, a chain ends with its cascade: the test of wholeness must see it."""
    decision = closed(run).decision_id
    assert decision is not None
    whole = trace(recorded, decision)
    start = next(step.trace for step in whole.steps if step.stream == "ai.decision.made")
    by_cause = [step for step in whole.steps if step.trace == start]
    assert len(by_cause) < len(whole.steps)
    assert "trade.closed" not in [step.stream for step in by_cause]
