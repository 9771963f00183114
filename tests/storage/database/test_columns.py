"""What goes into a column comes out of it: money to its last digit, on both databases."""

import math
import typing
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Column, Engine, MetaData, Table, Text, insert, select
from sqlalchemy.exc import StatementError

from quantum_os.events.base import Event
from quantum_os.events.portfolio import PositionUpdated
from quantum_os.storage.database.address import Address
from quantum_os.storage.database.columns import Exact, Json, Real, columns_of
from quantum_os.storage.database.engines import open_sync

THINGS = Table(
    "things",
    MetaData(),
    Column("name", Text, primary_key=True),
    Column("exact", Exact),
    Column("real", Real),
    Column("json", Json),
)

amounts = st.decimals(allow_nan=False, allow_infinity=False, places=None).filter(
    lambda amount: abs(amount.adjusted()) < 60
)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)


@pytest.fixture
def things(address: Address) -> Iterator[Engine]:
    engine = open_sync(address)
    THINGS.create(engine)
    yield engine
    engine.dispose()


def kept(engine: Engine, **columns: object) -> dict[str, Any]:
    """Writes one row and reads it back."""
    with engine.begin() as connection:
        connection.execute(THINGS.delete())
        connection.execute(insert(THINGS), {"name": "it", **columns})
    with engine.begin() as connection:
        return dict(connection.execute(select(THINGS)).mappings().one())


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(amount=amounts)
def test_an_amount_comes_back_to_its_last_digit(things: Engine, amount: Decimal) -> None:
    assert kept(things, exact=amount)["exact"] == amount


def test_an_amount_is_not_a_float_on_the_way(things: Engine) -> None:
    """A canary of the law above: what a float would make of it is another amount."""
    amount = Decimal("0.1000000000000000055511151231257827")
    assert kept(things, exact=amount)["exact"] == amount
    assert Decimal(float(amount)) != amount


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "-Infinity"])
def test_what_is_no_amount_is_refused(things: Engine, amount: str) -> None:
    with pytest.raises(StatementError, match="is no amount"):
        kept(things, exact=Decimal(amount))


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(number=st.floats(allow_nan=False))
def test_a_float_comes_back_bit_for_bit(things: Engine, number: float) -> None:
    assert kept(things, real=number)["real"] == number


def test_what_is_not_a_number_is_unknown(things: Engine) -> None:
    assert kept(things, real=math.nan)["real"] is None


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=values)
def test_a_document_comes_back_as_it_was(things: Engine, value: object) -> None:
    assert kept(things, json=value)["json"] == value


def test_an_events_columns_bear_its_fields_names() -> None:
    columns = {column.name: column for column in columns_of(PositionUpdated, keys=("symbol",))}
    assert tuple(columns) == PositionUpdated.__struct_fields__
    assert isinstance(columns["qty"].type, Exact)
    assert isinstance(columns["r_now"].type, Real)
    assert columns["symbol"].primary_key
    assert columns["liq_price"].nullable
    assert not columns["qty"].nullable


def test_an_optional_field_may_be_empty_however_it_is_written() -> None:
    class Odd(Event, frozen=True):
        """Says one thing in two ways."""

        new: int | None
        old: typing.Optional[int]  # noqa: UP045

    assert [column.nullable for column in columns_of(Odd)] == [True, True]
