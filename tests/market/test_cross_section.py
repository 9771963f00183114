"""The cross-section tells each symbol's own market, and None where nothing is known."""

import pytest

from quantum_os.events.base import Event
from quantum_os.events.governance import UniverseUpdated
from quantum_os.events.market import (
    ExchangeNormalized,
    ExchangeRaw,
    FeedWatermark,
    MarketData,
    MarketKlines,
    RawKind,
)
from quantum_os.events.units import NS_PER_HOUR, Flag, Ns
from quantum_os.market.candles import Candles, CandlesConfig
from quantum_os.market.cross_exchange import CrossExchange, CrossExchangeConfig
from quantum_os.market.cross_section import CrossSection, CrossSectionConfig
from quantum_os.market.feeds.synthetic import SyntheticMarket

MARKET = SyntheticMarket(days=3, disturbed=False)
SYMBOLS = MARKET.symbols("binance")
ABSENT = "NEVER/USDT:USDT"


def sections(*facts: Event, symbols: tuple[str, ...] = SYMBOLS) -> list[MarketData]:
    """Plays the market through candles, comparison and section, with more facts at its start."""
    candles = Candles(CandlesConfig("binance", ("1h",)))
    cross = CrossExchange(CrossExchangeConfig(("binance",), symbols, "1h"))
    section = CrossSection(CrossSectionConfig("binance", "1h", 1.0))
    section.on_universe(UniverseUpdated(symbols, symbols, (), (), "test"))
    for fact in facts:
        assert isinstance(fact, ExchangeRaw)
        section.on_raw(fact)
    said: list[MarketData] = []
    for _, _, event in MARKET.frames():
        if isinstance(event, MarketKlines):
            for candle in candles.on_klines(event) or ():
                section.on_candle(candle)
            cross.on_klines(event)
        elif isinstance(event, FeedWatermark):
            normal = cross.on_watermark(event)
            if isinstance(normal, ExchangeNormalized):
                said.append(section.on_normalized(normal))
    return said


SAID = sections()


def test_there_is_one_section_an_hour() -> None:
    assert [one.bar_close for one in SAID] == [
        MARKET.start + hour * NS_PER_HOUR for hour in range(1, 73)
    ]


def test_volatility_is_unknown_until_it_is_known() -> None:
    assert SAID[0].atr_frac == (None,) * len(SYMBOLS)
    assert all(value is not None for value in SAID[20].atr_frac)
    assert SAID[20].vol_ratio == (None,) * len(SYMBOLS)
    assert all(value is not None for value in SAID[60].vol_ratio)


def test_f31_the_volatility_ratio_is_not_a_constant() -> None:
    ratios = [one.vol_ratio[0] for one in SAID[45:]]
    assert len(set(ratios)) > 10


def test_a_symbol_without_bars_is_stale_and_has_no_price() -> None:
    said = sections(symbols=(*SYMBOLS, ABSENT))[-1]
    row = said.symbols.index(ABSENT)
    assert said.last[row] is None
    assert said.atr_frac[row] is None
    assert Flag.STALE in said.flags[row]


def test_funding_is_told_per_eight_hours() -> None:
    time = Ns(MARKET.start)
    fact = ExchangeRaw("binance", SYMBOLS[0], RawKind.FUNDING, time, 0.0002, 4.0, None)
    assert sections(fact)[0].funding_rate[0] == pytest.approx(0.0004)
    assert sections()[0].funding_rate[0] is None


def test_a_made_up_price_says_so() -> None:
    assert SAID[-1].flags[0] == (Flag.SYNTHETIC,)
