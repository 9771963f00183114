"""A schema goes up, down and up again on both databases, whole or not at all."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, MetaData, Table, insert, inspect, select, text
from sqlalchemy.types import BigInteger, Boolean, Double, LargeBinary, Numeric

from quantum_os.storage.database.address import Address, Dialect, store_address
from quantum_os.storage.database.engines import open_sync
from quantum_os.storage.database.lease_table import LEASES
from quantum_os.storage.database.migrating import Migrated, differences, downgrade, upgrade
from quantum_os.storage.database.revisions import HEAD, SchemaRefused, Standing, found, standing
from quantum_os.storage.database.schema import TABLE_NAMES
from quantum_os.storage.database_lease import DatabaseLease
from tests.servers.postgres import Server

LATER = "0999"
"""The schema of a later release."""

NEXT = """\
\"\"\"A revision of a later release, for a test.\"\"\"

from alembic import op

from quantum_os.storage.database.revisions import note_revision, withdraw_revision
{imports}
revision = {revision!r}
down_revision = {head!r}


def upgrade() -> None:
    op.execute("CREATE TABLE half_done (x INTEGER)")
    {then}
    note_revision(op.get_bind(), revision, {oldest!r})


def downgrade() -> None:
    op.execute("DROP TABLE half_done")
    withdraw_revision(op.get_bind(), revision)
"""
UPGRADES = """\
import sys
from pathlib import Path
from quantum_os.storage.database.address import store_address
from quantum_os.storage.database.migrating import upgrade

upgrade(store_address(sys.argv[1], Path()), sys.argv[3], more=Path(sys.argv[2]))
"""
KILLS_ITSELF = "os.kill(os.getpid(), signal.SIGKILL)"


def later(folder: Path, *, oldest: str = HEAD, then: str = "pass", imports: str = "") -> Path:
    """Writes the migration that a later release might bring."""
    folder.mkdir(exist_ok=True)
    made = NEXT.format(revision=LATER, head=HEAD, oldest=oldest, then=then, imports=imports)
    (folder / "later.py").write_text(made)
    return folder


@contextmanager
def connected(address: Address) -> Iterator[Connection]:
    engine = open_sync(address)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def revision(address: Address) -> str | None:
    with connected(address) as connection:
        return found(connection).revision


def test_up_makes_exactly_the_tables_of_the_code(address: Address) -> None:
    assert upgrade(address) == Migrated(None, HEAD)
    with connected(address) as connection:
        assert differences(connection) == []
        assert standing(found(connection)) is Standing.CURRENT
    assert upgrade(address) == Migrated(HEAD, HEAD)


@pytest.mark.parametrize(
    "bent",
    [
        "DROP TABLE fills",
        "ALTER TABLE trades DROP COLUMN net",
        "ALTER TABLE trades ADD COLUMN luck TEXT",
        "DROP INDEX ix_orders_intent_id",
    ],
)
def test_a_schema_that_differs_from_the_code_is_seen(ready: Address, bent: str) -> None:
    with connected(ready) as connection:
        connection.execute(text(bent))
        assert differences(connection) != []


def test_down_leaves_nothing_and_up_again_is_whole(ready: Address) -> None:
    assert downgrade(ready, "0001") == Migrated(HEAD, "0001")
    with connected(ready) as connection:
        names = set(inspect(connection).get_table_names())
        assert "trades" in names
        assert "audit" not in names
        assert standing(found(connection)) is Standing.BEHIND
    assert downgrade(ready, "base") == Migrated("0001", None)
    with connected(ready) as connection:
        assert set(inspect(connection).get_table_names()) <= {"alembic_version"}
    assert upgrade(ready) == Migrated(None, HEAD)
    with connected(ready) as connection:
        assert differences(connection) == []


def test_rows_survive_a_step_down_and_up(ready: Address) -> None:
    row = ("a", "0", "why")
    with connected(ready) as connection:
        connection.execute(
            text(
                "INSERT INTO unprojected (seq, at, stream, source, error, payload) "
                "VALUES (7, 7, 'a', '0', 'why', '')"
            )
        )
        connection.commit()
    downgrade(ready, "0001")
    upgrade(ready)
    with connected(ready) as connection:
        kept = connection.execute(text("SELECT stream, source, error FROM unprojected"))
        assert kept.one() == row


def test_every_row_of_the_code_before_fits_the_schema_after(address: Address) -> None:
    """What lets a release be rolled back: each step is marked as it is, and additive ones are."""
    upgrade(address, "0001")
    with connected(address) as connection:
        before = MetaData()
        before.reflect(connection)
    upgrade(address)
    with connected(address) as connection:
        assert standing(found(connection), "0001") is Standing.AHEAD
        for name in sorted(TABLE_NAMES & set(before.tables)):
            table = before.tables[name]
            row = example(table)
            connection.execute(insert(table), row)
            names = [key.name for key in table.primary_key]
            wanted = [table.c[key] == row[key] for key in names]
            assert len(connection.execute(select(table).where(*wanted)).all()) == 1


def example(table: Table) -> dict[str, Any]:
    """A value for each column that a row must have, as the code of that schema would write it."""
    return {
        column.name: _value(column.type)
        for column in table.columns
        if not column.nullable or column.primary_key
    }


def _value(kind: object) -> object:
    if isinstance(kind, Boolean):
        return True
    if isinstance(kind, LargeBinary):
        return b"x"
    return 7 if isinstance(kind, BigInteger | Numeric | Double) else "x"


def test_a_later_schema_that_admits_this_code_is_used(ready: Address, tmp_path: Path) -> None:
    upgrade(ready, LATER, more=later(tmp_path / "later"))
    with connected(ready) as connection:
        assert standing(found(connection)) is Standing.AHEAD
    assert upgrade(ready) == Migrated(LATER, LATER)


def test_a_later_schema_that_does_not_is_refused(ready: Address, tmp_path: Path) -> None:
    upgrade(ready, LATER, more=later(tmp_path / "later", oldest=LATER))
    with (
        connected(ready) as connection,
        pytest.raises(SchemaRefused, match=f"schema {LATER}, .* this code knows {HEAD}"),
    ):
        standing(found(connection))
    with pytest.raises(SchemaRefused, match="install the newer release"):
        upgrade(ready)


def test_a_later_schema_that_says_nothing_is_refused(ready: Address) -> None:
    with connected(ready) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'f00d'"))
        with pytest.raises(SchemaRefused, match="schema f00d"):
            standing(found(connection))


def test_somebody_elses_tables_are_not_touched(address: Address) -> None:
    with connected(address) as connection:
        connection.execute(text("CREATE TABLE orders (id INTEGER)"))
        connection.commit()
    with pytest.raises(SchemaRefused, match="holds a table 'orders'"):
        upgrade(address)
    with connected(address) as connection:
        assert inspect(connection).get_table_names() == ["orders"]


async def test_a_lease_taken_before_there_was_a_schema_is_kept(address: Address) -> None:
    """The first instance holds the lease when it makes the schema; both are as the code says."""
    lease = DatabaseLease(address.url, "our home")
    await lease.take(7)
    upgrade(address)
    await lease.renew()
    await lease.close()
    with connected(address) as connection:
        assert connection.execute(select(LEASES.c.epoch)).scalars().all() == [7]
        assert differences(connection) == []


def test_a_target_that_does_not_exist_is_refused(ready: Address) -> None:
    with pytest.raises(SchemaRefused, match="no way to schema"):
        downgrade(ready, "nowhere")
    assert revision(ready) == HEAD


def test_s4_a_step_that_fails_leaves_the_schema_as_it_was(ready: Address, tmp_path: Path) -> None:
    bad = later(tmp_path / "later", then="raise RuntimeError('in the middle')")
    with pytest.raises(RuntimeError, match="in the middle"):
        upgrade(ready, LATER, more=bad)
    with connected(ready) as connection:
        assert found(connection).revision == HEAD
        assert "half_done" not in inspect(connection).get_table_names()


def test_s4_a_process_killed_in_a_migration_leaves_the_schema_as_it_was(
    ready: Address, tmp_path: Path
) -> None:
    """The killed step is found not to have happened, and is finished by whoever comes next."""
    folder = tmp_path / "later"
    later(folder, then=KILLS_ITSELF, imports="import os, signal\n")
    died = subprocess.run(
        [sys.executable, "-c", UPGRADES, ready.url, str(folder), LATER], check=False, timeout=60
    )
    assert died.returncode == -9
    with connected(ready) as connection:
        assert found(connection).revision == HEAD
        assert "half_done" not in inspect(connection).get_table_names()
    assert upgrade(ready, LATER, more=later(folder)) == Migrated(HEAD, LATER)


def test_two_processes_that_start_at_once_migrate_once(address: Address) -> None:
    outcomes: list[Migrated | Exception] = []

    def start() -> None:
        try:
            outcomes.append(upgrade(address))
        except Exception as error:  # noqa: BLE001  shown by the assertion below
            outcomes.append(error)

    starts = [threading.Thread(target=start) for _ in range(4)]
    for each in starts:
        each.start()
    for each in starts:
        each.join()
    assert sorted(map(repr, outcomes)) == sorted(
        map(repr, [Migrated(None, HEAD), *[Migrated(HEAD, HEAD)] * 3])
    )
    with connected(address) as connection:
        assert differences(connection) == []


def test_a_role_that_may_not_create_tables_says_what_to_do(postgres: Server) -> None:
    name = f"quantum_os_test_reader_{os.getpid()}"
    url = postgres.create(name)
    postgres.say("DROP ROLE IF EXISTS {}", name)
    postgres.say("CREATE ROLE {} LOGIN", name)
    try:
        owner = url.partition("://")[2].partition("@")[0]
        reader = store_address(url.replace(f"{owner}@", f"{name}@", 1), Path())
        assert reader.dialect is Dialect.POSTGRESQL
        with pytest.raises(SchemaRefused, match="`quantum-os db upgrade` once with a role"):
            upgrade(reader)
        upgrade(store_address(url, Path()))
    finally:
        postgres.drop(name)
        postgres.say("DROP ROLE {}", name)
