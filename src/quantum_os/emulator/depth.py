"""Decides what the order book of a symbol looks like around its price, and what a tick changes."""

import msgspec

from quantum_os.emulator.contracts import Contract
from quantum_os.events.units import Side
from quantum_os.execution.venues.sim.noise import noise

LEVELS = 50
"""Prices shown on each side."""

GAP_BPS = 0.5
"""Of price: between two levels, one tick at least."""

LEVEL_USD = 60_000.0
"""Median worth of a level."""

Level = tuple[str, str]
"""Price and quantity as they are written."""


class Quote(msgspec.Struct, frozen=True, gc=False):
    """The best prices."""

    bid: float
    ask: float


class Change(msgspec.Struct, frozen=True):
    """What a tick changed: `first` to `last` are its update ids, `before` the last one before."""

    first: int
    last: int
    before: int
    bids: list[Level]
    asks: list[Level]


class Depth:
    """A modelled book: the trades are the tape's, the sizes that stand beside them are not.

    The size of a level depends on its price alone, so a book moves where the price moves.
    """

    def __init__(self, contract: Contract, seed: int) -> None:
        self._contract = contract
        self._seed = seed
        self._places: tuple[int, int] = (0, 0)
        self._bids: dict[str, str] = {}
        self._asks: dict[str, str] = {}
        self._grid = 1
        self.last_id = 1
        self.quote_id = 0

    def quote_of(self, price: float, side: Side) -> Quote:
        """The best prices right after a trade: a buyer took the ask, a seller the bid."""
        contract = self._contract
        tick = contract.tick
        place = round(price / tick)
        bid, ask = (place - 1, place) if side is Side.BUY else (place, place + 1)
        self._places = (max(bid, 1), max(ask, 2))
        self._grid = max(1, round(price * GAP_BPS / 1e4 / tick))
        bid, ask = self._places
        digits = contract.price_digits
        return Quote(round(bid * tick, digits), round(ask * tick, digits))

    def best_sizes(self) -> tuple[float, float]:
        """What stands at the best bid and at the best ask, in base."""
        bid, ask = self._places
        return self._size(bid), self._size(ask)

    def refresh(self) -> Change:
        """Moves the book to the newest quote and gives what changed."""
        bids, asks = self._side(self._places[0], -1), self._side(self._places[1], 1)
        first, before = self.last_id + 1, self.last_id
        changed_bids = _changes(self._bids, bids)
        changed_asks = _changes(self._asks, asks)
        self.last_id += max(1, len(changed_bids) + len(changed_asks))
        self._bids, self._asks = bids, asks
        return Change(first, self.last_id, before, changed_bids, changed_asks)

    def levels(self, limit: int) -> tuple[list[Level], list[Level]]:
        """The best bids and asks as of the last refresh."""
        return list(self._bids.items())[:limit], list(self._asks.items())[:limit]

    def _side(self, best: int, step: int) -> dict[str, str]:
        tick = self._contract.tick
        grid = self._grid
        start = best // grid if step < 0 else -(-best // grid)
        places = dict.fromkeys([best, *((start + step * n) * grid for n in range(1, LEVELS))])
        written = self._contract
        return {
            written.price(place * tick): written.qty(self._size(place))
            for place in places
            if place > 0
        }

    def _size(self, place: int) -> float:
        chance = noise(self._seed, "depth", self._contract.name, place)
        step, tick = self._contract.step, self._contract.tick
        worth = LEVEL_USD * (0.25 + 1.5 * chance)
        return max(step, round(worth / (place * tick) / step) * step)


def _changes(before: dict[str, str], after: dict[str, str]) -> list[Level]:
    changed = [(price, qty) for price, qty in after.items() if before.get(price) != qty]
    gone = [(price, "0") for price in before if price not in after]
    return changed + gone
