"""Brackets, maintenance margin, liquidation prices and filters are those that exchanges publish."""

from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from msgspec.structs import replace

from quantum_os.events.market import Bracket
from quantum_os.events.units import Notional, PositionSide, Usd
from quantum_os.formulas.liquidation import (
    liquidation_price,
    maintenance_margin,
    max_notional_at,
)
from quantum_os.formulas.rounding import decimal_of
from quantum_os.market.grid import usual_grid
from quantum_os.market.instrument_book import packaged_instruments
from tests.market.pairs import NAMES, SHARED
from tests.parity import page
from tests.parity.margin import (
    FIXTURES,
    TIERS,
    Position,
    derived_filters,
    recorded_filters,
    recorded_positions,
    solved,
    tables,
)

IS_REAL = FIXTURES.is_dir()
SOURCES = sorted(TIERS) if IS_REAL else ["packaged"]
CENT_OF_A_BOOK = Decimal("0.01")
SYMBOLS = 200
"""Symbols of each source for which positions are drawn: some seconds' worth of walking prices."""
POSITIONS = 2
"""Drawn for each symbol, in any of its first four brackets."""

FIRST_ROWS = (
    Bracket(
        Notional(Decimal(0)), Notional(Decimal(50_000)), 125, Decimal("0.004"), Usd(Decimal(0))
    ),
    Bracket(
        Notional(Decimal(50_000)),
        Notional(Decimal(250_000)),
        100,
        Decimal("0.005"),
        Usd(Decimal(50)),
    ),
)
DOCUMENTED = tuple(
    Position(side, *map(Decimal, figures))
    for side, figures in (
        (PositionSide.LONG, ("20", "6563.665", "13200.70726908", "5930.78")),
        (PositionSide.SHORT, ("10", "6563.86", "6570.42511771", "7189.95")),
    )
)
"""Quantity, entry, isolated wallet and liquidation price of Binance's documented answer."""

COARSER_THAN_TRADED = {"SOL/USDT:USDT"}
"""The list of 2025-12 says a step of 1, and the exchange traded hundredths that year. The coarser
step is kept: its multiples are valid at either."""


def published(source: str) -> dict[str, tuple[Bracket, ...]]:
    """A source's bracket tables; the packaged ones where no file of an exchange is at hand."""
    if source == "packaged":
        print("no files of exchanges at hand: the packaged tables stand in")
        return {one.symbol: one.brackets for one in packaged_instruments()}
    return tables(source)


def drawn(table: Sequence[Bracket], symbol: str) -> list[tuple[float, float, float]]:
    """Some positions (quantity, entry, isolated wallet) that the table allows; always the same."""
    chance = np.random.default_rng(sum(map(ord, symbol)))
    found = []
    for _ in range(POSITIONS):
        row = table[int(chance.integers(0, min(len(table), 4)))]
        notional = float(row.cap) * chance.uniform(0.3, 0.999)
        leverage = chance.uniform(1.0, max(1.0, 0.9 * row.leverage_max))
        entry = float(10.0 ** chance.uniform(-3, 5))
        found.append((notional / entry, entry, notional / leverage))
    return found


def computed(
    side: PositionSide, position: tuple[float, float, float], table: Sequence[Bracket]
) -> Decimal | None:
    """Our formula for a position (quantity, entry, isolated wallet)."""
    qty, entry, wallet = map(decimal_of, position)
    return liquidation_price(side, qty, entry, wallet, table)


@pytest.mark.parametrize("source", SOURCES)
def test_liquidation_prices_are_where_the_margin_is_used_up(source: str) -> None:
    compared = 0
    for symbol, table in list(published(source).items())[:SYMBOLS]:
        for qty, entry, wallet in drawn(table, symbol):
            for side in PositionSide:
                ours = computed(side, (qty, entry, wallet), table)
                theirs = solved(side, qty, entry, wallet, table)
                if ours is None or theirs is None:
                    assert ours is None
                    assert theirs is None
                    continue
                assert float(ours) == pytest.approx(theirs, rel=1e-9), (symbol, side, qty, entry)
                compared += 1
    assert compared > 100


@pytest.mark.parametrize("source", SOURCES)
def test_maintenance_margin_has_no_step_where_brackets_join(source: str) -> None:
    """The published deduction is what joins them: the margin of a notional never jumps."""
    for symbol, table in published(source).items():
        for lower, upper in pairwise(table):
            at = upper.floor
            assert lower.cap == at, symbol
            below = at * lower.mmr - lower.cum
            above = at * upper.mmr - upper.cum
            assert abs(below - above) <= CENT_OF_A_BOOK, (symbol, at)
            assert maintenance_margin(at, table) == pytest.approx(below)
            assert upper.mmr > lower.mmr, symbol


def test_a_wrong_deduction_is_seen() -> None:
    table = published(SOURCES[0])["BTC/USDT:USDT"]
    bent = (table[0], replace(table[1], cum=Usd(table[1].cum + 10)), *table[2:])
    middle = float(table[1].cap) * 0.7
    ours = computed(PositionSide.LONG, (middle / 100.0, 100.0, middle / 20.0), bent)
    theirs = solved(PositionSide.LONG, middle / 100.0, 100.0, middle / 20.0, table)
    assert ours is not None
    assert float(ours) != pytest.approx(theirs, rel=1e-9)


def test_the_page_is_fresh() -> None:
    if page.is_recorded():
        assert page.margin_rows() == page.recorded("Margin")


# where the files of exchanges are at hand; elsewhere the packaged book is held to its own words


def test_the_packaged_brackets_are_the_exchanges() -> None:
    if not IS_REAL:
        assert max_notional_at(50, published("packaged")["BTC/USDT:USDT"]) == 12_000_000
        return
    newest = tables("Binance 2026")
    for known in packaged_instruments():
        assert known.brackets == newest[known.symbol], known.symbol


def test_recorded_positions_liquidate_where_the_exchange_says() -> None:
    """To the cent it prints. Its table of that time began as this one does."""
    held = recorded_positions() if IS_REAL else list(DOCUMENTED)
    assert [position.side for position in held] == [PositionSide.LONG, PositionSide.SHORT]
    for position in held:
        price = liquidation_price(
            position.side, position.qty, position.entry, position.wallet, FIRST_ROWS
        )
        assert price is not None
        assert round(price, 2) == position.liquidation
    if IS_REAL:
        assert held == list(DOCUMENTED)
        assert tables("Binance 2024-10")["BTC/USDT:USDT"][0] == FIRST_ROWS[0]


def test_the_packaged_filters_are_the_exchanges() -> None:
    book = {known.symbol: known for known in packaged_instruments()}
    if not IS_REAL:
        assert book["BTC/USDT:USDT"].min_notional == Notional(Decimal(100))
        return
    noted, said = derived_filters(), recorded_filters()
    for symbol, known in book.items():
        name = symbol.partition("/")[0] + "USDT"
        row = noted[name]["symbol_info"]
        ours = (known.tick, known.step, known.min_qty, known.min_notional)
        theirs = [
            Decimal(str(row[key])) for key in ("tick_size", "step_size", "min_qty", "min_notional")
        ]
        assert ours == tuple(theirs), symbol
        if name in said:
            lots = said[name]
            assert known.max_qty == Decimal(lots["LOT_SIZE"]["maxQty"]), symbol
            market = min(Decimal(lots["MARKET_LOT_SIZE"]["maxQty"]), known.max_qty)
            assert known.market_max_qty <= market, symbol


def test_ticks_and_steps_are_those_that_trades_are_made_in() -> None:
    files = sorted(SHARED.glob("5m_from_2025-0[47]/binance_um_*.parquet"))
    book = {known.symbol: known for known in packaged_instruments()}
    if not files:
        assert {known.tick for known in book.values()} >= {Decimal("0.1"), Decimal("0.0001")}
        return
    for file in files:
        symbol = file.name.split("_")[2].removesuffix("USDT") + "/USDT:USDT"
        columns = pl.read_parquet(file).tail(20_000).select(NAMES).to_numpy().T
        grid = usual_grid(columns[:4], columns[4])
        known = book[symbol]
        assert grid.tick == pytest.approx(float(known.tick)), symbol
        if symbol in COARSER_THAN_TRADED:
            assert grid.step < float(known.step), f"{symbol}: the exception is settled"
        else:
            assert grid.step == pytest.approx(float(known.step)), symbol
