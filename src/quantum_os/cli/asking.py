"""How a command asks the fund of a home: an answer, or an end with what was said instead."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from quantum_os.cli.api_client import ApiClient, RefusedByApi, Unreachable
from quantum_os.cli.console import refuse
from quantum_os.cli.exit_codes import ExitCode
from quantum_os.storage.home import Home


def asked(home: Path, path: str) -> dict[str, Any]:
    """Reads one route; without an answer the command ends with exit code 1."""
    with _answered():
        return ApiClient(Home(home)).get(path)


def done(home: Path, path: str, **body: Any) -> dict[str, Any]:
    """Asks for one act and gives what came of it; refused, the command ends with exit code 1."""
    with _answered():
        return ApiClient(Home(home)).post(path, **body)


@contextmanager
def _answered() -> Iterator[None]:
    try:
        yield
    except (Unreachable, RefusedByApi) as error:
        refuse(str(error), ExitCode.FAILED)
