"""Decides what a contract is called on the wire, and how its prices and quantities are written."""

from decimal import Decimal

from quantum_os.emulator.refusals import Refused
from quantum_os.events.market import Instrument

QUOTE = "USDT"

ORDERS_MAX = 200
"""Open plain orders of a symbol, as the filter MAX_NUM_ORDERS says."""

ALGOS_MAX = 200
"""Conditional orders of a symbol that may wait, as the filter MAX_NUM_ALGO_ORDERS says."""


class Contract:
    """One perpetual on the wire; `relist` replaces its `instrument`."""

    def __init__(self, instrument: Instrument) -> None:
        self.relist(instrument)
        self.base = instrument.symbol.partition("/")[0]
        self.name = f"{self.base}{QUOTE}"
        self.delivery_ms = 4_133_404_800_000
        self.orders_max, self.algos_max = ORDERS_MAX, ALGOS_MAX

    @property
    def symbol(self) -> str:
        """The unified name, `BTC/USDT:USDT`."""
        return self.instrument.symbol

    def relist(self, instrument: Instrument) -> None:
        """Takes other filters, brackets or another status."""
        self.instrument = instrument
        self.tick, self.step = float(instrument.tick), float(instrument.step)
        self.price_digits = digits_of(instrument.tick)
        self.qty_digits = digits_of(instrument.step)

    def on_tick(self, price: float) -> float:
        """The price nearest to this one that an order could have; one tick at the least."""
        return round(max(round(price / self.tick), 1) * self.tick, self.price_digits)

    def price(self, value: float | Decimal) -> str:
        """Writes a price with the digits of the tick."""
        return f"{value:.{self.price_digits}f}"

    def average(self, value: Decimal) -> str:
        """Writes a volume-weighted price, with some digits more than the tick has."""
        return f"{value:.{max(5, self.price_digits + 2)}f}"

    def qty(self, value: float | Decimal) -> str:
        """Writes a quantity with the digits of the step."""
        return f"{value:.{self.qty_digits}f}"

    @property
    def leverage_max(self) -> int:
        return max(bracket.leverage_max for bracket in self.instrument.brackets)


class Contracts:
    """All contracts of the venue, by both of their names."""

    def __init__(self, instruments: tuple[Instrument, ...]) -> None:
        self.all = [Contract(instrument) for instrument in instruments]
        self._by_name = {contract.name: contract for contract in self.all}
        self._by_symbol = {contract.symbol: contract for contract in self.all}

    def named(self, name: object) -> Contract:
        """Gives the contract of a wire name; raises Refused -1121."""
        found = self._by_name.get(str(name).upper())
        if found is None:
            raise Refused(-1121)
        return found

    def of(self, symbol: str) -> Contract:
        """Gives the contract of a unified symbol; KeyError for one that is not listed."""
        return self._by_symbol[symbol]

    def names(self, name: str) -> bool:
        """Whether a wire name, in any case, is listed."""
        return name.upper() in self._by_name


def digits_of(grid: Decimal) -> int:
    """Decimal places of a tick or step."""
    exponent = grid.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def plain(value: Decimal, places: int = 8) -> str:
    """Writes money with a fixed number of decimals."""
    return f"{value:.{places}f}"
