"""What kind of market it is, per symbol and as a whole: said on change, held for a while."""

from collections.abc import Iterator

import msgspec
import numpy as np

from quantum_os.ai.coming import Coming
from quantum_os.ai.regime_blocks import Index, RegimeBlocks
from quantum_os.ai.symbol_places import SymbolPlaces, unseen
from quantum_os.events.ai import GLOBAL, MetaRegime
from quantum_os.events.market import MarketData
from quantum_os.events.units import NS_PER_S, Ns, Regime
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
from quantum_os.kernel.reactor import Reactor, Snapshot

HOLD_BARS = 3
"""Decision bars that a label stands at least; a more dangerous one is taken at once."""

_DANGER = {Regime.UNKNOWN: 3, Regime.EXTREME: 2, Regime.VOLATILE: 1}


class RegimeConfig(msgspec.Struct, frozen=True):
    """The decision timeframe that the detector runs on."""

    timeframe: str


class Standing(msgspec.Struct):
    """The label of one symbol, since when, for how many bars, and when it last had data."""

    label: Regime = Regime.UNKNOWN
    since: int = 0
    bars: int = 0
    heard: int = 0


class RegimeState(msgspec.Struct):
    """The kernel over all symbols ever seen (the market's index is the first), and the labels.

    `closes` are those of the last bar alone: a return over a gap is not a bar's return.
    """

    symbols: list[str] = msgspec.field(default_factory=lambda: [GLOBAL])
    kernel: dict[str, np.ndarray] = {}
    closes: dict[str, float] = {}
    index: float = 1.0
    labels: dict[str, Standing] = {}


class RegimeDetector(Reactor[RegimeState]):
    """One detector for everyone: an equal-weight index of the universe stands for the whole market.

    A symbol without data at this bar, or gone from the cross-section, is UNKNOWN at once.
    """

    name = "ai.regime"

    def __init__(self, config: RegimeConfig, coming: Coming | None = None) -> None:
        super().__init__(RegimeState())
        self._config = config
        self._places = SymbolPlaces()
        self._blocks = RegimeBlocks(coming or Coming())

    def on_market_data(self, event: MarketData) -> Iterator[MetaRegime]:
        state = self.state
        self._make_room(event.symbols)
        close = np.full(len(state.symbols), np.nan)
        index = Index(state.index, state.closes).after(event.symbols, event.last)
        state.index, state.closes, close[0] = index.level, index.closes, index.close
        places = self._places.of(event.symbols, state.symbols)
        close[places] = [np.nan if last is None else last for last in event.last]
        state.kernel, told = self._blocks.taken(state.kernel, event, close, places, index)
        evidence = (evidence_of_close(state.kernel, close) if told is None else told).T.tolist()
        ratios: list[float | None] = [None] * len(state.symbols)
        for place, ratio in zip(places, event.vol_ratio, strict=True):
            ratios[place] = ratio
        known = [ratio for ratio in event.vol_ratio if ratio is not None]
        ratios[0] = sum(known) / len(known) if known else None
        heard = (close > 0.0).tolist()
        for place, symbol in enumerate(state.symbols):
            standing = state.labels.setdefault(symbol, Standing(since=event.bar_close))
            if heard[place]:
                standing.heard = event.bar_close
            odds = _odds(evidence[place])
            previous = standing.label
            if _takes(standing, regime_label(odds, ratios[place]), event.bar_close):
                yield self._told(symbol, previous, standing, odds, ratios[place], event.bar_close)

    def _told(
        self,
        symbol: str,
        previous: Regime,
        standing: Standing,
        odds: RegimeOdds | None,
        ratio: float | None,
        bar_close: int,
    ) -> MetaRegime:
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
            data_age_s=(max(self.now, bar_close) - standing.heard) / NS_PER_S,
        )

    def snapshot(self) -> Snapshot:
        """As after the last bar, wherever in a block that is."""
        self.state.kernel = self._blocks.settled(self.state.kernel)
        return super().snapshot()

    def _make_room(self, symbols: tuple[str, ...]) -> None:
        state = self.state
        added = unseen(symbols, state.symbols[1:])
        if state.kernel and not added:
            return
        state.kernel = self._blocks.settled(state.kernel)
        state.symbols.extend(added)
        if not state.kernel:
            state.kernel = {**regime_state_new(len(state.symbols))}
        else:
            state.kernel = {**grow_regimes({**state.kernel}, len(state.symbols))}


def _takes(standing: Standing, label: Regime, now: int) -> bool:
    """Changes the label when it may change; True when it did."""
    standing.bars += 1
    if label is standing.label:
        return False
    is_free = standing.bars >= HOLD_BARS or standing.label is Regime.UNKNOWN
    if not is_free and _DANGER.get(label, 0) <= _DANGER.get(standing.label, 0):
        return False
    standing.label, standing.since, standing.bars = label, now, 0
    return True


def _odds(evidence: list[float]) -> RegimeOdds | None:
    trend, persistence, ratio = evidence[TREND], evidence[PERSISTENCE], evidence[VARIANCE_RATIO]
    if trend != trend or persistence != persistence or ratio != ratio:
        return None
    return regime_odds(trend, persistence, ratio)
