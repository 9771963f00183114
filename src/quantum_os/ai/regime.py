"""What kind of market it is, per symbol and as a whole: said when it changes, and held for a while."""

from collections.abc import Iterator

import msgspec
import numpy as np

from quantum_os.events.ai import GLOBAL, MetaRegime
from quantum_os.events.market import MarketData
from quantum_os.events.units import NS_PER_MS, Ns, Regime
from quantum_os.formulas.kernels.regime_kernel import (
    DETECTOR_VERSION,
    PERSISTENCE,
    TREND,
    VARIANCE_RATIO,
    evidence_of_close,
    grow_regimes,
    regime_state_new,
)
from quantum_os.formulas.regime_labels import RegimeOdds, regime_label, regime_odds
from quantum_os.kernel.reactor import Reactor

HOLD_BARS = 3
"""Decision bars that a label stands at least; a more dangerous one is taken at once."""

_ALARMS = frozenset({Regime.VOLATILE, Regime.EXTREME, Regime.UNKNOWN})


class RegimeConfig(msgspec.Struct, frozen=True):
    """The decision timeframe that the detector runs on."""

    timeframe: str


class Standing(msgspec.Struct):
    """The label of one symbol, since when, and for how many bars."""

    label: Regime = Regime.UNKNOWN
    since: int = 0
    bars: int = 0


class RegimeState(msgspec.Struct):
    """The kernel over all symbols ever seen (the market's index is the first), and the labels."""

    symbols: list[str] = msgspec.field(default_factory=lambda: [GLOBAL])
    kernel: dict[str, np.ndarray] = {}
    closes: dict[str, float] = {}
    index: float = 1.0
    labels: dict[str, Standing] = {}


class RegimeDetector(Reactor[RegimeState]):
    """One detector for everyone: an equal-weight index of the universe stands for the whole market."""

    name = "ai.regime"

    def __init__(self, config: RegimeConfig) -> None:
        super().__init__(RegimeState())
        self._config = config

    def on_market_data(self, event: MarketData) -> Iterator[MetaRegime]:
        state = self.state
        self._make_room(event.symbols)
        close = np.full(len(state.symbols), np.nan)
        close[0] = self._index(event)
        for symbol, last in zip(event.symbols, event.last, strict=True):
            close[state.symbols.index(symbol)] = np.nan if last is None else last
        evidence = evidence_of_close(state.kernel, close).T.tolist()
        ratios = [ratio for ratio in event.vol_ratio if ratio is not None]
        whole = sum(ratios) / len(ratios) if ratios else None
        views = [(GLOBAL, whole, 0.0)]
        for symbol, ratio, age in zip(event.symbols, event.vol_ratio, event.age_ms, strict=True):
            views.append((symbol, ratio, (age or 0.0) * NS_PER_MS / 1e9))
        for symbol, ratio, age_s in views:
            odds = _odds(evidence[state.symbols.index(symbol)])
            changed = self._judged(symbol, odds, ratio, event.bar_close)
            if changed is not None:
                yield self._told(symbol, changed, odds, ratio, age_s)

    def _judged(
        self, symbol: str, odds: RegimeOdds | None, ratio: float | None, now: int
    ) -> tuple[Regime, Standing] | None:
        """Gives (previous label, new standing) when the label changes."""
        label = regime_label(odds, ratio)
        standing = self.state.labels.setdefault(symbol, Standing(since=now))
        standing.bars += 1
        is_free = standing.bars > HOLD_BARS or standing.label is Regime.UNKNOWN
        if label is standing.label or not (is_free or label in _ALARMS):
            return None
        previous = standing.label
        standing.label, standing.since, standing.bars = label, now, 0
        return previous, standing

    def _told(
        self,
        symbol: str,
        changed: tuple[Regime, Standing],
        odds: RegimeOdds | None,
        ratio: float | None,
        age_s: float,
    ) -> MetaRegime:
        previous, standing = changed
        return MetaRegime(
            symbol=symbol,
            label=standing.label,
            previous=previous,
            prob_trend=odds.trend if odds else None,
            prob_range=odds.range if odds else None,
            prob_chop=odds.chop if odds else None,
            direction=odds.direction if odds else None,
            vol_ratio=ratio,
            since=Ns(standing.since),
            timeframe=self._config.timeframe,
            detector_version=DETECTOR_VERSION,
            data_age_s=age_s,
        )

    def _index(self, event: MarketData) -> float:
        """Moves the index by the mean return of the symbols that have both closes."""
        closes = self.state.closes
        returns = []
        for symbol, last in zip(event.symbols, event.last, strict=True):
            if last is not None:
                if symbol in closes:
                    returns.append(last / closes[symbol] - 1.0)
                closes[symbol] = last
        if returns:
            self.state.index *= 1.0 + sum(returns) / len(returns)
        return self.state.index

    def _make_room(self, symbols: tuple[str, ...]) -> None:
        state = self.state
        before = len(state.symbols)
        state.symbols.extend(symbol for symbol in symbols if symbol not in state.symbols)
        if not state.kernel:
            state.kernel = {**regime_state_new(len(state.symbols))}
        elif len(state.symbols) > before:
            state.kernel = {**grow_regimes({**state.kernel}, len(state.symbols))}


def _odds(evidence: list[float]) -> RegimeOdds | None:
    trend, persistence, ratio = (
        evidence[TREND],
        evidence[PERSISTENCE],
        evidence[VARIANCE_RATIO],
    )
    if trend != trend or persistence != persistence or ratio != ratio:
        return None
    return regime_odds(trend, persistence, ratio)
