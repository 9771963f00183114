"""Which run this was, in two numbers: a running hash over all events, one over decisions."""

import msgspec
import xxhash

from quantum_os.events.base import Event
from quantum_os.events.catalog import EVENTS
from quantum_os.kernel.unreadable import UNREADABLE

_NOTHING = bytes(16)
_chained = xxhash.xxh3_128_digest

DECISION_STREAMS = frozenset(
    {
        "decision.summary",
        "ai.decision.made",
        "exit.stop_proposed",
        "sizing.decided",
        "exitbrain.adaptive_levels",
        "candidate.refused",
        "trade.intent",
        "risk.permit",
        "risk.refusal",
    }
)
"""From `decision.summary` to permit or refusal: what the fund decided, whatever the venue did."""


class RunningHash(msgspec.Struct):
    """An order-sensitive chain of 64-bit hashes in 128 bits; plain state for a snapshot."""

    value: bytes = _NOTHING

    def add(self, digest: int) -> None:
        self.value = _chained(self.value + digest.to_bytes(8, "little"))

    def __str__(self) -> str:
        return self.value.hex()


class RunDigest(msgspec.Struct):
    """The two running hashes of a run. Sequence numbers, wall time and the build take no part."""

    events: RunningHash = msgspec.field(default_factory=RunningHash)
    decisions: RunningHash = msgspec.field(default_factory=RunningHash)


def tag_of(stream: str) -> int:
    """Gives the number that a stream's name adds to the hash of its events."""
    return xxhash.xxh3_64_intdigest(stream.encode())


def digest_of(tag: int, payload: bytes) -> int:
    """Gives the 64-bit content hash of one event: its stream's tag and its payload."""
    return xxhash.xxh3_64_intdigest(payload, tag)


_TAGS = {stream: tag_of(stream) for stream in EVENTS}
_MARKED = frozenset(stream for stream, kind in EVENTS.items() if kind.UNHASHED)
_FORMS = {
    stream: (_TAGS[stream], stream in _MARKED, msgspec.msgpack.Decoder(kind).decode)
    for stream, kind in EVENTS.items()
}


def is_whole(stream: str, payload: bytes, digest: int) -> bool:
    """Whether an event's bytes are still those that were hashed when it was said."""
    kind = EVENTS.get(stream)
    if kind is None:
        return False
    if stream in _MARKED:
        return whole_event(stream, payload, digest) is not None
    return digest_of(_TAGS[stream], payload) == digest


def whole_event(stream: str, payload: bytes, digest: int) -> Event | None:
    """Gives the event that was said, if its bytes are still those that were hashed; else None."""
    form = _FORMS.get(stream)
    if form is None:
        return None
    tag, is_marked, decode = form
    try:
        if not is_marked:
            return decode(payload) if xxhash.xxh3_64_intdigest(payload, tag) == digest else None
        event = decode(payload)
        return event if digest_of(tag, hashed_payload(event, payload)) == digest else None
    except (*UNREADABLE, ValueError):
        return None


def hashed_payload(event: Event, payload: bytes) -> bytes:
    """Gives the bytes that take part in the hash: the payload without the run's own marks."""
    if not event.UNHASHED:
        return payload
    kept = {
        name: value
        for name, value in msgspec.structs.asdict(event).items()
        if name not in event.UNHASHED
    }
    return msgspec.msgpack.encode(kept)
