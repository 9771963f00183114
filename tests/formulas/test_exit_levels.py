from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantum_os.events.units import PositionSide, Regime
from quantum_os.formulas.exit_levels import (
    Levels,
    PlanPrices,
    harvest,
    levels,
    levels_v35_raw,
    lsf,
    plan_prices,
    ratchet_stop,
    tighter,
    v3_levels,
)
from quantum_os.formulas.liquidation import liquidation_price

LONG, SHORT = PositionSide.LONG, PositionSide.SHORT
ROUND_TRIP = 0.0015
sides = st.sampled_from([LONG, SHORT])
stops = st.floats(0.006, 0.06)
leverages = st.integers(1, 20)


def scaled_price(mantissa: int, exponent: int) -> Decimal:
    return Decimal(mantissa) * Decimal(10) ** exponent


# Five significant digits at every scale from 1e-5 to 1e5; the tick is one unit of the last digit.
entries = st.builds(
    lambda mantissa, exponent: (scaled_price(mantissa, exponent), scaled_price(1, exponent)),
    st.integers(10_000, 99_999),
    st.integers(-9, 1),
)


@pytest.mark.parametrize(
    ("leverage", "factor", "tp1", "tp2", "tp3", "sl"),
    [
        (1, 0.5906, 1.191, 1.495, 1.948, 0.664),
        (5, 0.3582, 0.958, 1.379, 1.890, 0.757),
        (10, 0.2943, 0.894, 1.347, 1.874, 0.782),
        (20, 0.2472, 0.847, 1.324, 1.862, 0.801),
        (50, 0.2028, 0.803, 1.301, 1.851, 0.819),
        (80, 0.1854, 0.785, 1.293, 1.846, 0.826),
    ],
)
def test_f32_the_originals_levels_in_percent(
    leverage: int, factor: float, tp1: float, tp2: float, tp3: float, sl: float
) -> None:
    raw = levels_v35_raw(leverage)
    assert raw.lsf == pytest.approx(factor, abs=5e-5)
    in_percent = [100 * x for x in (raw.tp1, raw.tp2, raw.tp3, raw.sl)]
    assert in_percent == pytest.approx([tp1, tp2, tp3, sl], abs=6e-4)
    assert raw.tp3 < 0.2


def test_f32_the_originals_levels_to_1e_6() -> None:
    raw = levels_v35_raw(10)
    # LSF(10) = 1 / (1 + ln 11) = 0.29429983
    assert raw.lsf == pytest.approx(0.29429983, abs=1e-6)
    assert raw.tp1 == pytest.approx(0.0089429983, abs=1e-6)
    assert raw.sl == pytest.approx(0.0078228007, abs=1e-6)


@given(stops, leverages)
def test_levels_rise_and_stay_below_twenty_percent(sl: float, leverage: int) -> None:
    plan = levels(sl, leverage)
    assert plan.tp1 > 0
    assert plan.tp1 * 1.4 <= plan.tp2 * (1 + 1e-12)
    assert plan.tp2 * 1.3 <= plan.tp3 * (1 + 1e-12)
    assert plan.tp3 < 0.2


@given(stops, leverages)
def test_more_leverage_never_moves_the_first_target_away(sl: float, leverage: int) -> None:
    assert levels(sl, leverage + 1).tp1 <= levels(sl, leverage).tp1


def test_levels_at_the_reference_leverage() -> None:
    plan = levels(0.02, 3)
    scale = lsf(3)
    assert scale == pytest.approx(0.4190598, abs=1e-6)
    assert plan.tp1 == pytest.approx(0.02 * 1.0190598, abs=1e-8)
    assert plan.tp2 == pytest.approx(1.4 * plan.tp1)
    assert plan.tp3 == pytest.approx(max(0.02 * (1.8 + scale / 4), 1.3 * plan.tp2))


def test_harvest_bands() -> None:
    assert harvest(1) == harvest(10) == (0.3, 0.3, 0.4)
    assert harvest(11) == harvest(30) == (0.4, 0.4, 0.2)
    assert harvest(31) == (0.5, 0.3, 0.2)
    for leverage in (1, 11, 31):
        assert sum(harvest(leverage)) == pytest.approx(1.0)


def test_degenerate_levels_are_refused() -> None:
    with pytest.raises(ValueError):
        levels(0.0, 3)
    with pytest.raises(ValueError):
        lsf(0.5)


def test_v3_profiles() -> None:
    calm = v3_levels(Regime.CALM, 0.01)
    values = [calm.stop, calm.target, calm.trail, calm.breakeven_r]
    assert values == pytest.approx([0.012, 0.035, 0.018, 0.3])
    assert v3_levels(Regime.UNKNOWN, 0.01) == v3_levels(Regime.EXTREME, 0.01)
    assert v3_levels(Regime.TREND_UP, 0.01) == v3_levels(Regime.TREND_DOWN, 0.01)


@given(sides, stops, leverages, entries)
def test_f30_plans_hold_at_every_price_scale(
    side: PositionSide, sl: float, leverage: int, entry_and_tick: tuple[Decimal, Decimal]
) -> None:
    entry, tick = entry_and_tick
    plan = plan_prices(entry, side, sl, levels(sl, leverage), tick)
    for price in (plan.stop, *plan.targets):
        assert price > 0
        assert price % tick == 0
        assert Decimal("0.001") <= abs(price / entry - 1) <= Decimal("0.2")
    assert abs(plan.stop / entry - 1) <= Decimal(repr(sl))


@pytest.mark.parametrize("sl", [0.0005, 0.25, 1.2, 120_000.0])
def test_f30_an_absolute_range_in_a_fractions_place_is_refused(sl: float) -> None:
    with pytest.raises(ValueError):
        plan_prices(Decimal(63_000), LONG, sl, Levels(0.02, 0.03, 0.04), Decimal("0.1"))


def plan(
    side: PositionSide,
    entry: int,
    stop: int | str,
    targets: tuple[int, ...],
    liquidation: Decimal | None = None,
) -> PlanPrices:
    as_decimals = tuple(Decimal(t) for t in targets)
    return PlanPrices(side, Decimal(entry), Decimal(stop), as_decimals, liquidation)


def test_f33_the_right_sides() -> None:
    assert plan(LONG, 100, 98, (102, 103, 104), Decimal(90)).stop == 98
    assert plan(SHORT, 100, 102, (98, 97, 96), Decimal(110)).stop == 102
    assert plan(LONG, 100, 98, ()).targets == ()


@pytest.mark.parametrize(
    ("side", "stop", "targets", "liquidation"),
    [
        (SHORT, 98, (97, 96, 95), None),
        (LONG, 102, (103, 104, 105), None),
        (LONG, 98, (97, 103, 104), None),
        (SHORT, 102, (103, 97, 96), None),
        (LONG, 98, (102, 102, 104), None),
        (LONG, 98, (103, 102, 104), None),
        (LONG, 98, (102, 103, 104), Decimal("98.5")),
        (SHORT, 102, (98, 97, 96), Decimal("101.5")),
        (LONG, 100, (102, 103, 104), None),
        (LONG, 75, (102, 103, 104), None),
        (LONG, "99.95", (102, 103, 104), None),
        (LONG, 98, (102, 103, 125), None),
        (SHORT, 102, (98, 97, -1), None),
    ],
)
def test_f33_a_price_on_the_wrong_side_cannot_be_constructed(
    side: PositionSide, stop: int | str, targets: tuple[int, ...], liquidation: Decimal | None
) -> None:
    with pytest.raises(ValueError):
        plan(side, 100, stop, targets, liquidation)


class Flat(msgspec.Struct, frozen=True):
    floor: Decimal = Decimal(0)
    cap: Decimal = Decimal(10**9)
    leverage_max: int = 20
    mmr: Decimal = Decimal("0.005")
    cum: Decimal = Decimal(0)


@given(sides, st.floats(0.006, 0.02), entries)
def test_f33_entry_stop_and_liquidation_are_ordered_for_both_sides(
    side: PositionSide, sl: float, entry_and_tick: tuple[Decimal, Decimal]
) -> None:
    entry, tick = entry_and_tick
    planned = plan_prices(entry, side, sl, levels(sl, 5), tick)
    liquidation = liquidation_price(side, Decimal(1), entry, entry / 5, [Flat()])
    whole = msgspec.structs.replace(planned, liquidation=liquidation)
    assert whole.liquidation is not None
    ordered = [whole.liquidation, whole.stop, whole.entry, *whole.targets]
    assert ordered == sorted(ordered, reverse=side is SHORT)


def ratchet(
    side: PositionSide, stop: Decimal, entry: Decimal, tp1: Decimal, hit: int, tick: Decimal
) -> Decimal:
    fees = Decimal("0.001")
    return ratchet_stop(side, stop, entry, tp1=tp1, targets_hit=hit, fee_frac=fees, tick=tick)


@given(sides, stops, leverages, entries, st.lists(st.integers(0, 3), min_size=1, max_size=6))
def test_f82_the_stop_only_moves_in_favour(
    side: PositionSide,
    sl: float,
    leverage: int,
    entry_and_tick: tuple[Decimal, Decimal],
    hits: list[int],
) -> None:
    entry, tick = entry_and_tick
    planned = plan_prices(entry, side, sl, levels(sl, leverage), tick)
    stop = planned.stop
    for hit in hits:
        moved = ratchet(side, stop, entry, planned.targets[0], hit, tick)
        assert side.sign * moved >= side.sign * stop
        assert moved % tick == 0
        stop = moved
        if hit >= 1:
            # A locked profit lies on the profit side of the entry, fees included.
            assert side.sign * (stop - entry) >= entry * Decimal("0.001")


def test_f82_ratchet_golden() -> None:
    tick = Decimal("0.1")
    long = [ratchet(LONG, Decimal(98), Decimal(100), Decimal(102), n, tick) for n in range(4)]
    assert long == [Decimal(98), Decimal("100.2"), Decimal(102), Decimal(102)]
    short = [ratchet(SHORT, Decimal(102), Decimal(100), Decimal(98), n, tick) for n in range(4)]
    assert short == [Decimal(102), Decimal("99.8"), Decimal(98), Decimal(98)]


@given(sides, st.lists(st.decimals("1", "100", places=2), min_size=2, max_size=10))
def test_f82_tighter_is_monotone(side: PositionSide, proposals: list[Decimal]) -> None:
    stop = proposals[0]
    for proposal in proposals[1:]:
        moved = tighter(side, stop, proposal)
        assert side.sign * moved >= side.sign * stop
        stop = moved
    assert stop == (max(proposals) if side is LONG else min(proposals))


def test_f82_canary_the_long_rule_loosens_a_short() -> None:
    stop, proposal = Decimal(102), Decimal(103)
    assert tighter(SHORT, stop, proposal) == stop
    assert tighter(LONG, stop, proposal) != stop


def test_a_tick_too_coarse_for_the_plan_is_refused() -> None:
    with pytest.raises(ValueError):
        plan_prices(Decimal("0.00010"), LONG, 0.01, levels(0.01, 3), Decimal("0.00001"))
