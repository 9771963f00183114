"""What is written of an event: its entries, field by field, and the event read back from one."""

from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Iterator, Mapping

import msgspec

from quantum_os.kernel.envelope import Envelope
from quantum_os.kernel.iso_time import iso
from quantum_os.kernel.unreadable import UNREADABLE
from quantum_os.storage.journal_reading import DamagedRecord
from quantum_os.storage.redis.layout import ROWED, SCHEMA, stream_key, whole_key
from quantum_os.storage.redis.old_shapes import told_to_old_readers
from quantum_os.storage.redis.rows import rows_of

Id = tuple[int, int]
"""An entry's id: the event's number, and the row within it."""

Text = str | bytes

_packed = msgspec.msgpack.Encoder().encode
_unpacked = msgspec.msgpack.Decoder().decode
_written = msgspec.json.Encoder().encode
_read = msgspec.json.Decoder().decode


class Entry(msgspec.Struct, frozen=True, gc=False):
    """One entry of one key; `fields` is name, value, name, value. `ends` its event's last one."""

    key: str
    id: Id
    fields: tuple[Text, ...]
    ends: bool


def entries_of(envelope: Envelope, aside: frozenset[str] = frozenset()) -> Iterator[Entry]:
    """Gives the entries of one event: its rows for old readers first, the whole event last.

    `payload` is JSON. Where old readers know the event by another shape it is that shape, and ours
    stands in `event`. Should JSON not carry the payload to the last bit, `packed` does (base64).
    """
    stream, seq = envelope.stream, envelope.seq
    event = _unpacked(envelope.payload)
    text = _written(event)
    marks = _marks(envelope)
    if stream in ROWED and stream not in aside:
        for place, row in enumerate(rows_of(stream, event)):
            fields = (*_opening(stream, _written(row)), *marks)
            yield Entry(stream_key(stream), (seq, place), fields, ends=False)
    old = told_to_old_readers(stream, event)
    if old is not None:
        marks += ("event", text)
    if _packed(_read(text)) != envelope.payload:
        marks += ("packed", b64encode(envelope.payload))
    payload = text if old is None else _written(old)
    yield Entry(whole_key(stream, aside), (seq, 0), (*_opening(stream, payload), *marks), ends=True)


def envelope_of(stream: str, fields: Mapping[bytes, bytes]) -> Envelope:
    """Reads the event of a whole entry; raises DamagedRecord naming what is wrong with it."""
    try:
        return Envelope(
            seq=int(fields[b"seq"]),
            ts=int(fields[b"ts"]),
            cause=int(fields[b"cause"]),
            trace=int(fields[b"trace"]),
            source=fields[b"source"].decode(),
            stream=stream,
            payload=_payload(fields),
            digest=int(fields[b"digest"], 16),
        )
    except (*UNREADABLE, KeyError, ValueError, NotBase64) as error:
        seq = fields.get(b"seq", b"?").decode("ascii", "replace")
        said = f"event {seq}, {stream}: {type(error).__name__} {error}"
        raise DamagedRecord(said, int(seq) if seq.isdecimal() else 0, stream) from error


def is_ours(at: bytes, fields: Mapping[bytes, bytes]) -> bool:
    """Whether an entry was written by a mirror: under its own number, with a hash."""
    return b"digest" in fields and fields.get(b"seq") == at.partition(b"-")[0]


def id_text(at: Id) -> str:
    return f"{at[0]}-{at[1]}"


def id_of(text: bytes | str) -> Id:
    """Reads an entry's id."""
    number, _, row = (text.decode() if isinstance(text, bytes) else text).partition("-")
    return int(number), int(row or 0)


def _opening(stream: str, payload: bytes) -> tuple[Text, ...]:
    return ("event_type", stream, "payload", payload)


def _marks(envelope: Envelope) -> tuple[Text, ...]:
    """What each entry of an event carries beside its payload; `ts` is exact, in ns."""
    return (
        *("timestamp", iso(envelope.ts), "source", envelope.source),
        *("seq", str(envelope.seq), "cause", str(envelope.cause), "trace", str(envelope.trace)),
        *("schema", str(SCHEMA), "kind", "input" if envelope.is_input else "derived"),
        *("ts", str(envelope.ts), "digest", f"{envelope.digest:016x}"),
    )


def _payload(fields: Mapping[bytes, bytes]) -> bytes:
    packed = fields.get(b"packed")
    if packed is not None:
        return b64decode(packed, validate=True)
    return _packed(_read(fields.get(b"event", fields[b"payload"])))
