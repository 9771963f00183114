"""What becomes of market inputs that nobody has heard yet when newer ones come."""

from collections.abc import Callable

import msgspec

from quantum_os.events.market import ExchangeRaw, MarketTick
from quantum_os.events.units import NS_PER_MS

HOT_MS = 250
"""How often at most a symbol is told of that has a position or an order."""

COLD_MS = 5_000
"""How often at most any other symbol is told of."""

Conflated = MarketTick | ExchangeRaw
"""What may be conflated: a price, or a value that a newer one replaces."""

Key = tuple[str, str, str]
"""Venue, symbol and kind."""


class Conflator:
    """Holds prices back until their symbol may be told of again, and merges what comes meanwhile.

    The first price after a silence is told at once. `is_hot` says which symbols we have a stake in.
    """

    def __init__(
        self, is_hot: Callable[[str], bool], hot_ms: int = HOT_MS, cold_ms: int = COLD_MS
    ) -> None:
        self._is_hot = is_hot
        self._hot_ns, self._cold_ns = hot_ms * NS_PER_MS, cold_ms * NS_PER_MS
        self._held: dict[Key, Conflated] = {}
        self._told: dict[Key, int] = {}
        self.offered = 0
        self.conflated = 0

    @property
    def waiting(self) -> int:
        """How many inputs wait for their turn."""
        return len(self._held)

    def offer(self, event: Conflated) -> None:
        """Takes an input; one that still waits is merged with it."""
        self.offered += 1
        key = _key(event)
        old = self._held.get(key)
        if old is not None:
            self.conflated += 1
            if isinstance(old, MarketTick) and isinstance(event, MarketTick):
                event = merged(old, event)
        self._held[key] = event

    def due(self, now: int, venue: str | None = None) -> list[Conflated]:
        """Gives what may be told now (ns); all that waits of `venue`, where one is named."""
        if not self._held:
            return []
        ready = [key for key in self._held if key[0] == venue or self._is_due(key, now)]
        for key in ready:
            self._told[key] = now
        return [self._held.pop(key) for key in ready]

    def forget_path(self, symbol: str) -> None:
        """Leaves of a price that waits only the last: an order cannot be filled by what was before
        it.
        """
        for key, event in self._held.items():
            if key[1] == symbol and isinstance(event, MarketTick):
                self._held[key] = msgspec.structs.replace(event, high=None, low=None)

    def _is_due(self, key: Key, now: int) -> bool:
        """A clock that was set back holds no price back: what was told then was told long ago."""
        interval = self._hot_ns if self._is_hot(key[1]) else self._cold_ns
        return abs(now - self._told.get(key, -interval)) >= interval


def _key(event: Conflated) -> Key:
    return event.venue, event.symbol, "tick" if isinstance(event, MarketTick) else event.kind


def merged(old: MarketTick, new: MarketTick) -> MarketTick:
    """Gives the newer tick with the extremes, volume and count of both."""
    highs = (old.high, old.price, new.high, new.price)
    lows = (old.low, old.price, new.low, new.price)
    volumes = [volume for volume in (_traded(old), _traded(new)) if volume is not None]
    return msgspec.structs.replace(
        new,
        high=max(price for price in highs if price is not None),
        low=min(price for price in lows if price is not None),
        volume=sum(volumes) if volumes else None,
        count=old.count + new.count,
        bid=old.bid if new.bid is None else new.bid,
        ask=old.ask if new.ask is None else new.ask,
        synthetic=old.synthetic or new.synthetic,
    )


def _traded(tick: MarketTick) -> float | None:
    """What a tick traded: a conflated one says it as `volume`, a single one as its `qty`."""
    return tick.qty if tick.volume is None else tick.volume
