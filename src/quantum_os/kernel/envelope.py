"""What the kernel knows of an event beside the event itself: its number, time, cause and source."""

import msgspec

from quantum_os.events.base import Event
from quantum_os.events.catalog import EVENTS


class Envelope(msgspec.Struct, frozen=True, gc=False):
    """One numbered event as it is journaled; `payload` is the event in msgpack.

    `cause` is the seq of the event that led to it (0: an input), `trace` the seq of the input at
    the root of its cascade, `digest` the 8-byte content hash of stream and payload.
    """

    seq: int
    ts: int
    cause: int
    trace: int
    source: str
    stream: str
    payload: bytes
    digest: int

    @property
    def is_input(self) -> bool:
        return self.cause == 0

    def event(self) -> Event:
        """Decodes the payload; raises msgspec.ValidationError when it is not a valid event."""
        return decode_event(self.stream, self.payload)


_encoder = msgspec.msgpack.Encoder()
_decoders = {stream: msgspec.msgpack.Decoder(kind) for stream, kind in EVENTS.items()}

encode_event = _encoder.encode


def decode_event(stream: str, payload: bytes) -> Event:
    """Gives a payload's event; raises KeyError (unknown stream) or ValidationError (bad bytes)."""
    return _decoders[stream].decode(payload)
