"""The gate that is named as nearest would turn the decision if it alone came inside its limit."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantum_os.ai.decision_gates import REPORTABLE, Known, judge_bar
from quantum_os.ai.gate_columns import Judged
from quantum_os.events.ai import AiSignalGenerated, Gate, GateCheck, VoteColumns
from quantum_os.events.governance import PolicyUpdated
from quantum_os.events.market import MarketData
from quantum_os.events.units import Flag, Mode, PositionSide, Regime
from quantum_os.formulas.edge import confidence, e_net, q_breakeven
from tests.ai.scene import SYMBOLS, T, market, policy

HAIR = 1e-9
"""What rounding may cost on the way from a gate's limit to a probability and back."""

BEHIND = frozenset({Gate.NO_VOTE, Gate.WARMUP, Gate.UNKNOWN_INPUT})
"""Gates behind which nothing can be judged, so nobody can say what a change would lead to."""

EDGE_GATES = (Gate.EDGE, Gate.BREAKEVEN, Gate.CONFIDENCE)


GAIN_R, LOSS_R = 1.3, -0.8
"""A and B of the signal: others than the policy's, as measured ones are."""


class World(msgspec.Struct, frozen=True):
    """Everything one symbol is judged by; `x` is how far its probability is above break-even."""

    x: float = 0.1
    cost: float = 0.1
    side: PositionSide | None = PositionSide.LONG
    flags: tuple[Flag, ...] = ()
    age_ms: float = 0.0
    is_listed: bool = True
    is_warm: bool = True
    e_net_min_r: float = 0.05
    q_margin: float = 0.02
    confidence_min: float = 0.52
    report_only: tuple[Gate, ...] = ()

    @property
    def policy(self) -> PolicyUpdated:
        document = policy("default")
        replace = msgspec.structs.replace
        rules = replace(
            document.policy.decision, e_net_min_r=self.e_net_min_r, q_margin=self.q_margin
        )
        body = replace(document.policy, decision=rules, report_only=self.report_only)
        limits = replace(document.limits, confidence_min=self.confidence_min)
        return replace(document, policy=body, limits=limits)

    @property
    def market(self) -> MarketData:
        seen = market(flags=self.flags, atr_frac=0.01 if self.is_warm else None)
        return msgspec.structs.replace(seen, age_ms=(self.age_ms,) * len(SYMBOLS))

    @property
    def signal(self) -> AiSignalGenerated:
        even = q_breakeven(GAIN_R, LOSS_R, self.cost)
        q = even + self.x
        count = len(SYMBOLS)
        has = self.side is not None
        return AiSignalGenerated(
            signal_id="s",
            bar_close=T,
            horizon_h=36.0,
            symbols=SYMBOLS,
            q_long=(q if has else None,) * count,
            q_short=(q if has else None,) * count,
            e_net=(e_net(q, GAIN_R, LOSS_R, self.cost) if has else None,) * count,
            cost_r=(self.cost if has else None,) * count,
            confidence=(confidence(q, even) if has else None,) * count,
            side=(self.side,) * count,
            strategy=("trend" if has else None,) * count,
            regime=(Regime.NORMAL,) * count,
            status=("",) * count,
            voters=(VoteColumns("trend", "1", (self.side,) * count, (q,) * count, (1.0,) * count),),
            feature_hash="f",
            gain_r=(GAIN_R if has else None,) * count,
            loss_r=(LOSS_R if has else None,) * count,
        )

    def judged(self) -> Judged:
        tradable = SYMBOLS if self.is_listed else ()
        known = Known(self.policy, self.market, tradable, Mode.PAPER, T)
        return judge_bar(self.signal, known).of(0)

    def at_limit_of(self, gate: Gate) -> "World":
        """The same world with what one gate measures brought to its limit, and nothing else."""
        asked = {
            Gate.EDGE: self.e_net_min_r / (GAIN_R - LOSS_R),
            Gate.BREAKEVEN: self.q_margin,
            Gate.CONFIDENCE: self.confidence_min - 0.5,
        }
        changes: dict[Gate, dict[str, object]] = {
            Gate.FLAGGED: {"flags": ()},
            Gate.DATA_STALE: {"age_ms": self.policy.policy.decision.age_limit_s * 1e3},
            Gate.NOT_TRADABLE: {"is_listed": True},
            Gate.WARMUP: {"is_warm": True},
            **{each: {"x": x + HAIR} for each, x in asked.items()},
        }
        return msgspec.structs.replace(self, **changes[gate])


def rarely(values: st.SearchStrategy[object], usual: object) -> st.SearchStrategy[object]:
    """The usual value most of the time, so that one gate alone often refuses."""
    return st.one_of(st.just(usual), st.just(usual), st.just(usual), values)


worlds = st.builds(
    World,
    x=st.floats(-0.25, 0.25),
    cost=st.floats(0.02, 0.3),
    side=rarely(st.sampled_from([None, PositionSide.SHORT]), PositionSide.LONG),
    flags=rarely(st.just((Flag.OUTLIER,)), ()),
    age_ms=rarely(st.floats(0, 2e5), 0.0),
    is_listed=rarely(st.just(False), True),
    is_warm=rarely(st.just(False), True),
    # Thousandths: two gates that ask the same but for the last bit are one gate to anybody.
    e_net_min_r=st.integers(0, 200).map(lambda n: n / 1000),
    q_margin=st.integers(0, 100).map(lambda n: n / 1000),
    confidence_min=st.integers(500, 600).map(lambda n: n / 1000),
    report_only=st.sets(st.sampled_from(EDGE_GATES)).map(tuple),
)


def dishonesty(world: World, judged: Judged) -> str:
    """Says what is wrong with the nearest gate that was named for a world, if anything."""
    refusing = {c.name for c in judged.checks if not c.ok and not c.report_only}
    if judged.is_candidate:
        may_refuse = set(EDGE_GATES) - set(world.report_only)
        if bool(judged.nearest) != bool(may_refuse):
            return f"a candidate names {judged.nearest!r} of {may_refuse}"
        if not judged.nearest:
            return ""
        at = world.at_limit_of(Gate(judged.nearest))
        below = msgspec.structs.replace(at, x=at.x - 2 * HAIR).judged()
        if below.is_candidate or below.reason != judged.nearest:
            return f"below {judged.nearest} it is {below.reason}"
        return ""
    if not judged.nearest:
        turned = [
            gate for gate in refusing - BEHIND if world.at_limit_of(gate).judged().is_candidate
        ]
        return f"{turned} alone would have turned it" if turned else ""
    if judged.nearest not in refusing:
        return f"{judged.nearest} does not refuse"
    if Gate(judged.nearest) in BEHIND:
        return ""
    turned_world = world.at_limit_of(Gate(judged.nearest)).judged()
    return "" if turned_world.is_candidate else f"{judged.nearest} alone turns nothing"


@given(worlds)
def test_the_nearest_gate_alone_turns_a_hold_and_is_the_first_to_refuse_a_candidate(
    world: World,
) -> None:
    assert dishonesty(world, world.judged()) == ""


def test_several_that_refuse_are_none_that_would_turn_it() -> None:
    both = World(x=-0.1, flags=(Flag.OUTLIER,)).judged()
    assert (both.reason, both.nearest) == (Gate.FLAGGED, "")
    assert {c.name for c in both.checks if not c.ok} == {Gate.FLAGGED, *EDGE_GATES}


def test_of_the_gates_that_measure_the_edge_the_hardest_is_named() -> None:
    low = World(x=-0.1)
    assert low.judged().nearest == Gate.EDGE
    assert msgspec.structs.replace(low, confidence_min=0.56).judged().nearest == Gate.CONFIDENCE
    lenient = msgspec.structs.replace(low, report_only=(Gate.EDGE, Gate.CONFIDENCE))
    assert lenient.judged().nearest == Gate.BREAKEVEN


def test_what_is_only_reported_never_turns_anything() -> None:
    assert World(report_only=EDGE_GATES).judged().nearest == ""
    assert World(x=-0.1, report_only=EDGE_GATES).judged().nearest == ""


def test_a_flagged_symbol_is_judged_to_the_end() -> None:
    """Who asks why wants to know whether the flag alone was in the way."""
    checks = World(flags=(Flag.GAP,)).judged().checks
    assert [c.name for c in checks][-3:] == list(EDGE_GATES)


def closest_to_its_limit(checks: tuple[GateCheck, ...]) -> str:
    """The planted bug: the refusing gate with the smallest gap, as it once was."""
    refusing = [c for c in checks if not c.ok and c.value is not None and c.limit]
    gap = {c.name.value: abs(c.value - c.limit) / c.limit for c in refusing if c.value and c.limit}
    return min(gap, key=lambda name: gap[name], default="")


@pytest.mark.parametrize("x", [-0.1, -0.03])
def test_canary_a_gate_that_is_merely_close_is_caught(x: float) -> None:
    world = World(x=x)
    planted = closest_to_its_limit(world.judged().checks)
    bent = msgspec.structs.replace(world.judged(), nearest=planted)
    assert dishonesty(world, bent) == f"{planted} alone turns nothing"


def test_the_gates_of_the_edge_are_those_a_profile_may_report() -> None:
    assert set(EDGE_GATES) == REPORTABLE
