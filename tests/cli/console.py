"""Runs the console entry, in a process of its own or in this one, and reads what it printed."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import msgspec
from click.testing import CliRunner

from quantum_os.cli.main import main


class Said(msgspec.Struct, frozen=True):
    """What a command said and how it ended."""

    code: int
    out: str
    err: str

    def json(self) -> dict[str, Any]:
        """The one object on stdout; fails when there is anything else."""
        parsed: dict[str, Any] = json.loads(self.out)
        return parsed

    @property
    def lines(self) -> list[str]:
        return [line for line in self.err.splitlines() if line.strip()]

    def refusal(self, code: int = 2) -> str:
        """The one line with which the command was refused; fails when there is anything else."""
        assert self.code == code, self.err
        assert self.out == ""
        (line,) = self.lines
        assert line.startswith("quantum-os: ")
        return line


_ASIDE = tempfile.TemporaryDirectory(prefix="quantum-os-trials-")
TRIALS = Path(_ASIDE.name) / "trials.jsonl"
"""Where the tests' own runs are counted: they are no trials of the project they stand in."""


def quantum_os(*words: object, env: dict[str, str] | None = None, cwd: Path | None = None) -> Said:
    """Runs `quantum-os` with these words."""
    done = subprocess.run(
        [sys.executable, "-m", "quantum_os", *map(str, words)],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        cwd=cwd,
        env={**os.environ, "COLUMNS": "200", "QUANTUM_OS_TRIALS": str(TRIALS), **(env or {})},
    )
    return Said(done.returncode, done.stdout, done.stderr)


def here(*words: object) -> Said:
    """Runs `quantum-os` with these words in this process: for many small commands."""
    done = CliRunner(env={"COLUMNS": "200"}).invoke(
        main, [*map(str, words)], prog_name="quantum-os"
    )
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return Said(done.exit_code, done.stdout, done.stderr)
