"""In which symbols the fund has a stake: a position, or an order that may still fill."""

from quantum_os.events.execution import OrderRequested, OrderUpdated
from quantum_os.events.portfolio import PositionUpdated
from quantum_os.formulas.order_states import TERMINAL


class Stakes:
    """Hears of positions and orders; what it knows only decides how often a symbol is told of."""

    def __init__(self) -> None:
        self._positions: set[str] = set()
        self._orders: dict[str, str] = {}
        self._symbols: set[str] = set()

    def __contains__(self, symbol: str) -> bool:
        return symbol in self._symbols

    def on_position(self, event: PositionUpdated) -> None:
        if event.qty:
            self._positions.add(event.symbol)
        else:
            self._positions.discard(event.symbol)
        self._count()

    def on_order_requested(self, event: OrderRequested) -> None:
        self._orders[event.client_id] = event.symbol
        self._count()

    def on_order(self, event: OrderUpdated) -> None:
        if event.state in TERMINAL and event.client_id in self._orders:
            del self._orders[event.client_id]
            self._count()

    def _count(self) -> None:
        self._symbols = self._positions | set(self._orders.values())
