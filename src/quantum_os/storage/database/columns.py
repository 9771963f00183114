"""How a value lies in a column: the same on both databases, and money never as a float."""

import math
import types
import typing
from decimal import Decimal
from enum import Enum
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Boolean, Column, Double, Numeric, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

from quantum_os.events.base import Event


class Exact(TypeDecorator[Decimal]):
    """A Decimal to its last digit: NUMERIC in PostgreSQL, text in SQLite, which has no such type.

    Sums of it in SQLite's own SQL are sums of floats; add up in Python.
    """

    impl = Numeric
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(Text() if dialect.name == "sqlite" else Numeric())

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        if value is None:
            return None
        if not value.is_finite():
            raise ValueError(f"{value} is no amount")
        amount = value or abs(value)  # NUMERIC knows no -0
        return format(amount, "f") if dialect.name == "sqlite" else amount

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(value)


class Real(TypeDecorator[float]):
    """A float; what is not a number is unknown, and nought has no sign (SQLite keeps none)."""

    impl = Double
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        return None if value is None or math.isnan(value) else value + 0.0


class Json(TypeDecorator[Any]):
    """A list or a document, as JSON text that both databases give back unchanged."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        return None if value is None else msgspec.json.encode(value).decode()

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        return None if value is None else msgspec.json.decode(value)


_PLAIN: dict[object, type[TypeEngine[Any]]] = {
    Decimal: Exact,
    float: Real,
    int: BigInteger,
    str: Text,
    bool: Boolean,
}


def columns_of(
    kind: type[Event],
    *,
    keys: tuple[str, ...] = (),
    without: tuple[str, ...] = (),
    unsure: bool = False,
) -> list[Column[Any]]:
    """Gives a column for each field of an event, under the field's own name.

    `keys` are the primary key. With `unsure` every other column may be empty: a row can come to be
    before the event that fills it.
    """
    hints = typing.get_type_hints(kind)
    return [
        _column(name, hints[name], is_key=name in keys, unsure=unsure)
        for name in kind.__struct_fields__
        if name not in without
    ]


def _column(name: str, hint: object, *, is_key: bool, unsure: bool) -> Column[Any]:
    inner, optional = _without_none(hint)
    nullable = (optional or unsure) and not is_key
    return Column(name, _type_of(inner), primary_key=is_key, nullable=nullable)


def _without_none(hint: object) -> tuple[object, bool]:
    if typing.get_origin(hint) in (types.UnionType, typing.Union):
        rest = [part for part in typing.get_args(hint) if part is not type(None)]
        return rest[0], len(rest) < len(typing.get_args(hint))
    return hint, False


def _type_of(hint: object) -> TypeEngine[Any]:
    while isinstance(hint, typing.NewType):
        hint = hint.__supertype__
    if isinstance(hint, type) and issubclass(hint, Enum):
        return Text()
    return _PLAIN.get(hint, Json)()
