"""Real errors of real databases, and what each asks for."""

import threading
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine, insert, text
from sqlalchemy.exc import SQLAlchemyError

from quantum_os.storage.database.address import Address, sqlite_address, store_address
from quantum_os.storage.database.engines import open_sync
from quantum_os.storage.database.faults import REASON_MAX, Fault, fault_of, reason_of
from quantum_os.storage.database.trade_tables import FUNDING
from tests.servers.postgres import Server

COUNT = "SELECT count(*) FROM schema_revisions"
ADD = "INSERT INTO schema_revisions VALUES (:word, 'x')"


@pytest.fixture
def engine(ready: Address) -> Iterator[Engine]:
    opened = open_sync(ready)
    yield opened
    opened.dispose()


@pytest.fixture
def pair(postgres: Server, postgres_template: str) -> Iterator[Engine]:
    """An engine on a PostgreSQL database with two rows that two sessions can fight over."""
    name = f"{postgres_template}_pair"
    opened = open_sync(store_address(postgres.create(name, postgres_template), Path()))
    yield opened
    opened.dispose()
    postgres.drop(name)


def error_of(engine: Engine, statement: str, **values: object) -> SQLAlchemyError | OverflowError:
    with engine.connect() as connection:
        try:
            connection.execute(text(statement), values)
        except (SQLAlchemyError, OverflowError) as error:
            return error
    raise AssertionError(f"{statement} did not fail")


def test_s7_a_serialisation_failure_asks_to_try_again(pair: Engine) -> None:
    serial = pair.execution_options(isolation_level="SERIALIZABLE")
    with serial.connect() as one, serial.connect() as other:
        for word, connection in (("one", one), ("other", other)):
            connection.execute(text(COUNT))
            connection.execute(text(ADD), {"word": word})
        one.commit()
        with pytest.raises(SQLAlchemyError) as failed:
            other.commit()
    assert fault_of(failed.value) is Fault.AGAIN


def test_s7_a_deadlock_asks_to_try_again(pair: Engine) -> None:
    lock = "UPDATE schema_revisions SET oldest_code = 'x' WHERE revision = :word"
    faults: list[Fault] = []
    both_hold_one = threading.Barrier(2)

    def fight(first: str, second: str) -> None:
        with pair.connect() as connection:
            connection.execute(text(lock), {"word": first})
            both_hold_one.wait()
            try:
                connection.execute(text(lock), {"word": second})
            except SQLAlchemyError as error:
                faults.append(fault_of(error))

    fights = [
        threading.Thread(target=fight, args=words) for words in (("0001", "0002"), ("0002", "0001"))
    ]
    for each in fights:
        each.start()
    for each in fights:
        each.join()
    assert faults == [Fault.AGAIN]


def test_s2_a_busy_file_is_a_database_that_is_down(tmp_path: Path) -> None:
    address = sqlite_address(tmp_path / "store.sqlite")
    engine = open_sync(address)
    with engine.connect() as holder:
        holder.execute(text("CREATE TABLE held (x)"))
        error = error_of(engine, "SELECT 1")
    engine.dispose()
    assert fault_of(error) is Fault.DOWN
    assert reason_of(error) == "database is locked"


def test_a_server_that_is_not_there_is_down() -> None:
    engine = open_sync(store_address("postgresql://fund@127.0.0.1:1/fund", Path()))
    with pytest.raises(SQLAlchemyError) as failed:
        engine.connect()
    assert fault_of(failed.value) is Fault.DOWN
    assert "\n" not in reason_of(failed.value)
    assert fault_of(TimeoutError()) is Fault.DOWN
    assert reason_of(TimeoutError()) == "TimeoutError"


def test_a_row_that_is_there_already_is_poison(engine: Engine) -> None:
    assert fault_of(error_of(engine, ADD, word="0001")) is Fault.POISON


def test_a_value_that_no_column_holds_is_poison(engine: Engine) -> None:
    late = "INSERT INTO unprojected VALUES (:late, 0, 's', 's', 'e', '')"
    assert fault_of(error_of(engine, late, late=2**63)) is Fault.POISON
    row = {**dict.fromkeys(FUNDING.columns.keys(), 0), "amount": Decimal("NaN")}
    with pytest.raises(SQLAlchemyError) as failed, engine.connect() as connection:
        connection.execute(insert(FUNDING), row)
    assert fault_of(failed.value) is Fault.POISON
    assert reason_of(failed.value) == "NaN is no amount"


def test_a_table_that_is_gone_is_a_database_that_is_down(engine: Engine) -> None:
    """It may come back by hand; to set every event aside for it would lose them all."""
    assert fault_of(error_of(engine, "SELECT * FROM nowhere")) is Fault.DOWN


def test_a_session_that_was_ended_is_down(postgres: Server, pair: Engine) -> None:
    with pair.connect() as connection, closing(psycopg.connect(postgres.url)) as other:
        pid = connection.scalar(text("SELECT pg_backend_pid()"))
        other.execute("SELECT pg_terminate_backend(%s)", (pid,))
        with pytest.raises(SQLAlchemyError) as failed:
            connection.execute(text("SELECT 1"))
    assert fault_of(failed.value) is Fault.DOWN


def test_a_reason_is_one_short_line() -> None:
    assert reason_of(OSError("a" * 1_000 + "\nb")) == "a" * REASON_MAX
