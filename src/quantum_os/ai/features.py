"""What is known of every symbol at a bar close, as numbers that mean the same for all of them."""

import msgspec
import numpy as np

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
    values: np.ndarray = msgspec.field(default_factory=lambda: np.empty((0, 0)))


class Features(Reactor[FeaturesState]):
    """Advances all symbols in one call per candle; says nothing until somebody is warm."""

    name = "ai.features"

    def __init__(self, config: FeaturesConfig) -> None:
        super().__init__(FeaturesState())
        self._config = config
        self._schema = schema_hash()

    def on_candle(self, event: MarketCandle) -> None:
        if event.timeframe != self._config.timeframe or event.venue != self._config.price_venue:
            return
        state = self.state
        self._make_room(event.symbols)
        bar = np.full((5, len(state.symbols)), np.nan)
        places = [state.symbols.index(symbol) for symbol in event.symbols]
        bar[:, places] = (event.open, event.high, event.low, event.close, event.volume)
        state.values = features_of_bar(state.kernel, bar)
        state.close_time = event.close_time

    def on_market_data(self, event: MarketData) -> AiFeatures | None:
        state = self.state
        if state.close_time != event.bar_close:
            return None
        places = [state.symbols.index(s) if s in state.symbols else -1 for s in event.symbols]
        padded = np.hstack([state.values, np.full((len(FEATURES), 1), np.nan)])
        columns = padded[:, places].tolist()
        if all(value != value for value in columns[0]):
            return None
        return AiFeatures(
            bar_close=event.bar_close,
            timeframe=event.timeframe,
            schema_hash=self._schema,
            names=FEATURES,
            symbols=event.symbols,
            columns=tuple(
                tuple([None if value != value else value for value in column]) for column in columns
            ),
        )

    def _make_room(self, symbols: tuple[str, ...]) -> None:
        state = self.state
        before = len(state.symbols)
        known = set(state.symbols)
        state.symbols.extend(symbol for symbol in symbols if symbol not in known)
        if not state.kernel:
            state.kernel = {**feature_state_new(len(state.symbols))}
        elif len(state.symbols) > before:
            state.kernel = {**grow_features({**state.kernel}, len(state.symbols))}
