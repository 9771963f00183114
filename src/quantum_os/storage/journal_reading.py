"""Whether a journal that is read back is whole: in order, without a hole, every event as it was."""

from collections.abc import Iterator
from typing import Protocol

from quantum_os.events.catalog import EVENTS
from quantum_os.kernel.digest import digest_of, hashed_payload, tag_of
from quantum_os.kernel.envelope import Envelope
from quantum_os.kernel.unreadable import UNREADABLE


class JournalReader(Protocol):
    """Whatever a recorded day can be replayed from."""

    def read(self, start: int = 1) -> Iterator[Envelope]:
        """Gives the events from `start` on, in order."""


class Past(JournalReader, Protocol):
    """A journal that a process lived by, or a mirror of one: what its past is played again from."""

    def whole_from(self) -> int | None:
        """Gives the number from which on nothing has been trimmed away; None while it is empty."""

    def first_of(self, stream: str) -> Envelope | None:
        """Gives the oldest event of a stream; None when there is none."""

    def last_ts(self) -> int:
        """Gives the time of the last event, ns; 0 while there is none."""


class DamagedRecord(ValueError):
    """An event that cannot be read back as it was said; the text names it.

    `seq` and `stream` say so too, as far as they are known.
    """

    def __init__(self, text: str, seq: int = 0, stream: str = "") -> None:
        super().__init__(text)
        self.seq = seq
        self.stream = stream


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
            raise MissingEvents(_hole(expected, envelope.seq), expected)
        problem = _problem(envelope)
        if problem:
            seq, stream = envelope.seq, envelope.stream
            raise DamagedRecord(f"event {seq}, {stream}: {problem}", seq, stream)
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
        except (*UNREADABLE, ValueError, TypeError, ArithmeticError) as error:
            return str(error)
    try:
        matches = digest_of(tag_of(envelope.stream), payload) == envelope.digest
    except TypeError:
        return "its content is no content at all"
    return "" if matches else "its content is not what its hash says"
