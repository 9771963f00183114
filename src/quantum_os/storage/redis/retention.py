"""How much of each stream Redis keeps: by count and by age, and never what SQL still has to read.

Age is counted from when an event was mirrored, by the wall clock: a market that is played faster
than time keeps its day. `quantum:marks` remembers which event was the last at which hour.
"""

from collections.abc import Sequence

import msgspec

from quantum_os.events import market
from quantum_os.events.catalog import EVENTS
from quantum_os.storage.redis.layout import MARKS, META, Form, read_key
from quantum_os.storage.redis.link import Link, Word
from quantum_os.storage.redis.scripts import TRIM, done
from quantum_os.storage.redis.writer import Writer

ROUNDS_MAX = 1_000
"""Steps of one pass; each removes ten thousand entries of a key at most."""

_HOUR_S = 3_600


class Keep(msgspec.Struct, frozen=True):
    """How long and how many entries a stream is kept."""

    age_s: int
    count: int


class RetentionConfig(msgspec.Struct, frozen=True):
    """The two kinds of streams, how often they are trimmed, and how finely time is marked."""

    market: Keep = Keep(age_s=24 * _HOUR_S, count=1_000_000)
    other: Keep = Keep(age_s=30 * 24 * _HOUR_S, count=200_000)
    every_s: int = 60
    mark_s: int = _HOUR_S

    def of(self, key: str) -> Keep:
        """Gives what holds for a key; the market's are the streams of `events/market.py`."""
        kind = EVENTS.get(read_key(key)[0])
        return (
            self.market if kind is not None and kind.__module__ == market.__name__ else self.other
        )


class Reach(msgspec.Struct, frozen=True):
    """How far trimming may go: nothing past `watermark`, where the newest event is `mirrored`."""

    mirrored: int
    watermark: int
    rows_max: int

    def spares(self, key: str, count: int) -> bool:
        """Whether the newest `count` entries of a key hold all that lies past the watermark."""
        rows = self.rows_max if read_key(key)[1] is Form.ROWS else 1
        return (self.mirrored - self.watermark) * rows <= count


async def keep(
    link: Link, writer: Writer, config: RetentionConfig, *, now_s: int, watermark: int | None
) -> int:
    """Trims every key to what it may hold; gives the number of entries removed.

    Entries past `watermark` (the last event that SQL has) stay; None: nothing waits for SQL.
    """
    reach = Reach(
        mirrored=writer.mirrored,
        watermark=writer.mirrored if watermark is None else min(watermark, writer.mirrored),
        rows_max=writer.rows_max,
    )
    await _mark(link, now_s, reach.mirrored, config)
    bounds: list[Word] = []
    for kept in (config.market, config.other):
        keys = [key for key in writer.keys if config.of(key) is kept]
        old = await _last_before(link, now_s - kept.age_s)
        for key in keys:
            if old is not None:
                bounds += (key, "MINID", min(old, reach.watermark) + 1)
            if reach.spares(key, kept.count):
                bounds += (key, "MAXLEN", kept.count)
    return await _trimmed(link, writer.fence, bounds)


async def _mark(link: Link, now_s: int, mirrored: int, config: RetentionConfig) -> None:
    """Notes the newest event of this time, unless one was noted shortly before; drops old notes."""
    newest = await _scored(link, "+inf")
    if newest and now_s - newest[1] < config.mark_s:
        return
    oldest = now_s - max(config.market.age_s, config.other.age_s) - 2 * config.mark_s
    # An event that was the newest before keeps its older time.
    note = ("ZADD", MARKS, "NX", now_s, mirrored)
    await link.ask_all([note, ("ZREMRANGEBYSCORE", MARKS, "-inf", oldest)])


async def _last_before(link: Link, then_s: int) -> int | None:
    """Gives the event that was the newest one at that time, as far as it was noted."""
    found = await _scored(link, str(then_s))
    return None if found is None else found[0]


async def _scored(link: Link, upto: str) -> tuple[int, float] | None:
    words = ("ZRANGE", MARKS, upto, "-inf", "BYSCORE", "REV", "LIMIT", 0, 1, "WITHSCORES")
    said = await link.ask(*words)
    flat = [each for one in said for each in (one if isinstance(one, list | tuple) else (one,))]
    return (int(flat[0]), float(flat[1])) if flat else None


async def _trimmed(link: Link, fence: Sequence[str], bounds: Sequence[Word]) -> int:
    """Trims until nothing is left to trim: the server does it in portions."""
    total = 0
    for _ in range(ROUNDS_MAX if bounds else 0):
        removed = done(await link.run(TRIM, (META,), (*fence, *bounds)))
        if not removed:
            break
        total += removed
    return total
