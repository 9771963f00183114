"""Which symbols may be entered: the configured ones that the venue lists with filters and brackets."""

import msgspec

from quantum_os.events.governance import UniverseUpdated
from quantum_os.events.market import InstrumentUpdated
from quantum_os.kernel.reactor import Reactor


class UniverseConfig(msgspec.Struct, frozen=True):
    """The symbols this run wants to trade, in ccxt's unified form."""

    symbols: tuple[str, ...]


class UniverseState(msgspec.Struct):
    """The symbols that may be entered now."""

    symbols: tuple[str, ...] = ()


class Universe(Reactor[UniverseState]):
    """Intersects the wish list with what the venue trades; no order for a symbol without filters."""

    name = "governance.universe"

    def __init__(self, config: UniverseConfig) -> None:
        super().__init__(UniverseState())
        self._config = config

    def on_instruments(self, event: InstrumentUpdated) -> UniverseUpdated | None:
        tradable = {
            instrument.symbol
            for instrument in event.instruments
            if instrument.status == "TRADING" and instrument.brackets
        }
        symbols = tuple(symbol for symbol in self._config.symbols if symbol in tradable)
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
