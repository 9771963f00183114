"""What a book looks like after its changes: the levels of both sides, and whether they can be."""

from quantum_os.market.feeds.live.heard import BookChange, Level


class Book:
    """The levels of one symbol; only changes in their sequence may be applied."""

    def __init__(self) -> None:
        self._bids: dict[float, float] = {}
        self._asks: dict[float, float] = {}

    def apply(self, change: BookChange) -> None:
        """Sets the levels that a change names; a snapshot forgets all others."""
        if change.is_snapshot:
            self._bids.clear()
            self._asks.clear()
        _set(self._bids, change.bids)
        _set(self._asks, change.asks)

    @property
    def bid(self) -> Level | None:
        """The best price to sell at and its quantity."""
        if not self._bids:
            return None
        price = max(self._bids)
        return price, self._bids[price]

    @property
    def ask(self) -> Level | None:
        """The best price to buy at and its quantity."""
        if not self._asks:
            return None
        price = min(self._asks)
        return price, self._asks[price]

    @property
    def is_crossed(self) -> bool:
        """Whether somebody bids more than somebody else asks: then a change was lost."""
        bid, ask = self.bid, self.ask
        return bid is not None and ask is not None and bid[0] >= ask[0]

    @property
    def depth(self) -> tuple[int, int]:
        """The count of levels on both sides."""
        return len(self._bids), len(self._asks)


def _set(side: dict[float, float], levels: tuple[Level, ...]) -> None:
    for price, qty in levels:
        if qty:
            side[price] = qty
        else:
            side.pop(price, None)
