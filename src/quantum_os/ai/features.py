"""What is known of every symbol at a bar close, as numbers that mean the same for all of them."""

import msgspec
import numpy as np

from quantum_os.ai.symbol_places import SymbolPlaces, unseen
from quantum_os.events.ai import AiFeatures
from quantum_os.events.market import MarketCandle, MarketData
from quantum_os.formulas.kernels.bar_features import (
    feature_state_new,
    features_of_bar,
    grow_features,
)
from quantum_os.formulas.kernels.feature_list import FEATURES, schema_hash
from quantum_os.kernel.reactor import Reactor


class FeaturesConfig(msgspec.Struct, frozen=True):
    """The candles that features are made from."""

    price_venue: str
    timeframe: str


class FeaturesState(msgspec.Struct):
    """The kernel over all symbols ever seen, and the features of the last candle [F, S]."""

    symbols: list[str] = []
    kernel: dict[str, np.ndarray] = {}
    close_time: int = 0
    values: np.ndarray = msgspec.field(default_factory=lambda: np.empty((len(FEATURES), 0)))


class Features(Reactor[FeaturesState]):
    """Advances all symbols in one call per candle; answers each cross-section, unknowns as None."""

    name = "ai.features"

    def __init__(self, config: FeaturesConfig) -> None:
        super().__init__(FeaturesState())
        self._config = config
        self._schema = schema_hash()
        self._of_candle, self._of_section = SymbolPlaces(), SymbolPlaces()

    def on_candle(self, event: MarketCandle) -> None:
        if event.timeframe != self._config.timeframe or event.venue != self._config.price_venue:
            return
        state = self.state
        self._make_room(event.symbols)
        bar = np.full((5, len(state.symbols)), np.nan)
        places = self._of_candle.of(event.symbols, state.symbols)
        bar[:, places] = (event.open, event.high, event.low, event.close, event.volume)
        state.values = features_of_bar(state.kernel, bar)
        state.close_time = event.close_time

    def on_market_data(self, event: MarketData) -> AiFeatures:
        return AiFeatures(
            bar_close=event.bar_close,
            timeframe=event.timeframe,
            schema_hash=self._schema,
            names=FEATURES,
            symbols=event.symbols,
            columns=self._columns(event),
        )

    def _columns(self, event: MarketData) -> tuple[tuple[float | None, ...], ...]:
        """Takes the features of this bar; those of another bar are as unknown as nobody's."""
        state = self.state
        if state.close_time != event.bar_close:
            return ((None,) * len(event.symbols),) * len(FEATURES)
        padded = np.full((len(FEATURES), len(state.symbols) + 1), np.nan)
        padded[:, :-1] = state.values
        taken = padded[:, self._of_section.of(event.symbols, state.symbols)]
        columns = taken.tolist()
        if not np.isnan(taken).any():
            return tuple(map(tuple, columns))
        return tuple(
            tuple([None if value != value else value for value in column]) for column in columns
        )

    def _make_room(self, symbols: tuple[str, ...]) -> None:
        state = self.state
        added = unseen(symbols, state.symbols)
        state.symbols.extend(added)
        if not state.kernel:
            state.kernel = {**feature_state_new(len(state.symbols))}
        elif added:
            state.kernel = {**grow_features({**state.kernel}, len(state.symbols))}
