from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantum_os.events.units import PositionSide
from quantum_os.formulas.liquidation import (
    bracket_for,
    effective_leverage,
    liquidation_distance_frac,
    liquidation_price,
    maintenance_margin,
    max_notional_at,
    stop_inside_half,
)

LONG, SHORT = PositionSide.LONG, PositionSide.SHORT


class Row(msgspec.Struct, frozen=True):
    floor: Decimal
    cap: Decimal
    leverage_max: int
    mmr: Decimal
    cum: Decimal


def row(floor: int, cap: int, leverage_max: int, mmr: str, cum: int) -> Row:
    return Row(Decimal(floor), Decimal(cap), leverage_max, Decimal(mmr), Decimal(cum))


BRACKETS = [
    row(0, 50_000, 125, "0.004", 0),
    row(50_000, 250_000, 100, "0.005", 50),
    row(250_000, 1_000_000, 50, "0.01", 1_300),
    row(1_000_000, 10_000_000, 20, "0.025", 16_300),
]
quantities = st.decimals("0.001", "300", places=3)
prices = st.decimals("1", "30000", places=2)


def equity(
    side: PositionSide, qty: Decimal, entry: Decimal, wallet: Decimal, price: Decimal
) -> Decimal:
    return wallet + side.sign * qty * (price - entry)


@pytest.mark.parametrize(
    ("side", "qty", "wallet", "expected"),
    [
        # 1 BTC at 20,000 with 20x, first bracket: 19,000 / .996 and 21,000 / 1.004
        (LONG, "1", "1000", "19076.305221"),
        (SHORT, "1", "1000", "20916.334661"),
        # 5 BTC, second bracket: 94,950 / 4.975
        (LONG, "5", "5000", "19085.427136"),
        # The bracket is that of the notional at the liquidation price, not at the entry.
        (LONG, "2.55", "2550", "19076.305221"),
        (SHORT, "2.45", "2450", "20915.829018"),
    ],
)
def test_liquidation_prices_worked_by_hand(
    side: PositionSide, qty: str, wallet: str, expected: str
) -> None:
    price = liquidation_price(side, Decimal(qty), Decimal(20_000), Decimal(wallet), BRACKETS)
    assert price == pytest.approx(Decimal(expected), abs=Decimal("1e-6"))


@given(st.sampled_from([LONG, SHORT]), quantities, prices, st.integers(1, 50))
def test_at_the_liquidation_price_the_margin_is_the_maintenance_margin(
    side: PositionSide, qty: Decimal, entry: Decimal, leverage: int
) -> None:
    wallet = qty * entry / leverage
    price = liquidation_price(side, qty, entry, wallet, BRACKETS)
    if price is None:
        assert side is LONG
        return
    left = equity(side, qty, entry, wallet, price)
    needed = maintenance_margin(qty * price, BRACKETS)
    assert abs(left - needed) <= Decimal("1e-9") * qty * entry


@given(quantities, prices)
def test_a_long_without_leverage_is_not_liquidated(qty: Decimal, entry: Decimal) -> None:
    if qty * entry <= 50_000:
        assert liquidation_price(LONG, qty, entry, qty * entry, BRACKETS) is None


@given(
    st.sampled_from([LONG, SHORT]),
    st.decimals("0.001", "100", places=3),
    st.decimals("1", "30000", places=2),
    st.floats(0.006, 0.06),
    st.integers(1, 20),
)
def test_a_stop_inside_half_comes_before_liquidation(
    side: PositionSide, qty: Decimal, entry: Decimal, sl: float, leverage: int
) -> None:
    bracket = bracket_for(qty * entry, BRACKETS)
    if not stop_inside_half(sl, 0.002, leverage, float(bracket.mmr)):
        return
    liquidation = liquidation_price(side, qty, entry, qty * entry / leverage, BRACKETS)
    distance = liquidation_distance_frac(side, entry, liquidation)
    assert distance is None or sl + 0.002 < distance


def test_canary_a_stop_beyond_liquidation_is_caught() -> None:
    # 20x leaves 4.6 % to liquidation: a stop at 5 % would never be reached.
    assert not stop_inside_half(0.05, 0.002, 20, 0.004)
    liquidation = liquidation_price(LONG, Decimal(1), Decimal(100), Decimal(5), BRACKETS)
    distance = liquidation_distance_frac(LONG, Decimal(100), liquidation)
    assert distance is not None
    assert distance < 0.05


def test_distance_is_signed_and_unknown_without_a_level() -> None:
    assert liquidation_distance_frac(LONG, Decimal(100), Decimal(90)) == pytest.approx(0.1)
    assert liquidation_distance_frac(SHORT, Decimal(100), Decimal(110)) == pytest.approx(0.1)
    passed = liquidation_distance_frac(LONG, Decimal(100), Decimal(101))
    assert passed is not None
    assert passed < 0
    assert liquidation_distance_frac(LONG, Decimal(100), None) is None


def test_brackets() -> None:
    assert bracket_for(Decimal(0), BRACKETS) is BRACKETS[0]
    assert bracket_for(Decimal(50_000), BRACKETS) is BRACKETS[0]
    assert bracket_for(Decimal("50000.01"), BRACKETS) is BRACKETS[1]
    assert bracket_for(Decimal(10**9), BRACKETS) is BRACKETS[-1]
    assert maintenance_margin(Decimal(100_000), BRACKETS) == Decimal(450)
    with pytest.raises(ValueError):
        bracket_for(Decimal(1), [])


def test_the_largest_notional_at_a_leverage() -> None:
    assert max_notional_at(3, BRACKETS) == 10_000_000
    assert max_notional_at(20, BRACKETS) == 10_000_000
    assert max_notional_at(21, BRACKETS) == 1_000_000
    assert max_notional_at(126, BRACKETS) == 0


def test_a_table_whose_brackets_do_not_join_gives_the_nearest_price() -> None:
    gap = [row(0, 10, 50, "0.004", 0), row(100_000, 200_000, 20, "0.05", 0)]
    gap.append(row(200_000, 300_000, 10, "0.1", 0))
    long = liquidation_price(LONG, Decimal(1), Decimal(20_000), Decimal(1000), gap)
    assert long == pytest.approx(Decimal("21111.111111"), abs=Decimal("1e-6"))


def test_no_position_has_no_liquidation_price() -> None:
    for qty, entry in ((Decimal(0), Decimal(1)), (Decimal(1), Decimal(0))):
        with pytest.raises(ValueError):
            liquidation_price(LONG, qty, entry, Decimal(1), BRACKETS)


@pytest.mark.parametrize(("wallet", "expected"), [("1000", 20.0), ("4000", 5.0), ("40000", 0.5)])
def test_f26_effective_leverage_is_notional_over_isolated_margin(
    wallet: str, expected: float
) -> None:
    # The venue's leverage field may say 20 in every one of these rows.
    assert effective_leverage(Decimal(20_000), Decimal(wallet)) == expected


def test_f26_a_position_without_margin_has_no_leverage() -> None:
    with pytest.raises(ValueError):
        effective_leverage(Decimal(20_000), Decimal(0))
