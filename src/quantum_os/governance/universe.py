"""Which symbols may be entered: the wanted ones that the venue lists with all their filters."""

import msgspec

from quantum_os.events.governance import UniverseUpdated
from quantum_os.events.market import Instrument, InstrumentUpdated
from quantum_os.kernel.reactor import Reactor


class UniverseConfig(msgspec.Struct, frozen=True):
    """The symbols this run wants to trade, in ccxt's unified form."""

    symbols: tuple[str, ...]


class UniverseState(msgspec.Struct):
    """The symbols that may be entered now, and what the venue last said of each wanted one."""

    symbols: tuple[str, ...] = ()
    tradable: dict[str, bool] = {}


class Universe(Reactor[UniverseState]):
    """Intersects the wish list with what the venue trades; no entry without filters."""

    name = "governance.universe"

    def __init__(self, config: UniverseConfig) -> None:
        super().__init__(UniverseState())
        self._config = config

    def on_instruments(self, event: InstrumentUpdated) -> UniverseUpdated | None:
        """Takes news of any part of the venue's list; a symbol not named in it stays as it was."""
        tradable = self.state.tradable
        for instrument in event.instruments:
            if instrument.symbol in self._config.symbols:
                tradable[instrument.symbol] = _is_tradable(instrument)
        symbols = tuple(symbol for symbol in self._config.symbols if tradable.get(symbol))
        before = self.state.symbols
        if symbols == before:
            return None
        self.state.symbols = symbols
        removed = tuple(symbol for symbol in before if symbol not in symbols)
        return UniverseUpdated(
            symbols=symbols,
            added=tuple(symbol for symbol in symbols if symbol not in before),
            removed=removed,
            close_only=removed,
            source="config",
        )


def _is_tradable(instrument: Instrument) -> bool:
    has_filters = instrument.tick > 0 and instrument.step > 0 and instrument.max_qty > 0
    return instrument.status == "TRADING" and has_filters and bool(instrument.brackets)
