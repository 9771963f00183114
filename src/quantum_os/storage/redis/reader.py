"""The journal read back from Redis alone: every stream's events, merged by their numbers."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Self

from quantum_os.kernel.envelope import Envelope
from quantum_os.storage.redis.address import redis_url
from quantum_os.storage.redis.entries import envelope_of, id_of, is_ours
from quantum_os.storage.redis.layout import META, STREAMS, Form, is_shared, read_key
from quantum_os.storage.redis.link import ANSWER_S, plainly

if TYPE_CHECKING:
    from redis import Redis

PAGE = 200
"""Entries of one key read at once."""


class RedisReader:
    """Reads what a mirror wrote; a journal reader like the local file, and no part of the loop.

    Entries that others wrote into the same keys are passed over. What is not there shows as a hole
    in the numbers: `verified` names it.
    """

    def __init__(self, url: str, page: int = PAGE) -> None:
        from redis import Redis

        self._page = page
        self._client: Redis = Redis.from_url(redis_url(url), socket_timeout=ANSWER_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._client.close()

    def read(self, start: int = 1) -> Iterator[Envelope]:
        """Gives the events from `start` on, in order.

        Raises Lost when Redis fails, DamagedRecord for an entry that cannot be read.
        """
        last = 0
        streams = [self._events(key, start) for key in self._keys()]
        for envelope in heapq.merge(*streams, key=lambda each: each.seq):
            if envelope.seq != last:
                yield envelope
            last = envelope.seq

    def first_of(self, stream: str) -> Envelope | None:
        """Gives the oldest event of a stream; None when there is none."""
        firsts = [
            next(self._events(key, 1), None) for key in self._keys() if read_key(key)[0] == stream
        ]
        found = [envelope for envelope in firsts if envelope is not None]
        return min(found, key=lambda each: each.seq, default=None)

    def last_ts(self) -> int:
        """Gives the time of the newest event, ns; 0 while there is none."""
        newest = (0, 0)
        for key in self._keys():
            for at, fields in self._asked("XREVRANGE", key, "+", "-", "COUNT", 1):
                if is_ours(at, fields):
                    newest = max(newest, (id_of(at)[0], int(fields.get(b"ts", 0))))
        return newest[1]

    def whole_from(self) -> int | None:
        """Gives the number from which on nothing has been trimmed away; None while there is none.

        Before it some streams still have their events, but no day can be replayed for sure. An
        entry that was deleted within a key is no trimming but a hole, which `verified` names.
        """
        firsts, trimmed = [], []
        keys = self._keys()
        for key in keys:
            if is_shared(key, keys):
                continue  # whoever else writes there trims it as they like; ours lie beside it
            told = self._asked("XINFO STREAM", key)
            oldest = told["first-entry"]
            first = (
                id_of(told["last-generated-id"])[0] + 1 if oldest is None else id_of(oldest[0])[0]
            )
            has_hole = oldest is not None and id_of(told["max-deleted-entry-id"]) > id_of(oldest[0])
            if told["entries-added"] > told["length"] and not has_hole:
                trimmed.append(first)
            elif oldest is not None and is_ours(*oldest):
                firsts.append(first)
        return max(trimmed) if trimmed else min(firsts, default=None)

    def meta(self) -> Mapping[str, str]:
        """Gives whose mirror this is: instance, epoch, schema, plan, and the watermark `mirrored`.

        It is empty where there is no mirror.
        """
        told = self._asked("HGETALL", META)
        return {name.decode(): value.decode("utf-8", "replace") for name, value in told.items()}

    def _keys(self) -> list[str]:
        """The keys that hold whole events, whatever streams this build knows."""
        with plainly():
            found = self._client.scan_iter(match=f"{STREAMS}*", count=1_000, _type="stream")
            keys = sorted(key.decode() for key in found)
        return [key for key in keys if read_key(key)[1] is Form.WHOLE]

    def _events(self, key: str, start: int) -> Iterator[Envelope]:
        stream, _ = read_key(key)
        begin = f"{start}-0"
        while entries := self._asked("XRANGE", key, begin, "+", "COUNT", self._page):
            for at, fields in entries:
                if is_ours(at, fields):
                    yield envelope_of(stream, fields)
            seq, row = id_of(entries[-1][0])
            begin = f"{seq}-{row + 1}"

    def _asked(self, *words: str | int) -> Any:
        with plainly():
            return self._client.execute_command(*words)  # type: ignore[no-untyped-call]
