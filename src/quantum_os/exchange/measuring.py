"""How an exchange's clock is measured, and how long it accepts what we have stamped."""

from typing import Any

RECV_WINDOW_MS = 5_000
"""After which the exchange no longer accepts a request that was under way."""


class NoTime(ConnectionError):
    """An exchange answered, and did not say what time it is."""


async def measure_clock(client: Any) -> float:
    """Asks the exchange for its time and books it; gives the offset, ms. Raises as ccxt does."""
    clock = client.line.clock
    mark = clock.begin()
    venue_ms = await client.fetch_time()
    if venue_ms is None:
        raise NoTime(f"{client.id}: asked for its time, it gave none")
    clock.measure(mark, int(venue_ms))
    return float(clock.offset_ms)
