"""How messages of others are taken from a stream: through a consumer group, and never lost.

A message stays pending until it is acknowledged. What is still pending from an earlier life, or
from a consumer that died, comes again; what came too often goes to the dead letters, whole.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from quantum_os.storage.redis.entries import id_of
from quantum_os.storage.redis.layout import dead_key, group_of, stream_key
from quantum_os.storage.redis.link import Link, Lost, Word

TAKEN_MAX = 100
"""Messages taken at once."""

DEAD_MAX = 10_000
"""Dead letters kept per stream; the oldest go first."""

TRACE_MAX = 4_000
"""Characters of a traceback that go with a dead letter."""


class Message(msgspec.Struct, frozen=True):
    """One message of a stream; `deliveries` counts how often it was given to somebody."""

    stream: str
    id: str
    fields: Mapping[bytes, bytes]
    deliveries: int = 1

    @property
    def name(self) -> str:
        """What it is called everywhere: its key and its id."""
        return f"{stream_key(self.stream)}/{self.id}"

    @property
    def sent_ms(self) -> int:
        """When Redis took it, by the server's clock, ms since 1970."""
        return id_of(self.id)[0]


class Group:
    """One stream's messages, as the consumer `consumer` takes them."""

    def __init__(self, link: Link, stream: str, consumer: str) -> None:
        self._link = link
        self._stream = stream
        self._key = stream_key(stream)
        self._group = group_of(stream)
        self._consumer = consumer

    async def join(self) -> None:
        """Makes the group if there is none yet, at the very first message; raises Lost."""
        words = ("XGROUP", "CREATE", self._key, self._group, "0", "MKSTREAM")
        (answer,) = await self._link.ask_all([words])
        if isinstance(answer, Exception) and "BUSYGROUP" not in str(answer):
            raise Lost(str(answer))

    async def new(self, block_ms: int = 0) -> list[Message]:
        """Takes messages nobody has had; waits for the first one up to `block_ms`."""
        wait: tuple[Word, ...] = ("BLOCK", block_ms) if block_ms else ()
        return await self._read(*wait, "STREAMS", self._key, ">")

    async def left(self, after: str) -> list[Message]:
        """Gives what this consumer took after an id and did not acknowledge, once more."""
        return await self._counted(await self._read("STREAMS", self._key, after))

    async def claimed(self, idle_ms: int) -> list[Message]:
        """Takes over what anybody has had for that long without acknowledging it."""
        words = ("XAUTOCLAIM", self._key, self._group, self._consumer, idle_ms, "0-0")
        answer = await self._link.ask(*words, "COUNT", TAKEN_MAX)
        return await self._counted(self._messages(answer[1]))

    async def acknowledge(self, messages: Sequence[Message]) -> None:
        """Strikes messages off: they were heard, and what follows from them is durable."""
        if messages:
            ids = [message.id for message in messages]
            await self._link.ask("XACK", self._key, self._group, *ids)

    async def bury(self, message: Message, reason: str, trace: str = "") -> None:
        """Puts a message among the dead letters with its whole body, then strikes it off."""
        body = [word for field in message.fields.items() for word in field]
        letter: list[Word] = ["XADD", dead_key(self._stream), "MAXLEN", "~", DEAD_MAX, "*", *body]
        letter += ["dead_reason", reason, "dead_id", message.id]
        letter += ["dead_deliveries", message.deliveries, "dead_trace", trace[-TRACE_MAX:]]
        await self._link.ask(*letter)
        await self.acknowledge([message])

    async def _read(self, *words: Word) -> list[Message]:
        named = ("GROUP", self._group, self._consumer, "COUNT", TAKEN_MAX)
        answer = await self._link.ask("XREADGROUP", *named, *words)
        return self._messages(answer[self._key.encode()]) if answer else []

    def _messages(self, entries: Sequence[Any]) -> list[Message]:
        """Reads entries; one that was deleted meanwhile has no fields and is nobody's any more."""
        return [
            Message(self._stream, at.decode(), _fields(words))
            for at, words in entries
            if words is not None
        ]

    async def _counted(self, messages: list[Message]) -> list[Message]:
        """Adds how often each was delivered."""
        if not messages:
            return []
        span = (messages[0].id, messages[-1].id, len(messages), self._consumer)
        pending = await self._link.ask("XPENDING", self._key, self._group, *span)
        counts = {at.decode(): count for at, _, _, count in pending}
        return [
            msgspec.structs.replace(message, deliveries=counts.get(message.id, 1))
            for message in messages
        ]


def _fields(words: Sequence[bytes]) -> dict[bytes, bytes]:
    return dict(zip(words[::2], words[1::2], strict=True))
