"""How a module's state becomes bytes and comes back the same, arrays included."""

from typing import TypeVar

import msgspec
import numpy as np

T = TypeVar("T")

_ARRAY = 1
_PLAIN_KINDS = "biuf"
"""Booleans and numbers: what an array holds by value, so that its bytes are all there is to it."""


class _ArrayForm(msgspec.Struct, array_like=True):
    dtype: str
    shape: tuple[int, ...]
    data: bytes


def _encode_unknown(value: object) -> object:
    if isinstance(value, np.ndarray) and value.dtype.kind in _PLAIN_KINDS:
        form = _ArrayForm(value.dtype.str, value.shape, np.ascontiguousarray(value).tobytes())
        return msgspec.msgpack.Ext(_ARRAY, msgspec.msgpack.encode(form))
    raise NotImplementedError(f"a state cannot hold a {type(value).__name__}")


def _decode_array(data: memoryview) -> np.ndarray:
    form = msgspec.msgpack.decode(data, type=_ArrayForm)
    return np.frombuffer(form.data, dtype=form.dtype).reshape(form.shape).copy()


def _ext(code: int, data: memoryview) -> object:
    if code != _ARRAY:
        raise ValueError(f"unknown extension {code} in a state")
    return _decode_array(data)


def _decode_unknown(kind: type, value: object) -> object:
    if isinstance(value, kind):
        return value
    raise NotImplementedError(f"a state cannot hold a {kind.__name__}")


_encoder = msgspec.msgpack.Encoder(enc_hook=_encode_unknown)


def encode(state: object) -> bytes:
    """Gives the bytes of a state; raises NotImplementedError for what it cannot hold."""
    return _encoder.encode(state)


def decode(data: bytes, kind: type[T]) -> T:
    """The exact inverse of `encode`; raises msgspec.ValidationError when the shape differs."""
    return msgspec.msgpack.decode(data, type=kind, ext_hook=_ext, dec_hook=_decode_unknown)
