"""Each stream keeps what it may hold: by count, by age, and never less than SQL still needs."""

from pathlib import Path

import pytest
import redis

from quantum_os.events.units import NS_PER_S
from quantum_os.storage.journal_reading import MissingEvents, verified
from quantum_os.storage.redis.layout import keys_of, stream_key, whole_key
from quantum_os.storage.redis.mirror import Mirror, MirrorConfig
from quantum_os.storage.redis.reader import RedisReader
from quantum_os.storage.redis.retention import Keep, Reach, RetentionConfig
from tests.kernel.fakes import alert, tick
from tests.storage.redis.fund import DUE_S, FIRST_SEQ, Speaker, cross_section, following

NODE = 100
"""Entries that Redis keeps together, and so trims together."""

TICKS, ALERTS = stream_key("market.tick"), stream_key("alert.raised")
LONG = Keep(age_s=10**9, count=10**9)


class Wall:
    """A clock on the wall that a test turns."""

    def __init__(self) -> None:
        self.seconds = 1_700_000_000

    def now(self) -> int:
        return self.seconds * NS_PER_S


class Trimming:
    """A mirror that trims whenever it is looked at, on a clock of its own."""

    def __init__(
        self, speaker: Speaker, url: str, retention: RetentionConfig, watermark: int | None = None
    ) -> None:
        self.wall = Wall()
        self._speaker = speaker
        self._url = url
        self._mirror = Mirror(
            MirrorConfig(url, retention=retention),
            speaker.journal,
            None if watermark is None else lambda: watermark,
            self.wall,
        )

    async def after(self, seconds: int) -> None:
        """Mirrors all that was said, and trims at that later time."""
        self.wall.seconds += seconds
        trimmed = self._mirror.trim_due_s
        await self._speaker.durable()
        assert await self._mirror.drain(DUE_S) == 0
        async with following(self._mirror, self._speaker) as mirror:
            await mirror.until(lambda: self._mirror.trim_due_s > trimmed)

    def lengths(self, *keys: str) -> list[int]:
        with redis.Redis.from_url(self._url) as client:
            return [client.xlen(key) for key in keys]


def rules(market: Keep = LONG, other: Keep = LONG) -> RetentionConfig:
    return RetentionConfig(market=market, other=other, every_s=1, mark_s=10)


def test_the_defaults_are_a_day_of_the_market_and_a_month_of_the_rest() -> None:
    config = RetentionConfig()
    assert config.of(TICKS) == Keep(24 * 3_600, 1_000_000)
    assert config.of(ALERTS) == Keep(30 * 24 * 3_600, 200_000)
    assert config.of(whole_key("market_data")) is config.market
    assert config.of(whole_key("ai.signal_generated")) is config.other
    assert config.of(stream_key("omen.seen")) is config.other


async def test_what_is_too_old_goes_and_the_rest_stays(url: str, home: Path) -> None:
    speaker = Speaker(home)
    trimming = Trimming(speaker, url, rules(market=Keep(age_s=60, count=10**9)))
    speaker.tick(500)
    speaker.say(alert())
    await trimming.after(0)
    speaker.tick(500)
    await trimming.after(30)
    assert trimming.lengths(TICKS, ALERTS) == [1_000, 1]
    await trimming.after(40)
    ticks, alerts = trimming.lengths(TICKS, ALERTS)
    assert 500 <= ticks <= 500 + NODE
    assert alerts == 1
    speaker.close()


async def test_what_is_too_much_goes(url: str, home: Path) -> None:
    speaker = Speaker(home)
    trimming = Trimming(speaker, url, rules(other=Keep(age_s=10**9, count=300)))
    for number in range(1_000):
        speaker.say(alert(str(number)))
    speaker.tick(1_000)
    await trimming.after(0)
    alerts, ticks = trimming.lengths(ALERTS, TICKS)
    assert 300 <= alerts <= 300 + NODE
    assert ticks == 1_000
    speaker.close()


@pytest.mark.parametrize("read", [0, 700, 1_500])
async def test_nothing_goes_that_sql_has_not_read(url: str, home: Path, read: int) -> None:
    speaker = Speaker(home)
    keep = Keep(age_s=60, count=1)
    trimming = Trimming(speaker, url, rules(market=keep), watermark=FIRST_SEQ + read - 1)
    speaker.tick(1_500)
    await trimming.after(0)
    await trimming.after(100)
    (left,) = trimming.lengths(TICKS)
    assert 1_500 - read <= left <= 1_500 - read + NODE
    speaker.close()


async def test_rows_are_kept_while_sql_may_need_their_event(url: str, home: Path) -> None:
    """A row is an entry, but the watermark counts events: twenty rows may be one of them."""
    speaker = Speaker(home)
    keep = Keep(age_s=10**9, count=20 * 9)
    trimming = Trimming(speaker, url, rules(market=keep), watermark=FIRST_SEQ + 10 - 1)
    for _ in range(20):
        speaker.say(cross_section(20))
    await trimming.after(0)
    assert trimming.lengths(*keys_of("market_data")) == [400, 20]
    speaker.close()


def test_how_far_the_count_may_trim() -> None:
    reach = Reach(mirrored=1_000, watermark=900, rows_max=20)
    assert reach.spares(TICKS, 100)
    assert not reach.spares(TICKS, 99)
    assert reach.spares(stream_key("market_data"), 2_000)
    assert not reach.spares(stream_key("market_data"), 1_999)
    assert reach.spares(whole_key("market_data"), 100)


async def test_f16_ten_times_the_usual_load_stays_within_fixed_bounds(url: str, home: Path) -> None:
    speaker = Speaker(home)
    keep = Keep(age_s=60, count=400)
    trimming = Trimming(speaker, url, rules(keep, keep))
    for minute in range(10):
        speaker.tick(900)
        for number in range(100):
            speaker.say(alert(f"{minute}-{number}"))
        await trimming.after(30)
        assert max(trimming.lengths(TICKS, ALERTS)) <= 400 + NODE
    with redis.Redis.from_url(url) as client:
        assert client.zcard("quantum:marks") <= 10
    speaker.close()


async def test_what_is_left_of_a_trimmed_mirror_is_whole_from_where_it_says(
    url: str, home: Path
) -> None:
    speaker = Speaker(home)
    speaker.say(alert("first"))
    trimming = Trimming(speaker, url, rules(market=Keep(age_s=10**9, count=100)))
    for number in range(500):
        speaker.say(tick(1.0 + number))
    with RedisReader(url) as reader:
        assert reader.whole_from() is None
        await trimming.after(0)
        begins = reader.whole_from()
        assert begins is not None
        assert FIRST_SEQ + 301 <= begins <= FIRST_SEQ + 401
        assert len(list(verified(reader, begins))) == FIRST_SEQ + 501 - begins
        with pytest.raises(MissingEvents):
            list(verified(reader))
        assert reader.meta()["mirrored"] == str(FIRST_SEQ + 500)
    speaker.close()
