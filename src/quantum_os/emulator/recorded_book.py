"""Decides which levels of a recorded book are known: those that a message has told of."""

from collections import deque

from quantum_os.emulator.contracts import Contract
from quantum_os.emulator.depth import Change, Depth, Level
from quantum_os.emulator.orders import Json
from quantum_os.market.feeds.live.heard import BookChange

CHANGES_KEPT = 2_000
"""Changes that are kept to lay them over a book that REST gave while they came."""

_SIDES = ("b", "a"), ("bids", "asks")


class RecordedBook(Depth):
    """A book of recorded changes. A hole in their numbers makes every level unknown again.

    Until a whole book was recorded it holds the levels that changed since the capture began.
    """

    def __init__(self, contract: Contract) -> None:
        super().__init__(contract, 0)
        self.last_id = 0
        self.quote_id = 0
        self._levels: tuple[dict[str, str], dict[str, str]] = ({}, {})
        self._recent: deque[tuple[BookChange, Json]] = deque(maxlen=CHANGES_KEPT)
        self._sizes = (0.0, 0.0)

    def takes(self, change: BookChange, body: Json) -> None:
        """Takes a change or a whole book in."""
        if change.is_snapshot:
            self._begin_with(change, body)
            return
        if self.last_id and change.last <= self.last_id:
            return  # the whole book that was recorded holds it already
        if self._recent and change.previous != self._recent[-1][0].last:
            self._levels = ({}, {})
            self._recent.clear()
        self._recent.append((change, body))
        self._lay(change, body, _SIDES[0])

    def quoted(self, body: Json) -> None:
        """Takes the sizes of the best prices in."""
        self._sizes = float(str(body["B"])), float(str(body["A"]))
        self.quote_id = int(str(body["u"]))

    def best(self) -> tuple[float, float] | None:
        """The best bid and ask; None while a side is not known, or what is known is crossed."""
        bids, asks = self._levels
        if not bids or not asks:
            return None
        bid, ask = max(map(float, bids)), min(map(float, asks))
        return (bid, ask) if bid < ask else None

    def best_sizes(self) -> tuple[float, float]:
        return self._sizes

    def refresh(self) -> Change:
        """Nothing of a recorded book moves by being looked at."""
        return Change(self.last_id, self.last_id, self.last_id, [], [])

    def levels(self, limit: int) -> tuple[list[Level], list[Level]]:
        bids, asks = self._levels
        return (
            sorted(bids.items(), key=lambda row: -float(row[0]))[:limit],
            sorted(asks.items(), key=lambda row: float(row[0]))[:limit],
        )

    def _begin_with(self, whole: BookChange, body: Json) -> None:
        later = [(change, told) for change, told in self._recent if change.last > whole.last]
        self._levels = ({}, {})
        self._lay(whole, body, _SIDES[1])
        for change, told in later:
            self._lay(change, told, _SIDES[0])

    def _lay(self, change: BookChange, body: Json, names: tuple[str, str]) -> None:
        for levels, name in zip(self._levels, names, strict=True):
            rows = body.get(name)
            for row in rows if isinstance(rows, list) else ():
                price, qty = str(row[0]), str(row[1])
                if float(qty):
                    levels[price] = qty
                else:
                    levels.pop(price, None)
        self.last_id = max(self.last_id, change.last)
