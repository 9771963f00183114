"""Fees are a tier of the packaged table or two rates with their units; nothing is guessed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantum_os.execution.venues.fee_tiers import FEE_BPS_MAX, Fees, fee_table, fees_of

TIERS = tuple(fee_table().tiers)


def test_the_table_says_where_it_is_from_and_when() -> None:
    table = fee_table()
    assert table.source.startswith("https://www.binance.com/")
    assert table.as_of >= "2026-01"
    assert tuple(f"VIP{level}" for level in range(10)) == TIERS


def test_a_higher_tier_never_pays_more_and_makers_never_more_than_takers() -> None:
    rows = list(fee_table().tiers.values())
    assert rows == sorted(rows, key=lambda row: (-row.maker_bps, -row.taker_bps))
    assert rows == sorted(rows, key=lambda row: -row.taker_bps)
    assert all(0 <= row.maker_bps <= row.taker_bps for row in rows)


def test_the_lowest_tier_is_what_the_venue_charges_by_default() -> None:
    assert fees_of("VIP0") == Fees(2.0, 5.0, "VIP0")


@pytest.mark.parametrize("name", TIERS)
def test_a_tier_is_known_in_any_case(name: str) -> None:
    assert fees_of(f" {name.lower()} ") == fees_of(name)
    assert fees_of(name).tier == name


@pytest.mark.parametrize(
    "text",
    ["maker=0.018%,taker=0.045%", "taker=4.5bps,maker=1.8bps", "maker=1.8bps, taker=0.045%"],
)
def test_rates_by_hand_carry_their_unit(text: str) -> None:
    assert fees_of(text) == Fees(1.8, 4.5)


def test_a_maker_may_be_paid() -> None:
    assert fees_of("maker=-0.5bps,taker=4bps").maker_bps == -0.5


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("VIP10", "tiers: VIP0"),
        ("", "give a tier"),
        ("0.05", "give a tier"),
        ("maker=0.02,taker=0.05", "has no unit; write maker=0.02% or maker=0.02bps"),
        ("maker=2bps", "give both"),
        ("maker=2bps,maker=3bps", "maker is given twice"),
        ("maker=2bps,taker=5bps,rebate=1bps", "'rebate=1bps' is not understood"),
        ("maker=5bps,taker=2bps", "other way round?"),
        ("maker=-9bps,taker=2bps", "maker must be in"),
        ("maker=2%,taker=5%", "taker must be in [0, 100] bps"),
        ("maker=nanbps,taker=5bps", "is not understood"),
        ("maker=1e2bps,taker=5bps", "is not understood"),
    ],
)
def test_what_is_unclear_is_refused_with_the_way_to_say_it(text: str, words: str) -> None:
    with pytest.raises(ValueError) as refused:
        fees_of(text)
    assert words in str(refused.value)


hundredths = st.integers(0, int(FEE_BPS_MAX * 100)).map(lambda n: n / 100)


@given(hundredths, hundredths)
def test_fees_read_back_as_they_are_written(one: float, other: float) -> None:
    fees = Fees(min(one, other), max(one, other))
    assert fees_of(fees.text) == fees
