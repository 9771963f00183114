from math import nan
from typing import Protocol, TypedDict, TypeVar, Unpack

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from quantum_os.events.units import Regime
from quantum_os.formulas.leverage import (
    IlfInputs,
    LeverageCaps,
    LeverageChoice,
    binding_cap,
    choose_leverage,
    drawdown_cap,
    guard_bound,
    ilf,
    ilf_factors,
    ilf_v2_raw,
    leverage_cap,
    liquidation_bound,
    pnl_trend,
    regime_cap,
)
from quantum_os.formulas.liquidation import stop_inside_half
from quantum_os.governance.policy_document import load

POLICY = load("default").leverage
BAND = (POLICY.band_min, POLICY.band_max)
DRAWDOWNS = [(step.at, int(step.value)) for step in POLICY.drawdown_caps]
StructT = TypeVar("StructT", bound=msgspec.Struct)


class Terms(TypedDict):
    sl: float
    buffer: float
    mmr: float
    round_trip: float
    margin_loss_max: float
    band: tuple[float, float]


class Choose(Protocol):
    def __call__(
        self, inputs: IlfInputs, cap: int, /, **given_terms: Unpack[Terms]
    ) -> LeverageChoice: ...


CALM_MARKET = IlfInputs(c=0.72, v=0.5, p=0.0, s=1.0, m=0.0, d=0.0, f=0.0)
TERMS: Terms = {
    "sl": 0.0173,
    "buffer": 0.002,
    "mmr": 0.005,
    "round_trip": 0.0015,
    "margin_loss_max": POLICY.margin_loss_at_stop_max,
    "band": BAND,
}
CAPS = LeverageCaps(bracket=125, risk_tier=5, regime=20, drawdown=20, mode=10, tier=15, ceiling=20)

inputs = st.builds(
    IlfInputs,
    c=st.floats(0, 1),
    v=st.floats(0, 1.5),
    p=st.floats(-1, 1),
    s=st.floats(0.5, 1.5),
    m=st.floats(0, 1),
    d=st.floats(0, 1),
    f=st.none() | st.floats(0, 0.1),
)
terms = st.fixed_dictionaries(
    {
        "sl": st.floats(0.006, 0.06),
        "buffer": st.floats(0, 0.01),
        "mmr": st.floats(0.001, 0.1),
        "round_trip": st.floats(0.0002, 0.003),
        "margin_loss_max": st.just(POLICY.margin_loss_at_stop_max),
        "band": st.just(BAND),
    }
)
caps = st.integers(1, 20)


def change(base: StructT, **values: float | None) -> StructT:
    return msgspec.structs.replace(base, **values)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"v": 0.02}, 78.588),
        ({"v": 0.55}, 50.445),
        ({"v": 1.0}, 26.55),
        ({"v": 1.3}, 10.62),
        ({"v": 1.5}, 10.62),
        ({"c": 0.9, "v": 0.02}, 80.0),
        ({"v": 0.55, "p": -1.0, "s": 1.5, "m": 0.5, "d": 0.1, "f": 0.001}, 11.23662375),
    ],
)
def test_the_original_formulas_golden_values(values: dict[str, float], expected: float) -> None:
    assert ilf_v2_raw(change(CALM_MARKET, **values)) == pytest.approx(expected, abs=1e-6)


def test_unknown_funding_halves_both_formulas() -> None:
    unknown = change(CALM_MARKET, c=0.5, f=None)
    paid = change(CALM_MARKET, c=0.5, f=0.05)
    assert ilf_v2_raw(unknown) == ilf_v2_raw(paid)
    assert ilf_factors(unknown).fun == 0.5


def test_the_policy_band() -> None:
    assert ilf(change(CALM_MARKET, c=0.0, v=1.5), BAND) == 5.0
    assert ilf(CALM_MARKET, BAND) == pytest.approx(59 * 0.9)
    assert ilf(change(CALM_MARKET, c=1.0), BAND) == pytest.approx(72.0)
    assert ilf(CALM_MARKET, (1.0, 10.0)) == 10.0


@given(inputs)
def test_every_factor_only_takes_away(one: IlfInputs) -> None:
    factors = ilf_factors(one)
    assert all(0 < getattr(factors, name) <= 1 for name in factors.__struct_fields__)
    assert 0 < factors.product <= 1


@pytest.mark.parametrize(
    ("name", "better", "worse"),
    [
        ("c", 0.72, 0.55),
        ("v", 0.5, 1.0),
        ("p", 0.0, -0.8),
        ("s", 1.0, 1.4),
        ("m", 0.0, 0.5),
        ("d", 0.0, 0.4),
        ("f", 0.0, 0.03),
    ],
)
def test_f24_each_input_changes_the_leverage(name: str, better: float, worse: float) -> None:
    # Confidence works through the formula alone, so the band is put where the formula binds.
    band = (5.0, 80.0) if name != "c" else (1.0, 80.0)
    cap = 20 if name != "c" else 80
    near: Terms = {**TERMS, "sl": 0.0006, "buffer": 0.0, "round_trip": 0.0, "band": band}
    worst, best = (change(CALM_MARKET, **{name: value}) for value in (worse, better))
    good = choose_leverage(best, cap, **near)
    bad = choose_leverage(worst, cap, **near)
    assert bad.leverage < good.leverage
    assert ilf(worst, BAND) < ilf(best, BAND)


def lower_is_kept(
    choose: Choose, one: IlfInputs, cap: int, given_terms: Terms, name: str, a: float, b: float
) -> bool:
    low, high = sorted((a, b))
    less = choose(change(one, **{name: low}), cap, **given_terms).leverage
    more = choose(change(one, **{name: high}), cap, **given_terms).leverage
    return less <= more if name == "c" else more <= less


@given(inputs, caps, terms, st.sampled_from("cvmdf"), st.floats(0, 1), st.floats(0, 1))
def test_leverage_never_rises_with_danger_nor_falls_with_confidence(
    one: IlfInputs, cap: int, t: Terms, name: str, a: float, b: float
) -> None:
    assert lower_is_kept(choose_leverage, one, cap, t, name, a, b)


def test_canary_a_formula_that_rewards_volatility_is_caught() -> None:
    def inverted(one: IlfInputs, cap: int, /, **given_terms: Unpack[Terms]) -> LeverageChoice:
        return choose_leverage(change(one, v=1.5 - one.v), cap, **given_terms)

    assert not lower_is_kept(inverted, CALM_MARKET, 5, TERMS, "v", 0.5, 1.2)


@given(inputs, caps, terms, st.floats(0, 0.1))
def test_unknown_funding_never_gives_more_than_known(
    one: IlfInputs, cap: int, t: Terms, paid: float
) -> None:
    known = choose_leverage(change(one, f=paid), cap, **t).leverage
    assert choose_leverage(change(one, f=None), cap, **t).leverage <= known


@given(inputs, terms, st.floats(0, 0.2), st.floats(0, 0.2))
def test_leverage_never_rises_with_drawdown(one: IlfInputs, t: Terms, a: float, b: float) -> None:
    shallow, deep = sorted((a, b))
    caps_at = [drawdown_cap(depth, DRAWDOWNS, POLICY.cap) for depth in (deep, shallow)]
    less, more = (choose_leverage(one, cap, **t).leverage for cap in caps_at)
    assert less <= more


@given(inputs, caps, terms)
def test_leverage_keeps_the_stop_inside_half_way_to_liquidation(
    one: IlfInputs, cap: int, t: Terms
) -> None:
    choice = choose_leverage(one, cap, **t)
    assert 1 <= choice.leverage <= cap
    if choice.leverage > 1:
        assert stop_inside_half(t["sl"], t["buffer"], choice.leverage, t["mmr"])
        at_stop = choice.leverage * (t["sl"] + t["round_trip"])
        assert at_stop <= t["margin_loss_max"] * (1 + 1e-12)


@given(st.integers(2, 20), st.floats(0.001, 0.05))
def test_a_bound_that_is_a_whole_number_does_not_round_past_the_stop(
    leverage: int, mmr: float
) -> None:
    sl = (1 / leverage - mmr) / (2 * (1 + mmr))
    assume(sl > 0.0005)
    terms_at_bound: Terms = {**TERMS, "sl": sl, "buffer": 0.0, "mmr": mmr, "round_trip": 0.0}
    choice = choose_leverage(CALM_MARKET, 20, **terms_at_bound)
    assert choice.leverage == 1 or stop_inside_half(sl, 0.0, choice.leverage, mmr)


def test_a_float_just_past_a_whole_bound_steps_down() -> None:
    # Here 1 / (2 sl (1 + mmr) + mmr) reads 15.0 though the stop lies a hair beyond half the way.
    sl, mmr = 0.008299579064411087, 0.04925
    assert liquidation_bound(sl, 0.0, mmr) >= 15
    assert not stop_inside_half(sl, 0.0, 15, mmr)
    past: Terms = {**TERMS, "sl": sl, "buffer": 0.0, "mmr": mmr, "round_trip": 0.0}
    choice = choose_leverage(CALM_MARKET, 20, **past)
    assert choice.leverage == 14


@given(inputs, caps, terms, st.floats(0.006, 0.06))
def test_a_wider_stop_never_gives_more_leverage(
    one: IlfInputs, cap: int, t: Terms, other: float
) -> None:
    near, far = sorted((t["sl"], other))
    at_near: Terms = {**t, "sl": near}
    at_far: Terms = {**t, "sl": far}
    wide = choose_leverage(one, cap, **at_far).leverage
    assert wide <= choose_leverage(one, cap, **at_near).leverage


def test_the_choice_names_its_bound() -> None:
    assert choose_leverage(CALM_MARKET, 3, **TERMS).binding == "cap"
    wide: Terms = {**TERMS, "sl": 0.05}
    assert choose_leverage(CALM_MARKET, 20, **wide).binding == "guard"
    margin_heavy: Terms = {**TERMS, "sl": 0.006, "mmr": 0.15}
    assert choose_leverage(CALM_MARKET, 20, **margin_heavy).binding == "liquidation"
    narrow: Terms = {**TERMS, "band": (1.0, 2.0)}
    assert choose_leverage(CALM_MARKET, 20, **narrow).binding == "ilf"
    scaled = choose_leverage(change(CALM_MARKET, v=1.5), 2, **TERMS)
    assert (scaled.leverage, scaled.binding) == (1, "floor")
    assert scaled.l_cap == pytest.approx(0.4)


def test_a_choice_by_hand() -> None:
    choice = choose_leverage(change(CALM_MARKET, v=0.75), 5, **TERMS)
    assert choice.l_ilf == pytest.approx(59 * 0.75 * 0.9)
    assert choice.l_cap == pytest.approx(3.75)
    assert choice.l_liq == pytest.approx(1 / (2 * 0.0193 * 1.005 + 0.005))
    assert choice.l_guard == pytest.approx(0.125 / 0.0188)
    assert choice.leverage == 3


def test_the_most_restrictive_cap_rules() -> None:
    assert leverage_cap(CAPS) == 5
    assert binding_cap(CAPS) == "risk_tier"
    assert leverage_cap(change(CAPS, regime=2)) == 2
    assert binding_cap(change(CAPS, regime=2)) == "regime"
    everything_else = dict.fromkeys(CAPS.__struct_fields__[:-1], 125)
    assert leverage_cap(LeverageCaps(ceiling=20, **everything_else)) == 20
    with pytest.raises(ValueError):
        leverage_cap(change(CAPS, mode=0))


def test_cap_tables() -> None:
    tiers = ("micro", "low", "normal", "aggressive")
    assert [POLICY.risk_tier_caps[tier] for tier in tiers] == [1, 2, 3, 5]
    by_regime = {regime: regime_cap(regime, POLICY.regime_caps, POLICY.cap) for regime in Regime}
    assert by_regime[Regime.VOLATILE] == 3
    assert by_regime[Regime.EXTREME] == by_regime[Regime.UNKNOWN] == 2
    assert by_regime[Regime.NORMAL] == POLICY.cap == 20
    depths = (0.0, 0.029, 0.03, 0.05, 0.08, 0.5, None)
    caps_at = [drawdown_cap(depth, DRAWDOWNS, POLICY.cap) for depth in depths]
    assert caps_at == [20, 20, 5, 3, 1, 1, 1]


@pytest.mark.parametrize("loss", [0.05, 0.125, 0.25])
def test_f43_what_a_stop_may_cost_of_the_margin_is_the_policys_word_alone(loss: float) -> None:
    """A constant in the formula once kept a looser policy from ever having an effect."""
    wide: Terms = {**TERMS, "sl": 0.02, "buffer": 0.0, "margin_loss_max": loss}
    choice = choose_leverage(CALM_MARKET, 20, **wide)
    assert choice.l_guard == pytest.approx(loss / (0.02 + 0.0015))
    assert choice.leverage == int(choice.l_guard)


def test_pnl_trend_needs_twenty_closes() -> None:
    assert pnl_trend([-1.0] * 19) == 0.0
    assert pnl_trend([5.0] * 10 + [-0.5] * 20) == pytest.approx(-0.5)
    assert pnl_trend([-3.0] * 20) == -1.0


@pytest.mark.parametrize("name", ["c", "v", "p", "s", "m", "d", "f"])
def test_what_is_not_a_number_has_no_leverage(name: str) -> None:
    with pytest.raises(ValueError):
        IlfInputs(**{**msgspec.structs.asdict(CALM_MARKET), name: nan})


@pytest.mark.parametrize(
    "bad",
    [
        {**TERMS, "sl": 0.0},
        {**TERMS, "sl": nan},
        {**TERMS, "buffer": -0.1},
        {**TERMS, "mmr": nan},
    ],
)
def test_degenerate_terms_are_refused(bad: Terms) -> None:
    with pytest.raises(ValueError):
        choose_leverage(CALM_MARKET, 5, **bad)


def test_no_cap_is_no_leverage() -> None:
    with pytest.raises(ValueError):
        choose_leverage(CALM_MARKET, 0, **TERMS)
    with pytest.raises(ValueError):
        guard_bound(0.0, 0.0015, 0.125)
    with pytest.raises(ValueError):
        liquidation_bound(0.01, -0.1, 0.005)
