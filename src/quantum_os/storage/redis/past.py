"""Whether a past can be played again from Redis alone: whose it is, and how far it goes."""

from collections.abc import Iterator

from quantum_os.kernel.envelope import Envelope
from quantum_os.storage.journal_reading import MissingEvents
from quantum_os.storage.redis.layout import META, SCHEMA
from quantum_os.storage.redis.reader import RedisReader


class NoPast(RuntimeError):
    """A Redis that holds no mirror, or one that cannot be played again; the text says why."""


class MirroredPast:
    """What one process has mirrored, up to the watermark at the moment it is opened.

    The process may go on writing: what is newer is left out, since it may not be whole yet. A
    mirror that ends before its own watermark has lost its end, and reading it says so.
    """

    def __init__(self, reader: RedisReader) -> None:
        """Raises NoPast where there is no mirror, and Lost where there is no Redis."""
        said = reader.meta()
        if not said.get("instance"):
            raise NoPast(
                f"it holds no mirror: there is no {META}; `quantum-os run --redis` keeps one"
            )
        if said.get("schema") != str(SCHEMA):
            raise NoPast(f"{META} is of layout {said.get('schema')}, this build reads {SCHEMA}")
        if not said.get("mirrored", "").isdecimal():
            raise NoPast(f"{META} does not say how far the mirror goes")
        self.instance = said["instance"]
        self.mirrored = int(said["mirrored"])
        self.plan = said.get("plan", "").encode()
        self._reader = reader

    def read(self, start: int = 1) -> Iterator[Envelope]:
        """Gives the events from a number on, up to the watermark.

        Raises MissingEvents where the last of them are gone, and what the reader raises.
        """
        last = start - 1
        for envelope in self._reader.read(start):
            if envelope.seq > self.mirrored:
                break
            yield envelope
            last = envelope.seq
        if last < self.mirrored:
            said = f"the events after {last} are missing: {self.mirrored} was mirrored once"
            raise MissingEvents(said, last + 1)

    def first_of(self, stream: str) -> Envelope | None:
        return self._reader.first_of(stream)

    def last_ts(self) -> int:
        return self._reader.last_ts()

    def whole_from(self) -> int | None:
        return self._reader.whole_from()
