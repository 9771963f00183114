"""Which edges a process needs that was given a Redis: the mirror, and who else is let in."""

from collections.abc import Callable

import msgspec

from quantum_os.kernel.edge import Edge
from quantum_os.storage.journal_index import identity_of
from quantum_os.storage.redis.address import redis_url
from quantum_os.storage.redis.inbound import Inbound, InboundConfig
from quantum_os.storage.redis.mirror import Mirror, MirrorConfig
from quantum_os.storage.redis.retention import RetentionConfig
from quantum_os.storage.sqlite_journal import SqliteJournal


class RedisConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where Redis is, which streams are let in (none), and how much is kept there.

    With `drain` what is let in is consumed and not traded. `plan` is what the fund's line-up is
    built from.
    """

    url: str
    let_in: tuple[str, ...] = ()
    drain: bool = False
    retention: RetentionConfig = RetentionConfig()
    plan: bytes = b""


class RedisEdges(msgspec.Struct, frozen=True):
    """The mirror, which is asked how far it has come, and the way in if there is one."""

    mirror: Mirror
    inbound: Inbound | None

    @property
    def modules(self) -> tuple[Edge, ...]:
        """Gives them in line-up order: the mirror last, so that it stops last."""
        return (self.mirror,) if self.inbound is None else (self.inbound, self.mirror)


def redis_edges(
    config: RedisConfig,
    journal: SqliteJournal,
    epoch: int,
    watermark: Callable[[], int] | None = None,
) -> RedisEdges:
    """Builds the edges; raises ValueError for a URL or a stream that cannot be.

    `epoch` numbers the process's lives; `watermark` gives the last event that SQL has (None: there
    is no SQL to wait for). Loads the Redis library: call it before the loop turns.
    """
    mirror = MirrorConfig(
        url=redis_url(config.url),
        epoch=epoch,
        aside=frozenset(config.let_in),
        retention=config.retention,
        plan=config.plan,
    )
    inbound = InboundConfig(
        url=config.url,
        consumer=identity_of(journal.path),
        streams=config.let_in,
        drain=config.drain,
    )
    return RedisEdges(
        mirror=Mirror(mirror, journal, watermark),
        inbound=Inbound(inbound) if config.let_in else None,
    )
