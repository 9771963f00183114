"""What is known of every symbol at a bar close, as numbers that mean the same for all of them."""

from collections.abc import Sequence
from math import isfinite

import msgspec
import numpy as np

from quantum_os.ai.coming import Coming
from quantum_os.ai.feature_blocks import FeatureBlocks, Kernel
from quantum_os.ai.symbol_places import SymbolPlaces, unseen
from quantum_os.events.ai import AiFeatures
from quantum_os.events.market import MarketCandle, MarketData
from quantum_os.formulas.kernels.bar_blocks import features_of_bars
from quantum_os.formulas.kernels.bar_features import (
    feature_state_new,
    features_of_bar,
    grow_features,
)
from quantum_os.formulas.kernels.block_windows import own_bars
from quantum_os.formulas.kernels.feature_groups import CALENDAR_FEATURES, Group, names_of
from quantum_os.formulas.kernels.feature_list import schema_hash
from quantum_os.formulas.kernels.feature_sheet import (
    ALL_NAMES,
    CANDLE_NAMES,
    SheetState,
    grow_sheet,
    reference_place,
    sheet_of_bars,
    sheet_of_candles,
    sheet_of_carry,
    sheet_state_new,
)
from quantum_os.formulas.kernels.state import Counts, Floats, KernelState
from quantum_os.kernel.reactor import Reactor, Snapshot, UnknownSnapshotVersion

_MOMENT = CANDLE_NAMES.index(CALENDAR_FEATURES[0])
"""A row that is known of every symbol with a candle at this bar, and of no other."""


class FeaturesConfig(msgspec.Struct, frozen=True):
    """The candles that features are made from, and the groups that somebody reads."""

    price_venue: str
    timeframe: str
    groups: tuple[Group, ...] = (Group.BAR,)


class FeaturesState(msgspec.Struct):
    """The kernels over all symbols ever seen, and the features of the last candle [F, S].

    With more groups than those of single bars, `kernel` holds the arrays of every group by
    `group.array`, and `values` all features that candles give.
    """

    symbols: list[str] = []
    kernel: dict[str, np.ndarray] = {}
    close_time: int = 0
    values: np.ndarray = msgspec.field(default_factory=lambda: np.empty((0, 0)))


class Features(Reactor[FeaturesState]):
    """Advances all symbols in one call per candle; answers each cross-section, unknowns as None."""

    name = "ai.features"

    def __init__(self, config: FeaturesConfig, coming: Coming | None = None) -> None:
        super().__init__(FeaturesState())
        self._config = config
        self._names = names_of(config.groups)
        self._schema = schema_hash(self._names)
        self._is_wide = set(config.groups) != {Group.BAR}
        self._rows = [ALL_NAMES.index(name) for name in self._names]
        self._of_candle, self._of_section = SymbolPlaces(), SymbolPlaces()
        self._blocks = FeatureBlocks(coming or Coming(), self._of_bars)

    def on_candle(self, event: MarketCandle) -> None:
        if event.timeframe != self._config.timeframe or event.venue != self._config.price_venue:
            return
        state = self.state
        self._make_room(event.symbols)
        bar = np.full((5, len(state.symbols)), np.nan)
        places = self._of_candle.of(event.symbols, state.symbols)
        bar[:, places] = (event.open, event.high, event.low, event.close, event.volume)
        state.kernel, values = self._blocks.taken(state.kernel, state.symbols, event, bar)
        state.values = self._of_bar(event, bar) if values is None else values
        state.close_time = event.close_time

    def on_market_data(self, event: MarketData) -> AiFeatures:
        return AiFeatures(
            bar_close=event.bar_close,
            timeframe=event.timeframe,
            schema_hash=self._schema,
            names=self._names,
            symbols=event.symbols,
            columns=self._columns(event),
        )

    def _columns(self, event: MarketData) -> tuple[tuple[float | None, ...], ...]:
        """Takes the features of this bar; those of another bar are as unknown as nobody's.

        An infinite one is unknown too: a rule would take it for the strongest of reasons.
        """
        state = self.state
        if state.close_time != event.bar_close:
            return ((None,) * len(event.symbols),) * len(self._names)
        places = self._of_section.of(event.symbols, state.symbols)
        values = self._with_carry(event, places) if self._is_wide else state.values
        padded = np.full((len(self._names), len(state.symbols) + 1), np.nan)
        padded[:, :-1] = values
        taken = padded[:, places]
        columns = taken.tolist()
        if np.isfinite(taken).all():
            return tuple(map(tuple, columns))
        return tuple(
            tuple([value if isfinite(value) else None for value in column]) for column in columns
        )

    def snapshot(self) -> Snapshot:
        """As after the last candle, wherever in a block that is."""
        self.state.kernel = self._blocks.settled(self.state.kernel)
        return super().snapshot()

    def restore(self, snapshot: Snapshot) -> None:
        """The inverse of `snapshot`; kernels of other groups than are read now are refused."""
        super().restore(snapshot)
        kept_wide = any("." in name for name in self.state.kernel)
        if self.state.kernel and kept_wide != self._is_wide:
            self.state = FeaturesState()
            raise UnknownSnapshotVersion(
                f"{self.name}: the snapshot holds other groups of features"
            )

    def _of_bar(self, event: MarketCandle, bar: Floats) -> Floats:
        """The features [F, S] of one bar, which advance the kernel."""
        state = self.state
        if not self._is_wide:
            return features_of_bar(state.kernel, bar)
        step, place = event.close_time - event.open_time, reference_place(state.symbols)
        return sheet_of_candles(_sheet(state.kernel), bar, event.open_time, step, place)

    def _of_bars(self, kernel: Kernel, bars: Floats, times: Counts, step_ns: int) -> Floats:
        """The same of many bars: [F, T, S]."""
        if not self._is_wide:
            return features_of_bars(kernel, own_bars(bars))
        place = reference_place(self.state.symbols)
        return sheet_of_bars(_sheet(kernel), bars, times, step_ns, place)

    def _with_carry(self, event: MarketData, places: list[int]) -> Floats:
        """Adds what funding and divergence say of the symbols that have a candle at this bar."""
        state = self.state
        told = np.full((2, len(state.symbols) + 1), np.nan)
        told[0, places] = _numbers(event.funding_rate)
        told[1, places] = _numbers(event.divergence_bps)
        known = np.where(np.isnan(state.values[_MOMENT]), np.nan, told[:, :-1])
        carry = sheet_of_carry(_sheet(state.kernel), known)
        values: Floats = np.concatenate((state.values, carry))[self._rows]
        return values

    def _make_room(self, symbols: tuple[str, ...]) -> None:
        state = self.state
        added = unseen(symbols, state.symbols)
        if state.kernel and not added:
            return
        state.kernel = self._blocks.settled(state.kernel)
        state.symbols.extend(added)
        count = len(state.symbols)
        if self._is_wide:
            sheet = _sheet(state.kernel)
            state.kernel = _flat(grow_sheet(sheet, count) if sheet else sheet_state_new(count))
        elif state.kernel:
            state.kernel = {**grow_features({**state.kernel}, count)}
        else:
            state.kernel = {**feature_state_new(count)}


def _flat(sheet: SheetState) -> dict[str, np.ndarray]:
    """One dictionary of arrays, as a snapshot keeps them."""
    return {
        f"{group}.{name}": array for group, held in sheet.items() for name, array in held.items()
    }


def _sheet(kernel: dict[str, np.ndarray]) -> SheetState:
    """The same arrays by group: writing into one writes into the state."""
    sheet: dict[str, KernelState] = {}
    for key, array in kernel.items():
        group, _, name = key.partition(".")
        sheet.setdefault(group, {})[name] = array
    return sheet


def _numbers(column: Sequence[float | None]) -> list[float]:
    return [np.nan if value is None else value for value in column]
