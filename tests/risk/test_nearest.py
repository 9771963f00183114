"""The gate that a refusal names as nearest would have let the intent through, had it been alone."""

from collections.abc import Callable
from copy import deepcopy
from decimal import Decimal

import msgspec
import pytest

from quantum_os.events.ai import Gate, GateCheck
from quantum_os.events.sizing import TradeIntent
from quantum_os.events.units import NS_PER_S
from quantum_os.risk.book import Book
from quantum_os.risk.gate import GateConfig, RiskGate
from quantum_os.risk.limits import Limits
from quantum_os.risk.verdict import Verdict, evaluate
from tests.laws.scenario import Scenario, market_of, play

Case = tuple[TradeIntent, Book, Limits, Verdict]
Lift = Callable[[TradeIntent, Book, Limits], Limits]

CROWDED = {"sizing": {"risk_base": 0.02}, "constitution": {"cluster_margin": 0.12}}
"""A policy under which caps on margin and on positions refuse as well."""


class Witness(RiskGate):
    """The gate, which also keeps what it judged and how the book stood."""

    def __init__(self, step_s: float) -> None:
        super().__init__(GateConfig(step_s))
        self.seen: list[Case] = []

    def evaluate(self, intent: TradeIntent, book: Book, limits: Limits | None) -> Verdict:
        verdict = evaluate(intent, book, limits)
        if limits is not None and book.self_test is not None and verdict.refusal is not None:
            self.seen.append((intent, deepcopy(book), limits, verdict))
        return verdict


def _effective(limits: Limits, **changes: object) -> Limits:
    return msgspec.structs.replace(
        limits, effective=msgspec.structs.replace(limits.effective, **changes)
    )


def _more_positions(intent: TradeIntent, book: Book, limits: Limits) -> Limits:
    return _effective(limits, positions_max=len(book.positions) + len(book.reservations) + 1)


def _scaling(intent: TradeIntent, book: Book, limits: Limits) -> Limits:
    """Lets winners grow, and this one win; what it takes of every other limit stays taken."""
    held = book.positions.get(intent.symbol)
    if held is not None:
        book.positions[intent.symbol] = msgspec.structs.replace(held, upnl=Decimal(0))
    replace = msgspec.structs.replace
    execution = replace(limits.policy.execution, scaling=True)
    return replace(limits, policy=replace(limits.policy, execution=execution))


LIFTS: dict[Gate, Lift] = {
    Gate.MAX_POSITIONS: _more_positions,
    Gate.SAME_SIDE: _scaling,
    Gate.CLUSTER_MARGIN: lambda intent, book, limits: _effective(limits, cluster_margin=1.0),
    Gate.TRADE_COUNT: lambda intent, book, limits: _effective(limits, entries_per_day=10_000),
}
"""How to bring one gate to its limit and no other: by its limit, since values hang together."""


def is_turned(case: Case, gate: Gate) -> bool:
    intent, book, limits, _ = case
    world = deepcopy(book)
    return evaluate(intent, world, LIFTS[gate](intent, world, limits)).refusal is None


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    seen: list[Case] = []
    for weather in (1, 2):
        scenario = Scenario(weather=weather, days=3, policy=CROWDED)
        witness = Witness(market_of(scenario).step_ns / NS_PER_S)
        play(scenario, variants=(witness,))
        seen += witness.seen
    # The self-test at start judges made-up worlds in the same way; they are not of this fund.
    return [case for case in seen if case[0].strategy != "self-test"]


def test_what_is_named_turns_the_refusal(cases: list[Case]) -> None:
    named = [(case, case[3].nearest) for case in cases if case[3].nearest]
    assert len({gate for _, gate in named}) > 1
    for case, gate in named:
        assert is_turned(case, Gate(gate)), f"{gate} turns nothing: {case[3]}"


def test_where_none_is_named_none_turns_it_alone(cases: list[Case]) -> None:
    unnamed = [case for case in cases if not case[3].nearest]
    assert unnamed
    for case in unnamed:
        refusing = [c.name for c in case[3].checks if not c.ok and not c.report_only]
        assert len(refusing) > 1
        for gate in refusing:
            assert not is_turned(case, gate), f"{gate} alone turns {case[3]}"


def test_of_two_limits_on_one_value_the_tighter_is_named() -> None:
    """The margin of the cluster is that of everything: inside the tighter limit is inside both."""
    cluster = GateCheck(Gate.CLUSTER_MARGIN, ok=False, value=0.5, limit=0.2)
    gross = GateCheck(Gate.GROSS_MARGIN, ok=False, value=0.5, limit=0.4)
    assert Verdict((gross, cluster), Decimal(0)).nearest == Gate.CLUSTER_MARGIN
    many = GateCheck(Gate.MAX_POSITIONS, ok=False, value=6, limit=5)
    assert Verdict((gross, cluster, many), Decimal(0)).nearest == ""


def closest_to_its_limit(verdict: Verdict) -> str:
    """The planted bug: whichever refusing gate has the smallest gap, as it once was."""
    gaps = {
        check.name.value: abs(check.value - check.limit) / check.limit
        for check in verdict.checks
        if not check.ok and not check.report_only and check.value is not None and check.limit
    }
    return min(gaps, key=lambda name: gaps[name], default="")


def test_canary_a_gate_that_is_merely_close_is_caught(cases: list[Case]) -> None:
    several = [case for case in cases if not case[3].nearest and closest_to_its_limit(case[3])]
    assert several
    assert not any(is_turned(case, Gate(closest_to_its_limit(case[3]))) for case in several)
