"""How the market's events are told: bars, watermarks, cross-sections, flags, regimes, rules."""

from collections.abc import Iterator

from quantum_os.events.ai import AiFeatures, MetaRegime
from quantum_os.events.governance import PolicyUpdated, UniverseUpdated
from quantum_os.events.market import (
    ExchangeNormalized,
    ExchangeRaw,
    FeedWatermark,
    MarketCandle,
    MarketData,
    MarketFlagged,
    MarketKlines,
    MarketOpens,
    MarketTick,
)
from quantum_os.events.system import ProcessStarted, TimerFired
from quantum_os.kernel.iso_time import iso
from quantum_os.learning.explain.amounts import Unit, written
from quantum_os.learning.explain.vocabulary import Vocabulary, listed, price, row_for

FEATURES_A_LINE = 4


def _bars(event: MarketKlines | MarketCandle, symbol: str | None) -> str:
    made = ", synthetic" if event.synthetic else ""
    row = row_for(event.symbols, symbol)
    of = f"{event.timeframe} bars of {event.venue}{made}"
    if row is None:
        return f"{of}: {listed(event.symbols)}"
    figures = (event.open, event.high, event.low, event.close)
    told = " ".join(
        f"{name} {price(column[row])}"
        for name, column in zip(("open", "high", "low", "close"), figures, strict=True)
    )
    return f"{of}: {told} volume {event.volume[row]:,.6g}"


def _opens(event: MarketOpens, symbol: str | None) -> str:
    row = row_for(event.symbols, symbol)
    told = listed(event.symbols) if row is None else price(event.price[row])
    return f"the next bars open at {event.venue}: {told}"


def _tick(event: MarketTick, symbol: str | None) -> str:
    made = ", synthetic" if event.synthetic else ""
    return f"{event.symbol} at {price(event.price)} on {event.venue}{made}"


def _watermark(event: FeedWatermark, symbol: str | None) -> str:
    return f"{event.venue} has told everything up to {iso(event.time)}"


def _raw(event: ExchangeRaw, symbol: str | None) -> str:
    return f"{event.venue} says {event.kind} of {event.symbol}: {event.value:.8g}"


def _normalized(event: ExchangeNormalized, symbol: str | None) -> str:
    row = row_for(event.symbols, symbol)
    if row is None:
        return f"{listed(event.symbols)} on {', '.join(event.venues)}"
    fresh = f"{event.venues_fresh[row]} of {len(event.venues)} venues fresh"
    apart = event.divergence_bps[row]
    return f"{fresh}, " + (
        "how far apart is unknown" if apart is None else f"{apart:.2f} bps apart"
    )


def _market(event: MarketData, symbol: str | None) -> str:
    row = row_for(event.symbols, symbol)
    of = f"cross-section of {iso(event.bar_close)}"
    if row is None:
        return f"{of}: {listed(event.symbols)}"
    flags = ", ".join(event.flags[row]) or "none"
    return (
        f"{of}: last {price(event.last[row])}, ATR {written(event.atr_frac[row], Unit.FRACTION)}, "
        f"volatility {written(event.vol_ratio[row], Unit.TIMES)} its median, "
        f"age {written(event.age_ms[row], Unit.MS)}, flags {flags}"
    )


def _features(event: AiFeatures, symbol: str | None) -> str:
    row = row_for(event.symbols, symbol)
    if row is None:
        return f"{len(event.names)} features of {listed(event.symbols)}"
    known = sum(column[row] is not None for column in event.columns)
    return f"{known} of {len(event.names)} features known, schema {event.schema_hash}"


def _feature_values(event: AiFeatures, symbol: str | None) -> Iterator[str]:
    row = row_for(event.symbols, symbol)
    if row is None:
        return
    values = [
        f"{name} {'-' if column[row] is None else f'{column[row]:.4g}'}"
        for name, column in zip(event.names, event.columns, strict=True)
    ]
    for start in range(0, len(values), FEATURES_A_LINE):
        yield ", ".join(values[start : start + FEATURES_A_LINE])


def _regime(event: MetaRegime, symbol: str | None) -> str:
    return f"{event.symbol} is {event.label}, was {event.previous}, since {iso(event.since)}"


def _flagged(event: MarketFlagged, symbol: str | None) -> str:
    flags = ", ".join(event.flags) or "clean again"
    return f"{event.symbol} on {event.venue}: {flags} ({event.evidence})"


def _policy(event: PolicyUpdated, symbol: str | None) -> str:
    return f"policy {event.version} holds until {iso(event.valid_until)} ({event.reason})"


def _universe(event: UniverseUpdated, symbol: str | None) -> str:
    return f"{listed(event.symbols)} may be entered, {len(event.close_only)} only left"


def _started(event: ProcessStarted, symbol: str | None) -> str:
    return f"{event.mode} on {event.venue} with {price(event.deposit)} USD, build {event.build}"


def _timer(event: TimerFired, symbol: str | None) -> str:
    return f"timer {event.key} of {iso(event.due)} fired"


MARKET = Vocabulary(
    lines={
        MarketKlines: _bars,
        MarketCandle: _bars,
        MarketOpens: _opens,
        MarketTick: _tick,
        FeedWatermark: _watermark,
        ExchangeRaw: _raw,
        ExchangeNormalized: _normalized,
        MarketData: _market,
        AiFeatures: _features,
        MetaRegime: _regime,
        MarketFlagged: _flagged,
        PolicyUpdated: _policy,
        UniverseUpdated: _universe,
        ProcessStarted: _started,
        TimerFired: _timer,
    },
    details={AiFeatures: _feature_values},
)
