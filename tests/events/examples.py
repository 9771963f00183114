"""One example of every event, built from its annotations alone: always the same, no field empty."""

import types
import typing
from decimal import Decimal
from enum import Enum

import msgspec

from quantum_os.events.base import Event

_PLAIN: dict[object, object] = {
    Decimal: Decimal("12.50"),
    bool: True,
    float: 0.25,
    int: 7,
    str: "word",
}


def example_of(kind: type[Event]) -> Event:
    """Gives the example of one event class."""
    return typing.cast(Event, _struct(kind))


def _struct(kind: type[msgspec.Struct]) -> msgspec.Struct:
    hints = typing.get_type_hints(kind)
    return kind(**{field.name: _value(hints[field.name]) for field in msgspec.structs.fields(kind)})


def _value(annotation: typing.Any) -> object:
    while isinstance(annotation, typing.NewType):
        annotation = annotation.__supertype__
    if annotation in _PLAIN:
        return _PLAIN[annotation]
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return next(iter(annotation))
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        return _struct(annotation)
    return _composed(typing.get_origin(annotation), typing.get_args(annotation))


def _composed(origin: object, arguments: tuple[typing.Any, ...]) -> object:
    if origin is types.UnionType or origin is typing.Union:
        return _value(next(argument for argument in arguments if argument is not type(None)))
    if origin is tuple:
        return tuple(_value(argument) for argument in arguments if argument is not Ellipsis)
    if origin is dict:
        return {_value(arguments[0]): _value(arguments[1])}
    raise TypeError(f"no example of {origin}")
