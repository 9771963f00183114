"""Routes of the market: what each symbol was last said to be, by whom, and what is distrusted."""

from typing import Any

import msgspec
from litestar import get
from litestar.router import Router

from quantum_os.api.clearance import Role, needs
from quantum_os.api.given import FundOf
from quantum_os.api.paging import PAGE_USUAL, Before, Limit, Page, page_of
from quantum_os.api.sourced import Sourced, market_age_s, provenance
from quantum_os.events.market import MarketData
from quantum_os.kernel.iso_time import iso
from quantum_os.portfolio.ledger import Ledger


class MarketRow(msgspec.Struct, frozen=True):
    """One symbol: `price` is the latest said, the rest as of the last decision bar.

    Null where nobody said it; `flags` are the reasons to distrust it.
    """

    symbol: str
    price: float | None
    price_from: str | None
    bar_close: str | None = None
    last: float | None = None
    spread_bps: float | None = None
    funding_rate_8h: float | None = None
    atr_frac: float | None = None
    vol_ratio: float | None = None
    divergence_bps: float | None = None
    volume_usd: float | None = None
    flags: list[str] = []


class Markets(Sourced, frozen=True, kw_only=True):
    """Every symbol of the price venue; `age_limit_s` is when it counts as silent."""

    venue: str
    quote_source: str | None
    silent_limit_s: float
    is_synthetic: bool
    markets: list[MarketRow]


@get("/markets", opt=needs(Role.VIEWER), summary="Every symbol")
async def markets(fund: FundOf) -> Markets:
    """Gives the latest price of each symbol, and its figures at the last decision bar."""
    word = fund.board.last.get("market_data")
    event = None if word is None else word.envelope.event()
    section = event if isinstance(event, MarketData) else None
    prices = _prices(fund)
    known = dict.fromkeys([*fund.facts.symbols, *(section.symbols if section else ())])
    return Markets(
        **provenance(fund, "market.cross_section", "market.klines", "market.tick", "market.opens"),
        venue=fund.facts.price_venue,
        quote_source=None if section is None else section.quote_source,
        silent_limit_s=fund.facts.stale_after_s,
        is_synthetic=fund.facts.is_synthetic,
        markets=[_row(symbol, section, prices.get(symbol)) for symbol in known],
    )


@get("/markets/regimes", opt=needs(Role.VIEWER), summary="Changes of regime")
async def regimes(fund: FundOf, limit: Limit = PAGE_USUAL, before: Before = None) -> Page:
    """Lists changes of regime, the latest first; GLOBAL is the whole market."""
    return await page_of(fund, "ai.regime", fund.board.kept("meta.regime"), limit, before)


@get("/markets/feed", opt=needs(Role.VIEWER), summary="How the feed flows")
async def feed(fund: FundOf) -> dict[str, Any]:
    """Counts what was offered, conflated and numbered, what waits, and the market's age."""
    lanes = fund.life.runtime.lanes
    return {
        **provenance(fund, "kernel.lanes", "market.klines", "market.tick", "feed.watermark"),
        "market_age_s": market_age_s(fund),
        "silent_limit_s": fund.facts.stale_after_s,
        "offered": lanes.offered,
        "conflated": lanes.conflated,
        "taken": lanes.taken,
        "waiting": lanes.backlog,
    }


def _prices(fund: FundOf) -> dict[str, tuple[float, str]]:
    """Gives the latest price of each symbol and the stream that said it."""
    state = fund.module(Ledger).state
    found: dict[str, tuple[float, str]] = {}
    if state.bars is not None:
        bars = zip(state.bars.symbols, state.bars.close, strict=True)
        found |= {symbol: (price, "market.klines") for symbol, price in bars}
    opens = state.opens
    if opens is not None and (state.bars is None or opens.time >= state.bars.close_time):
        rows = zip(opens.symbols, opens.price, strict=True)
        found |= {symbol: (price, "market.opens") for symbol, price in rows}
    return found | {symbol: (price, "market.tick") for symbol, price in state.ticks.items()}


def _row(symbol: str, section: MarketData | None, price: tuple[float, str] | None) -> MarketRow:
    at = section.symbols.index(symbol) if section and symbol in section.symbols else None
    latest, source = price if price is not None else (None, None)
    if section is None or at is None:
        return MarketRow(symbol, latest, source)
    return MarketRow(
        symbol=symbol,
        price=latest,
        price_from=source,
        bar_close=iso(section.bar_close),
        last=section.last[at],
        spread_bps=section.spread_bps[at],
        funding_rate_8h=section.funding_rate[at],
        atr_frac=section.atr_frac[at],
        vol_ratio=section.vol_ratio[at],
        divergence_bps=section.divergence_bps[at],
        volume_usd=section.volume_usd[at],
        flags=[flag.value for flag in section.flags[at]],
    )


MARKETS = Router(path="/api/v1", route_handlers=[markets, regimes, feed], tags=["markets"])
