"""Every symbol at every bar has exactly one answer, and the answers add up (law 8)."""

import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from quantum_os.events.ai import (
    AiDecisionMade,
    CandidateRefused,
    DecisionSummary,
    Disposition,
    Gate,
)
from quantum_os.events.execution import ExecutionResult, Fill, Leg, OrderRequested
from quantum_os.events.market import MarketData
from quantum_os.events.portfolio import TradeClosed
from quantum_os.events.risk import RiskRefusal
from quantum_os.events.units import NS_PER_DAY, NS_PER_MINUTE
from quantum_os.execution.conservation import Conservation
from quantum_os.kernel.envelope import Envelope
from quantum_os.kernel.iso_time import iso
from quantum_os.learning.explain.checks import Came
from quantum_os.learning.explain.decision_bars import NoAnswer
from quantum_os.learning.explain.ends import Ended
from quantum_os.learning.explain.why import Why, why
from quantum_os.portfolio.track_record import TrackRecord
from quantum_os.storage.recorded import Recorded, open_recorded
from tests.laws.scenario import Frame, Scenario, play
from tests.laws.scenario import Recorded as Run
from tests.learning.explain.records import (
    Bent,
    bent,
    with_row_twice,
    with_summary,
    without_row,
    written,
)

RANDOM_PAIRS = 200

Pair = tuple[str, int]


def pairs(run: Run) -> list[Pair]:
    """Every symbol of every cross-section: what must have been decided on."""
    return [
        (symbol, event.bar_close)
        for _, event in run.events
        if isinstance(event, MarketData)
        for symbol in event.symbols
    ]


def answers(recorded: Recorded, asked: list[Pair]) -> dict[Pair, Why]:
    return {pair: why(recorded, *pair) for pair in asked}


@pytest.fixture(scope="module")
def all_answers(run: Run, folder: Path) -> dict[Pair, Why]:
    with open_recorded(folder) as recorded:
        return answers(recorded, pairs(run))


def test_the_dispositions_add_up_to_bars_times_symbols(
    run: Run, all_answers: dict[Pair, Why]
) -> None:
    bars = Counter(bar for _, bar in pairs(run))
    assert len(all_answers) == len(bars) * len(run.plan.symbols) == sum(bars.values())
    ends = Counter(answer.disposition for answer in all_answers.values())
    assert set(ends) <= {each.value for each in Ended}
    assert ends.total() == len(all_answers)


def test_they_are_those_that_the_fund_counted_itself(
    run: Run, all_answers: dict[Pair, Why]
) -> None:
    tally = next(each.state for each in run.modules if isinstance(each, TrackRecord))
    books = next(each.state for each in run.modules if isinstance(each, Conservation))
    by_end: dict[str, Counter[str]] = {}
    for answer in all_answers.values():
        by_end.setdefault(answer.disposition, Counter())[answer.gate or ""] += 1
    assert by_end[Ended.HOLD] == Counter(tally.holds)
    refused = by_end[Ended.REFUSED]
    assert {gate: count for gate, count in refused.items() if gate} == tally.refusals
    assert by_end[Ended.FILLED].total() == books.filled > 0
    assert by_end.get(Ended.IN_FLIGHT, Counter()).total() == books.in_flight
    assert len(all_answers) == tally.dispositions


def test_any_symbol_and_any_time_have_one_answer(either: Recorded, run: Run) -> None:
    """Two hundred times at random, inside bars too; a journal answers as a run folder does."""
    draw = random.Random(8)
    chosen = draw.sample(pairs(run), RANDOM_PAIRS)
    for symbol, close in chosen:
        inside = close - draw.randrange(15 * NS_PER_MINUTE)
        answer = why(either, symbol, inside)
        assert (answer.symbol, answer.bar_close) == (symbol, iso(close))
        assert answer.is_inside is (inside != close)
        assert answer.disposition in set(Ended)
        assert answer.said


def test_the_answer_is_what_the_record_says(run: Run, all_answers: dict[Pair, Why]) -> None:
    seen: Counter[type] = Counter()
    for _, event in run.events:
        match event:
            case DecisionSummary():
                for row, symbol in enumerate(event.symbols):
                    answer = all_answers[symbol, event.bar_close]
                    if event.disposition[row] is Disposition.HOLD:
                        told = (answer.gate, answer.value, answer.limit, answer.nearest)
                        assert told == (
                            event.reason[row],
                            event.value[row],
                            event.limit[row],
                            event.nearest[row],
                        )
                    assert (answer.disposition == Ended.HOLD) is (event.decision_id[row] is None)
            case CandidateRefused() | RiskRefusal():
                answer = _of_decision(all_answers, event.decision_id)
                assert answer.disposition == Ended.REFUSED
                assert (answer.value, answer.limit) == (event.value, event.limit)
                assert answer.gate == event.code.value
            case ExecutionResult():
                answer = _of_decision(all_answers, event.decision_id)
                assert answer.disposition == Ended.FILLED
                assert answer.gate is None
            case TradeClosed():
                answer = _of_decision(all_answers, event.decision_id)
                assert answer.ids["position_id"] == event.position_id
                assert f"({event.exit_reason})" in answer.said
                assert f"{event.net:,.2f} USD net" in answer.said
            case _:
                continue
        seen[type(event)] += 1
    assert {DecisionSummary, RiskRefusal, ExecutionResult, TradeClosed} <= set(seen)


def _of_decision(all_answers: dict[Pair, Why], decision_id: str | None) -> Why:
    found = [each for each in all_answers.values() if each.ids.get("decision_id") == decision_id]
    assert len(found) == 1
    return found[0]


def test_every_check_is_shown_and_the_failed_one_is_the_reason(
    run: Run, all_answers: dict[Pair, Why]
) -> None:
    gates = {
        event.decision_id: [check.name for check in event.gates]
        for _, event in run.events
        if isinstance(event, AiDecisionMade)
    }
    for answer in all_answers.values():
        assert answer.checks_are_whole
        failed = [check for check in answer.checks if check.came is Came.FAILED]
        assert [check.gate.value for check in failed[:1]] == ([answer.gate] if answer.gate else [])
        if "decision_id" in answer.ids:
            mind = [check.gate for check in answer.checks if check.stage.value == "mind"]
            assert mind == gates[answer.ids["decision_id"]]
        assert answer.view.features >= answer.view.features_known
        assert len(answer.view.votes) == 3


def test_what_this_build_judges_otherwise_is_not_shown_as_if_recorded(
    run: Run, tmp_path: Path
) -> None:
    """A record of another build keeps its own gate, and nothing is made up around it."""

    def by_another_build(envelope: Envelope) -> list[Envelope]:
        if envelope.stream != "decision.summary":
            return [envelope]
        return [with_summary(envelope, lambda summary: _with_limit(summary, 7.0))]

    symbol, close = _first(run, Disposition.HOLD)
    with open_recorded(written(bent(run.envelopes, by_another_build), tmp_path / "bent")) as other:
        answer = why(other, symbol, close)
    assert not answer.checks_are_whole
    assert (answer.limit, [check.gate.value for check in answer.checks]) == (7.0, [answer.gate])


def _with_limit(summary: DecisionSummary, limit: float) -> DecisionSummary:
    return msgspec.structs.replace(summary, limit=(limit,) * len(summary.symbols))


def _first(run: Run, how: Disposition) -> Pair:
    return next(
        (symbol, event.bar_close)
        for _, event in run.events
        if isinstance(event, DecisionSummary)
        for symbol, each in zip(event.symbols, event.disposition, strict=True)
        if each is how
    )


def _dropped(envelope: Envelope) -> list[Envelope]:
    if envelope.stream != "decision.summary":
        return [envelope]
    return [with_summary(envelope, lambda summary: without_row(summary, 0))]


def _doubled(envelope: Envelope) -> list[Envelope]:
    if envelope.stream != "decision.summary":
        return [envelope]
    return [with_summary(envelope, lambda summary: with_row_twice(summary, 0))]


def _decided_twice(envelope: Envelope) -> list[Envelope]:
    """The feed's next word becomes a second summary of the same bar."""
    return [envelope, envelope] if envelope.stream == "decision.summary" else [envelope]


def _ended_twice(envelope: Envelope) -> list[Envelope]:
    ends = ("candidate.refused", "risk.refusal", "execution.result")
    return [envelope, envelope] if envelope.stream in ends else [envelope]


@pytest.mark.parametrize(
    ("bend", "how", "complaint"),
    [
        (_dropped, Disposition.HOLD, "no disposition of"),
        (_doubled, Disposition.HOLD, "2 dispositions of"),
        (_decided_twice, Disposition.HOLD, "2 decisions at"),
        (_ended_twice, Disposition.CANDIDATE, "ended 2 times"),
    ],
)
def test_canary_a_row_that_was_dropped_or_doubled_is_caught(
    run: Run, tmp_path: Path, bend: Bent, how: Disposition, complaint: str
) -> None:
    close = _first(run, how)[1]
    symbols = (
        [run.plan.symbols[0]]
        if how is Disposition.HOLD
        else [symbol for symbol, bar in pairs(run) if bar == close]
    )
    with open_recorded(written(bent(run.envelopes, bend), tmp_path / "bent")) as wrong:
        complaints = [_complaint(wrong, symbol, close) for symbol in symbols]
    assert any("the record is wrong" in each and complaint in each for each in complaints)


def _complaint(recorded: Recorded, symbol: str, close: int) -> str:
    try:
        why(recorded, symbol, close)
    except NoAnswer as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    ("symbol", "shift", "complaint"),
    [
        ("BTX/USDT:USDT", 0, "did you mean BTC/USDT:USDT"),
        ("ZZZZZZ/USDT:USDT", 0, "is not in the universe of this run, which is"),
        ("BTC/USDT:USDT", -400, "is outside the record of"),
        ("BTC/USDT:USDT", 400, "decisions were made from 20"),
    ],
)
def test_a_question_without_an_answer_says_what_can_be_asked(
    recorded: Recorded, run: Run, symbol: str, shift: int, complaint: str
) -> None:
    close = pairs(run)[0][1]
    with pytest.raises(NoAnswer, match=complaint) as told:
        why(recorded, symbol, close + shift * NS_PER_DAY)
    assert "\n" not in str(told.value)


def test_a_bar_that_the_market_did_not_give_is_no_decision(run: Run, tmp_path: Path) -> None:
    gone = pairs(run)[len(pairs(run)) // 4][1]

    def with_a_gap(frames: Iterator[Frame]) -> Iterator[Frame]:
        return (frame for frame in frames if not gone <= frame[0] < gone + 30 * NS_PER_MINUTE)

    torn = play(Scenario(), bent=with_a_gap)
    with open_recorded(written(torn.envelopes, tmp_path / "gap")) as wrong:
        said = _complaint(wrong, run.plan.symbols[0], gone)
    assert "the market gave no bar that closed there" in said
    assert f"the next decision is at {iso(gone + 30 * NS_PER_MINUTE)}" in said


REPORTED = [
    *("CONFIDENCE", "EDGE", "BREAKEVEN", "NO_EDGE_AFTER_COSTS", "STRATEGY_STATUS"),
    *("EXPECTANCY_BRAKE", "STREAK", "COOLDOWN", "CHURN", "SYMBOL_LOSS"),
]
ENTRIES_PER_DAY = 2


def test_f20_the_reason_shows_the_count_of_the_day_and_its_limit(tmp_path: Path) -> None:
    """Entries are counted by their fills of a UTC day: beyond them TRADE_COUNT, next day anew."""
    policy = {
        "tiers": {"SCALABLE": {"entries_per_day": ENTRIES_PER_DAY}},
        "report_only": REPORTED,
    }
    run = play(Scenario(days=4, policy=policy))
    fills = _entry_fills(run)
    entered = Counter(ts // NS_PER_DAY for ts in fills)
    assert len(entered) > 1
    assert max(entered.values()) == ENTRIES_PER_DAY
    asked = [
        (event.symbol, envelope.ts)
        for envelope, event in run.events
        if isinstance(event, RiskRefusal) and event.code is Gate.TRADE_COUNT
    ]
    assert asked
    with open_recorded(written(run.envelopes, tmp_path / "run")) as recorded:
        for answer in answers(recorded, asked).values():
            assert answer.gate == Gate.TRADE_COUNT
            assert (answer.value, answer.limit) == (ENTRIES_PER_DAY + 1, ENTRIES_PER_DAY)
            assert f"it would be entry {ENTRIES_PER_DAY + 1} of the UTC day" in answer.said
            assert f"{ENTRIES_PER_DAY} are allowed" in answer.said
    for _, ts in asked:
        full = [at for at in fills if at // NS_PER_DAY == ts // NS_PER_DAY and at <= ts]
        assert len(full) == ENTRIES_PER_DAY


def _entry_fills(run: Run) -> list[int]:
    """When each entry was first filled."""
    entries = {
        event.client_id
        for _, event in run.events
        if isinstance(event, OrderRequested) and event.leg is Leg.ENTRY
    }
    first: dict[str, int] = {}
    for envelope, event in run.events:
        if isinstance(event, Fill) and event.client_id in entries:
            first.setdefault(event.client_id, envelope.ts)
    return list(first.values())
