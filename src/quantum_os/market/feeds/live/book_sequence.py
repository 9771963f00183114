"""Whether a change of a book follows the one before, or something was lost in between."""

from collections import deque
from enum import StrEnum

from quantum_os.market.feeds.live.heard import BookChange

WAITING_MAX = 1_000
"""Changes that wait for a snapshot; when more come the oldest go, and the snapshot will tell."""


class Place(StrEnum):
    """Where a change belongs."""

    NEXT = "next"
    OLD = "old"
    EARLY = "early"
    GAP = "gap"


class BookSequence:
    """Follows the numbers of one symbol's book.

    With `previous` (Binance USD-M's `pu`, Bybit's `u` - 1) a change follows when that is the last
    number we have; without it (spot) when it begins right behind it. The first change behind a
    snapshot may reach back before it.
    """

    def __init__(self) -> None:
        self._last: int | None = None
        self._fresh = False
        self._waiting: deque[BookChange] = deque(maxlen=WAITING_MAX)

    @property
    def last(self) -> int | None:
        """The number up to which the book is known; None until a snapshot has come."""
        return self._last

    def take(self, change: BookChange) -> list[BookChange]:
        """Gives the changes that can be applied now, in order.

        Early ones wait for their snapshot; behind a gap everything does, `last` being None.
        """
        if change.is_snapshot:
            return self._begin(change)
        place = self.place_of(change)
        if place is Place.NEXT:
            self._last, self._fresh = change.last, False
            return [change]
        if place is Place.GAP:
            self._last = None
        if place is not Place.OLD:
            self._waiting.append(change)
        return []

    def place_of(self, change: BookChange) -> Place:
        """Says where a change belongs, and changes nothing."""
        last = self._last
        if last is None:
            return Place.EARLY
        if change.last < last or (change.last == last and not self._fresh):
            return Place.OLD
        if self._fresh and change.first <= last + 1:
            return Place.NEXT
        follows = (
            change.previous == last if change.previous is not None else (change.first == last + 1)
        )
        return Place.NEXT if follows else Place.GAP

    def _begin(self, snapshot: BookChange) -> list[BookChange]:
        self._last, self._fresh = snapshot.last, True
        waiting, self._waiting = self._waiting, deque(maxlen=WAITING_MAX)
        taken = [snapshot]
        for change in waiting:
            taken += self.take(change)
        return taken
