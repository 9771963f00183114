from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantum_os.events.units import Regime
from quantum_os.exits.stop_distance import Conditions, stop_distance
from quantum_os.formulas.risk_budget import (
    RiskFactors,
    SizeRefusal,
    f_conf,
    f_corr,
    f_drawdown,
    f_heat,
    f_streak,
    kelly_fraction,
    notional_for_risk,
    quantity_for_notional,
    recovery_size,
    risk_fraction,
    shrunk_lower_mean,
)
from quantum_os.formulas.rounding import decimal_of
from quantum_os.formulas.volatility import vol_ratio, volatility_factor
from quantum_os.governance.policy_document import load
from quantum_os.sizing.closes import kelly

POLICY = load("default")
DRAWDOWNS = [(step.at, step.value) for step in POLICY.risk.drawdown_size]
STREAKS = [(int(step.at), step.value) for step in POLICY.risk.streak_size]
VANISHED = POLICY.sizing.vanished_below

FULL = RiskFactors(conf=1, corr=1, heat=1, rl=1, dd=1, streak=1, mode=1, phase=1)
R_BASE = 0.005
ROUND_TRIP = 0.0015
budgets = st.decimals("0", "20000", places=2)
fractions = st.floats(0, 1)
factor_sets = st.builds(
    RiskFactors,
    **dict.fromkeys(("conf", "corr", "heat", "rl", "dd", "streak", "mode", "phase"), fractions),
)


def test_confidence_factor() -> None:
    assert [f_conf(c) for c in (0.5, 0.52, 0.56, 0.9)] == pytest.approx([0.25, 1 / 3, 1, 1])


def test_correlation_factor_hears_only_what_moves_along() -> None:
    assert f_corr([]) == 1.0
    assert f_corr([0.67]) == pytest.approx(1 / 1.67)
    assert f_corr([0.67, -0.9]) == f_corr([0.67])
    assert f_corr([0.9, 0.9, 0.9]) == 0.4


def test_heat_factor() -> None:
    assert [f_heat(h, 0.08) for h in (0.0, 0.04, 0.08, 0.2)] == pytest.approx(
        [1.0, 0.5, 0.25, 0.25]
    )


def test_drawdown_table() -> None:
    depths = (0.0, 0.03, 0.05, 0.08, 0.2)
    assert [f_drawdown(dd, DRAWDOWNS) for dd in depths] == [1.0, 0.85, 0.70, 0.50, 0.50]
    assert f_drawdown(None, DRAWDOWNS) == 0.5
    assert f_drawdown(0.04, [(0.02, 0.5)]) == 0.5


def test_streak_ladder() -> None:
    losses = (0, 2, 3, 4, 5, 7, 8, 12)
    assert [f_streak(n, STREAKS) for n in losses] == [1, 1, 0.75, 0.5, 0.5, 0.5, 0.5, 0.5]
    assert [recovery_size(stage) for stage in range(5)] == [0.25, 0.5, 0.75, 1.0, 1.0]
    with pytest.raises(ValueError):
        recovery_size(-1)


def test_f29_kelly_without_real_closes_is_the_cold_start_share() -> None:
    assert kelly([], R_BASE, POLICY.sizing) == R_BASE * 0.5
    # Twenty-five wins of two R prove nothing, however they came about.
    assert kelly([2.0] * 25, R_BASE, POLICY.sizing) == R_BASE * 0.5
    for kappa in (0.0, 0.26, 1.0):
        with pytest.raises(ValueError):
            kelly_fraction(kappa, 0.1, 1.0)


def test_f29_a_negative_edge_gets_no_size() -> None:
    losing = [-1.0, 0.5] * 60
    assert kelly(losing, R_BASE, POLICY.sizing) == 0.0
    assert risk_fraction(R_BASE, 0.0, FULL, VANISHED) is SizeRefusal.NO_EXPECTANCY


def test_kelly_by_hand() -> None:
    assert kelly_fraction(0.2, 0.05, 1.25) == pytest.approx(0.008)
    assert kelly_fraction(0.2, 0.05, 0.0) == 0.0
    closes = [1.2, -1.0] * 100
    e_low = shrunk_lower_mean(closes)
    assert e_low is not None
    assert e_low == pytest.approx(20 / 250)
    by_hand = POLICY.sizing.kelly_kappa * e_low / (1.21 * 200 / 199)
    assert kelly(closes, R_BASE, POLICY.sizing) == pytest.approx(by_hand)


def test_shrunk_mean() -> None:
    assert shrunk_lower_mean([1.0]) is None
    assert shrunk_lower_mean([1.0, 1.0], weight=2.0) == 0.5
    cautious, plain = shrunk_lower_mean([1.0, 0.0], z=1.0), shrunk_lower_mean([1.0, 0.0])
    assert cautious is not None
    assert plain is not None
    assert cautious < plain


def test_the_whole_budget() -> None:
    assert risk_fraction(R_BASE, 1.0, FULL, VANISHED) == R_BASE
    assert risk_fraction(R_BASE, 0.002, FULL, VANISHED) == 0.002
    cut = msgspec.structs.replace(FULL, conf=0.5, dd=0.7, mode=0.85)
    assert risk_fraction(R_BASE, 1.0, cut, VANISHED) == pytest.approx(R_BASE * 0.5 * 0.7)
    for name in ("dd", "streak", "mode", "phase"):
        halved = msgspec.structs.replace(FULL, **{name: 0.5})
        assert risk_fraction(R_BASE, 1.0, halved, VANISHED) == pytest.approx(R_BASE * 0.5)


def test_a_size_that_vanished_is_refused_and_not_traded_small() -> None:
    vanished = msgspec.structs.replace(FULL, conf=0.25, dd=0.7, streak=0.5)
    assert risk_fraction(R_BASE, 1.0, vanished, VANISHED) is SizeRefusal.SIZE_VANISHED
    halted = msgspec.structs.replace(FULL, dd=0.0)
    assert risk_fraction(R_BASE, 1.0, halted, VANISHED) is SizeRefusal.SIZE_VANISHED


def test_f43_which_size_is_none_is_the_policys_word_alone() -> None:
    """A constant in the formula once refused in the policy's name, under another limit."""
    small = msgspec.structs.replace(FULL, conf=0.25, dd=0.7, streak=0.5)
    assert risk_fraction(R_BASE, 1.0, small, 0.09) is SizeRefusal.SIZE_VANISHED
    assert risk_fraction(R_BASE, 1.0, small, 0.08) == pytest.approx(R_BASE * 0.25 * 0.5)


@pytest.mark.parametrize("r_base", [0.0, -0.01, 0.0201, 0.8, float("nan")])
def test_f28_a_base_risk_above_two_percent_is_refused(r_base: float) -> None:
    with pytest.raises(ValueError):
        risk_fraction(r_base, 1.0, FULL, VANISHED)


@pytest.mark.parametrize("factor", [-0.1, 1.1, float("nan")])
def test_a_factor_can_only_reduce(factor: float) -> None:
    with pytest.raises(ValueError):
        RiskFactors(**{**msgspec.structs.asdict(FULL), "rl": factor})


@given(st.floats(0.0001, 0.02), st.floats(0, 1), factor_sets)
def test_f28_no_trade_risks_more_than_its_base(
    r_base: float, r_kelly: float, factors: RiskFactors
) -> None:
    fraction = risk_fraction(r_base, r_kelly, factors, VANISHED)
    assert isinstance(fraction, SizeRefusal) or 0 < fraction <= min(r_base, r_kelly)


@given(budgets, st.floats(0.006, 0.06), st.floats(0, 0.003))
def test_a_full_stop_loses_no_more_than_the_risk(
    risk: Decimal, sl: float, round_trip: float
) -> None:
    notional = notional_for_risk(risk, sl, round_trip)
    assert notional * (decimal_of(sl) + decimal_of(round_trip)) <= risk


@given(
    budgets,
    st.floats(0.006, 0.06),
    st.decimals("0.00001", "100000", places=5),
    st.sampled_from([Decimal(s) for s in ("1", "0.001", "1e-8")]),
    st.integers(1, 20),
)
def test_f27_notional_margin_and_risk_are_three_things(
    risk: Decimal, sl: float, price: Decimal, step: Decimal, leverage: int
) -> None:
    notional = notional_for_risk(risk, sl, ROUND_TRIP)
    qty = quantity_for_notional(notional, price, step=step, min_notional=Decimal(5))
    if qty is SizeRefusal.MIN_NOTIONAL:
        return
    assert isinstance(qty, Decimal)
    assert 0 <= notional - qty * price < step * price + Decimal("1e-9")
    assert qty * price * (decimal_of(sl) + decimal_of(ROUND_TRIP)) <= risk
    margin = qty * price / leverage
    assert abs(margin * leverage - qty * price) < Decimal("1e-12") * qty * price


def test_f27_canary_leverage_times_the_notional_breaks_the_budget() -> None:
    risk, sl = Decimal(50), 0.0173
    multiplied = notional_for_risk(risk, sl, ROUND_TRIP) * 30
    assert multiplied * (decimal_of(sl) + decimal_of(ROUND_TRIP)) > risk


def test_f53_below_the_minimum_is_refused_and_never_rounded_up() -> None:
    step, price = Decimal("0.001"), Decimal(63_000)
    at = {"step": step, "min_notional": Decimal(100)}
    assert quantity_for_notional(Decimal("99.9"), price, **at) is SizeRefusal.MIN_NOTIONAL
    # 120 USD buy .0019, floored to .001, which is 63 USD: refused, not raised to .002.
    assert quantity_for_notional(Decimal(120), price, **at) is SizeRefusal.MIN_NOTIONAL
    assert quantity_for_notional(Decimal(130), price, **at) == Decimal("0.002")


@given(budgets, st.decimals("0.001", "70000", places=3), st.decimals("1", "100", places=0))
def test_f53_what_is_bought_stays_within_the_budget(
    budget: Decimal, price: Decimal, minimum: Decimal
) -> None:
    qty = quantity_for_notional(budget, price, step=Decimal("0.001"), min_notional=minimum)
    if qty is not SizeRefusal.MIN_NOTIONAL:
        assert isinstance(qty, Decimal)
        assert minimum <= qty * price <= budget
        assert qty % Decimal("0.001") == 0


def size_at(
    regime: Regime,
    atr: float,
    median: float,
    d: float,
    risk: Decimal = Decimal(50),
    widen: float = 1.0,
) -> Decimal | None:
    ratio = vol_ratio(atr, median)
    assert ratio is not None
    seen = Conditions(atr, d, volatility_factor(ratio))
    sl = stop_distance(POLICY.exits, regime, seen, ROUND_TRIP)
    if not isinstance(sl, float):
        return None
    return notional_for_risk(risk, sl**widen, ROUND_TRIP)


@given(
    st.sampled_from(list(Regime)),
    st.floats(0.002, 0.04),
    st.floats(0.002, 0.04),
    st.floats(0.002, 0.04),
    st.floats(0, 1),
)
def test_r23_more_volatility_never_gives_more_size(
    regime: Regime, one: float, other: float, median: float, d: float
) -> None:
    # Among markets that are traded at all: a quiet one may be refused for its costs.
    calm, wild = sorted((one, other))
    calm_size, wild_size = size_at(regime, calm, median, d), size_at(regime, wild, median, d)
    if calm_size is not None and wild_size is not None:
        assert wild_size <= calm_size


def test_r23_canary_a_size_that_grows_with_volatility_is_caught() -> None:
    calm, wild = (size_at(Regime.NORMAL, atr, 0.0132, 0.0, widen=-1.0) for atr in (0.01, 0.03))
    assert calm is not None
    assert wild is not None
    assert wild > calm


def test_degenerate_stops_and_prices_are_refused() -> None:
    with pytest.raises(ValueError):
        notional_for_risk(Decimal(50), 0.0, ROUND_TRIP)
    with pytest.raises(ValueError):
        notional_for_risk(Decimal(-1), 0.01, ROUND_TRIP)
    with pytest.raises(ValueError):
        quantity_for_notional(Decimal(1), Decimal(0), step=Decimal(1), min_notional=Decimal(5))


def test_the_documented_size_at_1h() -> None:
    # 10,000 USD, r = .5 %, a stop of 1.73 %: 50 USD of risk buy 2,659.57 USD of notional.
    assert notional_for_risk(Decimal(50), 0.0173, ROUND_TRIP) == pytest.approx(Decimal("2659.574"))
