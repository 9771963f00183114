"""A process that was given a Redis gets its edges, and one that was not pays nothing for it."""

import subprocess
import sys
from pathlib import Path

import pytest

from quantum_os.storage.journal_index import identity_of
from quantum_os.storage.redis.edges import RedisConfig, redis_edges
from tests.storage.redis.fund import Speaker

UNLOADED = """
import sys
import quantum_os.cli.main
import quantum_os.storage.redis.edges
import quantum_os.storage.redis.reader
loaded = {name.partition(".")[0] for name in sys.modules} & {"redis", "hiredis"}
sys.exit(f"loaded {loaded}" if loaded else 0)
"""


def test_without_outside_producers_there_is_only_the_mirror(home: Path) -> None:
    speaker = Speaker(home)
    edges = redis_edges(RedisConfig("redis://127.0.0.1:1/0"), speaker.journal, epoch=3)
    assert edges.modules == (edges.mirror,)
    assert edges.mirror.config.epoch == 3
    assert edges.mirror.lag == 0
    speaker.close()


def test_a_stream_that_is_let_in_is_mirrored_beside(home: Path) -> None:
    speaker = Speaker(home)
    config = RedisConfig("redis://127.0.0.1:1/0", let_in=("trade.intent",), drain=True)
    edges = redis_edges(config, speaker.journal, epoch=0)
    assert edges.inbound is not None
    assert edges.modules == (edges.inbound, edges.mirror)
    assert edges.mirror.config.aside == {"trade.intent"}
    assert (edges.inbound.config.drain, edges.inbound.config.consumer) == (
        True,
        identity_of(speaker.journal.path),
    )
    speaker.close()


@pytest.mark.parametrize(
    "config",
    [RedisConfig("localhost:6379"), RedisConfig("redis://127.0.0.1:1", let_in=("fill",))],
)
def test_what_cannot_be_is_refused_before_anything_starts(home: Path, config: RedisConfig) -> None:
    speaker = Speaker(home)
    with pytest.raises(ValueError, match=r"names no Redis|cannot be let in"):
        redis_edges(config, speaker.journal, epoch=0)
    speaker.close()


def test_the_library_is_loaded_only_where_redis_is_used() -> None:
    done = subprocess.run(
        [sys.executable, "-c", UNLOADED], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
