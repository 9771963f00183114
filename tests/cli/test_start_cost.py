"""What a command does not use it does not load."""

import subprocess
import sys

import pytest

TRAINING = ("torch", "pandas", "sklearn", "scipy", "lightgbm", "skfolio")
HEAVY = ("sqlalchemy", "alembic", "psycopg", "aiosqlite", "litestar", "uvicorn", "ccxt", *TRAINING)


def loaded_by(statement: str) -> set[str]:
    """Gives which of the heavy libraries an import brings in, in a process of its own."""
    show = f"import sys; {statement}; print(*(set({HEAVY!r}) & sys.modules.keys()))"
    done = subprocess.run(
        [sys.executable, "-c", show], capture_output=True, text=True, check=True, timeout=60
    )
    return set(done.stdout.split())


def test_the_command_line_loads_no_database() -> None:
    assert loaded_by("import quantum_os.cli.main") == set()


@pytest.mark.parametrize("command", ["run", "demo_command", "status", "kill", "tokens_command"])
def test_nobody_loads_a_web_server_who_was_not_asked_for_a_port(command: str) -> None:
    assert not {"litestar", "uvicorn"} & loaded_by(f"import quantum_os.cli.{command}")


@pytest.mark.parametrize("command", ["run", "demo_command", "backtest", "emulator_command"])
def test_nobody_loads_an_exchange_s_client_who_speaks_with_none(command: str) -> None:
    """It costs 60 MB and half a second."""
    assert "ccxt" not in loaded_by(f"import quantum_os.cli.{command}")


@pytest.mark.parametrize("command", ["run", "demo_command", "backtest", "replay", "train"])
def test_nobody_but_the_training_worker_loads_what_trains(command: str) -> None:
    assert not set(TRAINING) & loaded_by(f"import quantum_os.cli.{command}")


def test_canary_what_trains_is_seen() -> None:
    assert "sklearn" in loaded_by("import sklearn")


def test_canary_an_exchange_s_client_that_is_loaded_is_seen() -> None:
    assert "ccxt" in loaded_by("import quantum_os.exchange.client")


def test_canary_a_web_server_that_is_loaded_is_seen() -> None:
    assert "litestar" in loaded_by("import quantum_os.api.server")


def test_canary_a_database_that_is_loaded_is_seen() -> None:
    assert loaded_by("import sqlalchemy") == {"sqlalchemy"}


@pytest.mark.parametrize("module", ["projector", "opening", "projecting", "store"])
def test_a_process_whose_schema_is_up_to_date_never_loads_the_migrations(module: str) -> None:
    assert "alembic" not in loaded_by(f"import quantum_os.storage.{module}")
