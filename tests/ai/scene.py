"""Events that a mind hears, with only what a test says of them."""

from collections.abc import Mapping, Sequence

from quantum_os.events.ai import AiFeatures
from quantum_os.events.governance import Direction, PolicyUpdated
from quantum_os.events.market import MarketCandle, MarketData
from quantum_os.events.system import ProcessStarted
from quantum_os.events.units import NS_PER_HOUR, Flag, Frac, Mode, Ns, Usd
from quantum_os.formulas.kernels.feature_list import FEATURES
from quantum_os.formulas.rounding import decimal_of
from quantum_os.governance.effective_limits import effective_limits
from quantum_os.governance.policy_document import load

SYMBOLS = ("BTC/USDT:USDT", "ETH/USDT:USDT")
T = Ns(1_000 * NS_PER_HOUR)


def started(mode: Mode = Mode.BACKTEST) -> ProcessStarted:
    return ProcessStarted(
        epoch=0,
        build="test",
        config_hash="c",
        mode=mode,
        venue="sim:binance",
        namespace="n",
        seed=0,
        deposit=Usd(decimal_of(1e4)),
        started_at=T,
    )


def policy(profile: str = "default") -> PolicyUpdated:
    document = load(profile)
    return PolicyUpdated(
        version=f"{profile}-1",
        previous="",
        hash="h",
        changed=(),
        reason="test",
        author="test",
        direction=Direction.NEUTRAL,
        valid_until=Ns(T + 24 * NS_PER_HOUR),
        policy=document,
        limits=effective_limits(document),
    )


def market(
    last: Sequence[float | None] = (100.0, 50.0),
    atr_frac: float | None = 0.01,
    flags: tuple[Flag, ...] = (),
    time: Ns = T,
) -> MarketData:
    count = len(SYMBOLS)
    return MarketData(
        bar_close=time,
        timeframe="1h",
        venue="binance",
        symbols=SYMBOLS,
        last=tuple(last),
        mark=(None,) * count,
        index=(None,) * count,
        bid=tuple(last),
        ask=tuple(last),
        spread_bps=(None,) * count,
        funding_rate=(None,) * count,
        next_funding=(None,) * count,
        open_interest=(None,) * count,
        volume_usd=(1e7,) * count,
        atr_frac=(None if atr_frac is None else Frac(atr_frac),) * count,
        vol_ratio=(1.0,) * count,
        divergence_bps=(None,) * count,
        age_ms=(0.0,) * count,
        flags=(flags,) * count,
        universe_atr_frac=None,
    )


def market_of(candle: MarketCandle) -> MarketData:
    """The cross-section of a candle, in which nothing else is known."""
    count = len(candle.symbols)
    unknown = (None,) * count
    return MarketData(
        bar_close=candle.close_time,
        timeframe=candle.timeframe,
        venue=candle.venue,
        symbols=candle.symbols,
        last=candle.close,
        mark=unknown,
        index=unknown,
        bid=candle.close,
        ask=candle.close,
        spread_bps=unknown,
        funding_rate=unknown,
        next_funding=unknown,
        open_interest=unknown,
        volume_usd=candle.volume,
        atr_frac=(Frac(0.01),) * count,
        vol_ratio=(1.0,) * count,
        divergence_bps=unknown,
        age_ms=(0.0,) * count,
        flags=((),) * count,
        universe_atr_frac=None,
    )


def features(values: Mapping[str, float | None] | None = None, time: Ns = T) -> AiFeatures:
    """Every feature 0 but the named ones, the same for all symbols."""
    said = values or {}
    return AiFeatures(
        bar_close=time,
        timeframe="1h",
        schema_hash="s",
        names=FEATURES,
        symbols=SYMBOLS,
        columns=tuple((said.get(name, 0.0),) * len(SYMBOLS) for name in FEATURES),
    )


def candle(high: float, low: float, close: float, hours: int) -> MarketCandle:
    """One hour of both symbols, so many hours after T."""
    count = len(SYMBOLS)
    return MarketCandle(
        venue="binance",
        timeframe="1h",
        open_time=Ns(T + (hours - 1) * NS_PER_HOUR),
        close_time=Ns(T + hours * NS_PER_HOUR),
        symbols=SYMBOLS,
        open=(close,) * count,
        high=(high,) * count,
        low=(low,) * count,
        close=(close,) * count,
        volume=(1.0,) * count,
    )
