"""Whether a journal that is read back is whole: in order, without a hole, every event as it was."""

from collections.abc import Iterator
from typing import Protocol

import msgspec

from quantum_os.events.catalog import EVENTS
from quantum_os.kernel.digest import digest_of, hashed_payload, tag_of
from quantum_os.kernel.envelope import Envelope


class JournalReader(Protocol):
    """Whatever a recorded day can be replayed from."""

    def read(self, start: int = 1) -> Iterator[Envelope]:
        """Gives the events from `start` on, in order."""


class DamagedRecord(ValueError):
    """An event that cannot be read back as it was said; the text names it."""


class MissingEvents(DamagedRecord):
    """Events that the numbers say there were, and that are not there."""


def verified(reader: JournalReader, start: int | None = None) -> Iterator[Envelope]:
    """Gives the events from `start` on (None: from the first there is), each held to its hash.

    Raises MissingEvents where the numbers have a hole or begin too late, and DamagedRecord where an
    event is not what its hash says, or is of a stream that this build does not know.
    """
    expected = start
    for envelope in reader.read(1 if start is None else start):
        if expected is not None and envelope.seq != expected:
            raise MissingEvents(_hole(expected, envelope.seq))
        problem = _problem(envelope)
        if problem:
            raise DamagedRecord(f"event {envelope.seq}, {envelope.stream}: {problem}")
        expected = envelope.seq + 1
        yield envelope


def _hole(expected: int, found: int) -> str:
    if found < expected:
        return f"event {found} comes after event {expected - 1}"
    last = found - 1
    return (
        f"event {last} is missing" if last == expected else f"events {expected} to {last} missing"
    )


def _problem(envelope: Envelope) -> str:
    """What is wrong with one event; empty for one that is as it was said."""
    kind = EVENTS.get(envelope.stream)
    if kind is None:
        return "no such stream in this build"
    payload = envelope.payload
    if kind.UNHASHED:
        try:
            payload = hashed_payload(envelope.event(), payload)
        except (msgspec.DecodeError, ValueError) as error:
            return str(error)
    matches = digest_of(tag_of(envelope.stream), payload) == envelope.digest
    return "" if matches else "its content is not what its hash says"
