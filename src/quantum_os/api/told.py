"""How an event is written for people: times in ISO-8601, money as exact text, unknown as null."""

import math
import typing
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Any

import msgspec

from quantum_os.events.units import Ns
from quantum_os.kernel.envelope import Envelope
from quantum_os.kernel.iso_time import iso


def told(envelope: Envelope) -> dict[str, Any]:
    """Gives a numbered event with what the kernel knows of it."""
    return {
        "seq": envelope.seq,
        "at": iso(envelope.ts),
        "cause": envelope.cause,
        "trace": envelope.trace,
        "source": envelope.source,
        "stream": envelope.stream,
        "event": plain(envelope.event()),
    }


def plain(value: object) -> Any:
    """Gives a value as JSON can hold it; a float or an amount that is no number is null."""
    if isinstance(value, msgspec.Struct):
        times = _times(type(value))
        return {
            name: iso(field) if name in times and isinstance(field, int) else plain(field)
            for name, field in zip(
                value.__struct_fields__,
                (getattr(value, name) for name in value.__struct_fields__),
                strict=True,
            )
        }
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Decimal):
        return str(value) if value.is_finite() else None
    if isinstance(value, tuple | list):
        return [plain(each) for each in value]
    if isinstance(value, dict):
        return {str(plain(key)): plain(each) for key, each in value.items()}
    return value


@cache
def _times(kind: type[msgspec.Struct]) -> frozenset[str]:
    """Names the fields that hold a time."""
    hints = typing.get_type_hints(kind)
    return frozenset(
        name
        for name in kind.__struct_fields__
        if hints[name] is Ns or Ns in typing.get_args(hints[name])
    )
