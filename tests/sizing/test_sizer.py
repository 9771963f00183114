"""What size a candidate gets, in every number that leads to it, or why it gets none."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantum_os.events.ai import CandidateRefused, Gate, SignalResolved
from quantum_os.events.base import Event
from quantum_os.events.exits import ExitStopProposed
from quantum_os.events.portfolio import TradeClosed
from quantum_os.events.sizing import SizingDecided
from quantum_os.events.units import NS_PER_HOUR, NS_PER_S, Frac, Ns, PositionSide, Regime
from quantum_os.sizing.sizer import Sizer
from tests.risk import scene
from tests.risk.scene import BTC, EQUITY, ETH, NOW, SOL, but
from tests.sizing.candidates import answer, decision, factors, ready, refused, sized, stop


def closes(count: int, r: float, spread: float = 0.0) -> list[TradeClosed]:
    """`count` closes around `r`, counted as wins so that no streak joins in."""
    return [scene.closed(ETH, r=r + (spread if n % 2 else -spread), net="1") for n in range(count)]


def test_a_candidate_gets_the_risk_that_the_formula_gives() -> None:
    size = sized(ready())
    told = factors(size)
    # Cold start: half of r_base, which is less than what confidence and heat allow.
    assert (told["r_base"], told["r_kelly"], told["risk_frac"]) == (0.005, 0.0025, 0.0025)
    assert told["budget_usd"] == 25.0
    assert size.notional_usd == pytest.approx(Decimal("1329.7"), abs=1)
    assert (size.qty, size.equity, size.caps_hit) == (Decimal("13.297"), EQUITY, ())
    assert size.risk_usd <= 25


def test_every_factor_is_told_by_name() -> None:
    told = factors(sized(ready()))
    assert {"f_conf", "f_corr", "f_heat", "f_rl", "f_dd", "f_streak", "f_mode"} <= told.keys()
    assert {"c", "v", "p", "s", "m", "d", "f", "L_ilf", "L_cap", "L_liq", "L_guard"} <= told.keys()


@settings(max_examples=60, deadline=None)
@given(
    st.floats(0.5, 1.0),
    st.floats(0.006, 0.06),
    st.decimals("200", "1000000", places=2),
    st.floats(1e-4, 1e5),
    st.floats(0.0, 3.0),
    st.decimals("0.001", "1", places=3),
)
def test_f27_notional_margin_and_risk_agree_and_stay_in_the_budget(
    confidence: float, sl: float, equity: Decimal, price: float, vol: float, step: Decimal
) -> None:
    stage = ready(
        None,
        scene.account(equity),
        scene.market(vol_ratio=max(vol, 0.01)),
        scene.instruments((BTC,), step=step, min_qty=step, market_max_qty=Decimal(10**12)),
    )
    said = answer(stage, decision(confidence=confidence, ref_price=price), sl=sl)
    if not isinstance(said, SizingDecided):
        assert said.code in (Gate.MIN_NOTIONAL, Gate.SIZE_VANISHED)
        return
    assert said.notional_usd == said.qty * Decimal(repr(price))
    assert said.margin_usd == said.notional_usd / said.leverage
    assert said.qty % step == 0
    budget = Decimal(repr(factors(said)["budget_usd"]))
    assert said.risk_usd <= budget * (1 + Decimal("1e-12"))
    assert said.risk_usd <= equity * Decimal("0.005")
    assert said.margin_usd <= equity * Decimal("0.1")


# the leverage formula (F24)

TREND = [scene.reconciled(), *closes(20, -0.8), scene.reconciled()]
F24: tuple[tuple[str, dict[str, Any], list[Event]], ...] = (
    ("c", {"confidence": 0.99}, []),
    ("v", {}, [scene.market(vol_ratio=2.5)]),
    ("p", {}, TREND),
    ("s", {}, [scene.market(universe_atr_frac=0.008)]),
    ("m", {}, [scene.account(margin_util=Frac(0.4))]),
    ("d", {}, [scene.market(divergence_bps=20.0)]),
    ("f", {}, [scene.market(funding_rate=0.005)]),
)


@pytest.mark.parametrize(("name", "changes", "events"), F24)
def test_f24_each_of_the_seven_inputs_reaches_the_leverage(
    name: str, changes: dict[str, Any], events: list[Event]
) -> None:
    base = factors(sized(ready()))
    told = factors(sized(ready(None, *events), decision(**changes)))
    assert told[name] != base[name]
    inputs = ("c", "v", "p", "s", "m", "d", "f")
    assert {key for key in inputs if told[key] != base[key]} == {name}
    assert told["L_ilf"] != base["L_ilf"]
    if name != "c":
        assert told["L_cap"] < base["L_cap"]


class DeafSizer(Sizer):
    """The old bug: leverage is computed and then not used."""

    def on_stop(self, event: ExitStopProposed) -> Iterator[SizingDecided | CandidateRefused]:
        for said in super().on_stop(event):
            yield but(said, leverage=1) if isinstance(said, SizingDecided) else said


def test_f24_the_leverage_is_the_one_of_the_trace() -> None:
    size = sized(ready())
    assert size.leverage == factors(size)["L"] == 4
    deaf = DeafSizer()
    deaf.state = ready().reactor.state
    stage = scene.Stage(deaf)
    told = sized(stage)
    assert told.leverage != factors(told)["L"]


@pytest.mark.parametrize(
    ("changes", "cap"),
    [
        ({"regime": Regime.VOLATILE}, 3),
        ({"regime": Regime.EXTREME}, 2),
        ({"regime": Regime.UNKNOWN}, 2),
    ],
)
def test_regimes_cap_the_leverage(changes: dict[str, Any], cap: int) -> None:
    assert sized(ready(), decision(**changes)).leverage <= cap


def test_drawdown_tier_and_bracket_cap_the_leverage() -> None:
    deep = ready(None, scene.account(drawdown=Frac(0.05)))
    assert sized(deep).leverage <= 3
    assert sized(ready(scene.policy())).leverage <= 2
    low = ready(None, scene.instruments((BTC,), brackets=(scene.bracket(2),)))
    assert sized(low).leverage <= 2


def test_unknown_funding_and_divergence_are_read_carefully() -> None:
    told = factors(sized(ready(None, scene.market(funding_rate=None, divergence_bps=None))))
    assert "f" not in told
    assert (told["F_fun"], told["d"]) == (0.5, 0.5)


def test_funding_that_we_receive_is_not_paid() -> None:
    stage = ready(None, scene.market(funding_rate=0.001))
    assert factors(sized(stage, decision(side=PositionSide.SHORT)))["f"] == 0
    assert factors(sized(ready(None, scene.market(funding_rate=0.001))))["f"] > 0


# size

BINDING = scene.policy("research", sizing={"cold_start_factor": 1.0})


def fraction(*more: Event, **changes: Any) -> float:
    """The risk fraction where Kelly does not bind."""
    return factors(sized(ready(BINDING, *more), decision(**changes)))["risk_frac"]


def test_confidence_scales_the_risk() -> None:
    assert fraction(confidence=0.56) == pytest.approx(0.005)
    assert fraction(confidence=0.53) == pytest.approx(0.0025)
    assert fraction(confidence=0.5) == pytest.approx(0.00125)


def test_drawdown_and_streak_ladders_come_from_policy() -> None:
    assert fraction(scene.account(drawdown=Frac(0.03))) == pytest.approx(0.005 * 0.85)
    losses = [scene.closed(ETH, r=-0.1) for _ in range(3)]
    assert fraction(*losses) == pytest.approx(0.005 * 0.75)
    assert fraction(*losses, losses[0]) == pytest.approx(0.005 * 0.5)
    assert fraction(*losses, scene.closed(ETH, r=0.1)) == pytest.approx(0.005)


def test_the_way_back_from_a_pause_goes_in_stages() -> None:
    strict = scene.policy(
        sizing={"cold_start_factor": 1.0, "vanished_below": 0.01}, limits={"positions_max": 9}
    )
    stage = ready(strict, *(scene.closed(ETH, r=-0.1) for _ in range(8)))
    told = []
    for _ in range(4):
        told.append(factors(sized(stage))["f_streak"])
        stage.hears(scene.closed(ETH, r=0.1))
    assert told == [0.25, 0.5, 0.75, 1.0]


def test_open_heat_cools_the_size() -> None:
    warm = [scene.position(s, qty="-1", risk="200") for s in (ETH, SOL)]
    assert fraction(*warm) < fraction()


def test_a_position_alike_halves_the_size_and_an_unknown_one_counts_as_assumed() -> None:
    same = scene.position(ETH, qty="1", risk="0")
    told = factors(sized(ready(BINDING, same)))
    assert told["f_corr"] == pytest.approx(1 / 1.67)
    against = factors(sized(ready(BINDING, scene.position(ETH, qty="-1", risk="0"))))
    assert against["f_corr"] == 1.0


def test_a_mode_of_half_size_halves_the_risk_and_one_of_none_refuses() -> None:
    half = scene.policy("research", {"size_factor": 0.5}, sizing={"cold_start_factor": 1.0})
    assert factors(sized(ready(half)))["risk_frac"] == pytest.approx(0.0025)
    none = scene.policy("research", {"size_factor": 0.0})
    assert refused(ready(none)).code is Gate.MODE_BLOCKED


def test_f28_a_risk_of_four_fifths_of_the_balance_is_held_at_the_limits() -> None:
    greedy = BINDING
    sizing = but(greedy.policy.sizing, risk_base=0.8, risk_cap=0.9)
    policy = but(greedy, policy=but(greedy.policy, sizing=sizing))
    assert factors(sized(ready(policy)))["r_base"] == 0.005
    wide = but(policy, limits=but(policy.limits, risk_per_trade=0.9))
    assert factors(sized(ready(wide)))["r_base"] == 0.02


def test_a_size_that_has_almost_vanished_is_refused() -> None:
    sick = [scene.account(drawdown=Frac(0.08)), *(scene.closed(ETH, r=-0.1) for _ in range(4))]
    said = refused(ready(scene.roomy(), *sick), decision(confidence=0.5))
    assert (said.code, said.stage, said.limit) == (Gate.SIZE_VANISHED, "sizing.sizer", 0.1)


# what Kelly may learn from


def test_f29_wins_that_nobody_reconciled_change_nothing() -> None:
    eager = closes(150, 0.5, 0.2)
    assert factors(sized(ready(None, *eager)))["r_kelly"] == 0.0025
    told = factors(sized(ready(None, *eager, scene.reconciled(False))))
    assert (told["r_kelly"], told["p"]) == (0.0025, 0.0)
    proved = factors(sized(ready(None, *eager, scene.reconciled())))
    assert proved["r_kelly"] > 0.0025
    assert proved["p"] == pytest.approx(0.5)


def test_f29_twenty_five_wins_are_a_cold_start() -> None:
    lucky = [*closes(25, 2.0), scene.reconciled()]
    told = factors(sized(ready(None, *lucky)))
    assert told["r_kelly"] == 0.0025
    assert told["risk_frac"] <= 0.0025


def test_f29_a_proven_lack_of_edge_gets_no_size_except_in_research() -> None:
    bad = [*closes(120, -0.1, 0.5), scene.reconciled()]
    strict = ready(scene.policy(), *bad)
    assert refused(strict).code is Gate.EXPECTANCY_BRAKE
    assert sized(strict, decision(strategy="breakout")).qty > 0
    assert factors(sized(ready(scene.roomy(), *bad)))["r_kelly"] == 0.0025


def test_a_strategy_without_edge_comes_back_by_its_shadow_closes() -> None:
    stage = ready(scene.policy(), *closes(120, -0.1, 0.5), scene.reconciled())
    shadow = SignalResolved("trend", BTC, PositionSide.LONG, NOW, NOW, True, 0.1, "target")
    stage.hears(*(shadow for _ in range(49)))
    assert refused(stage).code is Gate.EXPECTANCY_BRAKE
    stage.hears(shadow)
    assert factors(sized(stage))["r_kelly"] == 0.0025


# caps and filters


def test_margin_caps_shrink_the_notional_and_are_named() -> None:
    size = sized(ready(scene.policy(limits={"leverage_max": 1})), sl=0.0173)
    assert size.caps_hit == ("symbol_margin", "side_margin")
    assert (float(size.notional_usd), int(size.leverage)) == (1000.0, 1)
    assert size.risk_usd == pytest.approx(Decimal("18.8"))


@pytest.mark.parametrize(
    ("cap", "events"),
    [
        ("bar_volume", [scene.market(volume_usd=2_000.0)]),
        ("max_qty", [scene.instruments((BTC,), market_max_qty=Decimal(1))]),
        ("total_margin", [scene.position(ETH, qty="-39")]),
        ("side_margin", [scene.position(ETH, qty="23", risk="0")]),
        ("cluster_margin", [scene.position(ETH, qty="-19")]),
        ("available", [but(scene.account(), available=Decimal(20))]),
        ("gross_notional", [but(scene.position(ETH, qty="-299"), margin=Decimal(1))]),
    ],
)
def test_every_cap_is_named_when_it_binds(cap: str, events: list[Event]) -> None:
    wide = {"cluster_margin": 1.0} if cap in ("total_margin", "side_margin") else {}
    size = sized(ready(scene.roomy(**wide), *events))
    assert cap in size.caps_hit


@pytest.mark.parametrize(
    ("gate", "event"),
    [
        (Gate.CLUSTER_MARGIN, scene.position(ETH, qty="-20")),
        (Gate.SYMBOL_MARGIN, scene.position(BTC, qty="-10")),
        (Gate.GROSS_NOTIONAL, but(scene.position(ETH, qty="-300"), margin=Decimal(1))),
    ],
)
def test_a_cap_without_room_refuses_in_its_gates_name(gate: Gate, event: Event) -> None:
    assert refused(ready(scene.roomy(), event)).code is gate


def test_f53_below_the_minimum_is_refused_and_never_rounded_up() -> None:
    coarse = scene.instruments((BTC,), step=Decimal(20), min_qty=Decimal(20))
    said = refused(ready(None, coarse))
    assert (said.code, said.value, said.limit) == (Gate.MIN_NOTIONAL, 0.0, 5.0)
    large = scene.instruments((BTC,), min_notional=Decimal(2_000))
    assert refused(ready(None, large)).code is Gate.MIN_NOTIONAL


# unknown is unknown


@pytest.mark.parametrize(
    ("gate", "event"),
    [
        (Gate.UNKNOWN_INPUT, scene.market(vol_ratio=None)),
        (Gate.UNKNOWN_INPUT, scene.market(universe_atr_frac=None)),
        (Gate.UNKNOWN_INPUT, scene.market(universe_atr_frac=0.0)),
        (Gate.UNKNOWN_INPUT, scene.market(atr_frac=None)),
        (Gate.UNKNOWN_INPUT, scene.market(volume_usd=None)),
        (Gate.UNKNOWN_INPUT, scene.market(symbols=(ETH,))),
        (Gate.UNKNOWN_INPUT, scene.market(Ns(NOW - NS_PER_HOUR))),
        (Gate.UNKNOWN_INPUT, scene.instruments((BTC,), brackets=())),
        (Gate.EQUITY_UNKNOWN, scene.account(Decimal(0))),
        (Gate.EQUITY_UNKNOWN, scene.account(time=Ns(NOW - 61 * NS_PER_S))),
        (Gate.POLICY_STALE, but(scene.roomy(), valid_until=Ns(NOW - 1))),
    ],
)
def test_r2_a_missing_input_refuses(gate: Gate, event: Event) -> None:
    assert refused(ready(None, event)).code is gate


def test_f39_no_account_and_no_policy_mean_no_size() -> None:
    bare = scene.Stage(Sizer())
    assert refused(bare).code is Gate.POLICY_STALE
    bare.hears(scene.roomy())
    assert refused(bare).code is Gate.EQUITY_UNKNOWN


def test_a_stop_without_its_decision_and_a_stop_of_nothing_are_refused() -> None:
    stage = ready()
    assert refused(stage, sl=0.0).code is Gate.UNKNOWN_INPUT
    (said,) = stage.hears(stop(decision()))
    assert said.code is Gate.UNKNOWN_INPUT  # type: ignore[attr-defined]


def test_on_a_tape_the_equity_may_be_two_bars_old() -> None:
    old = scene.account(time=Ns(NOW - 2 * NS_PER_HOUR))
    assert refused(ready(None, old)).code is Gate.EQUITY_UNKNOWN
    assert sized(ready(None, old, tape_step_s=3600.0)).qty > 0


# laws


@settings(max_examples=60, deadline=None)
@given(
    st.floats(0.2, 3.0),
    st.floats(1.0, 3.0),
    st.floats(0.5, 0.7),
    st.sampled_from(("default", "research")),
)
def test_r23_volatility_up_never_sizes_up(
    ratio: float, more: float, confidence: float, profile: str
) -> None:
    atr = 0.0115
    quantities = []
    for scale in (1.0, more):
        market = scene.market(vol_ratio=min(3.0, ratio * scale), atr_frac=atr * scale)
        said = answer(
            ready(scene.policy(profile), market),
            decision(confidence=confidence, atr_frac=atr * scale),
            sl=1.5 * atr * scale,
        )
        quantities.append(said.qty if isinstance(said, SizingDecided) else Decimal(0))
    assert quantities[1] <= quantities[0]


def test_the_same_events_give_the_same_size_across_a_restart() -> None:
    stage = ready(None, scene.position(ETH, qty="1"), *closes(30, 0.1), scene.reconciled())
    again = stage.restarted(Sizer())
    assert answer(again) == answer(stage)


def test_f42_a_thousand_closed_positions_leave_nothing_behind() -> None:
    stage = ready()
    for n in range(1_000):
        stage.hears(scene.position(ETH, qty="1"), scene.position(ETH, qty="0"))
        stage.hears(scene.closed(ETH, r=0.1 * (n % 3)), scene.reconciled())
    known = stage.reactor.state
    assert known.holdings == {}
    assert known.closes.waiting == []
    assert len(known.closes.by_strategy["trend"]) == 500
