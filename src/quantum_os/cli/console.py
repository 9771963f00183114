"""Where words go: results to stdout, progress, logs and errors to stderr."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from typing import NoReturn

import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from quantum_os.cli.exit_codes import ExitCode

# What a terminal cannot show is shown as a question mark: a character never ends a run (F97).
for _stream in (sys.stdout, sys.stderr):
    if isinstance(_stream, TextIOWrapper):
        _stream.reconfigure(errors="replace")

out = Console()
err = Console(stderr=True)


def print_json(value: object) -> None:
    """Prints exactly one JSON object on stdout."""
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(value)).decode() + "\n")


def refuse(message: str, code: ExitCode = ExitCode.BAD_INPUT) -> NoReturn:
    """Says in one line what is wrong and where, and ends the process."""
    err.print("quantum-os: " + message, style="red", highlight=False, markup=False, soft_wrap=True)
    sys.exit(code)


@contextmanager
def progress_bar(title: str, start: int, end: int) -> Iterator[Callable[[int], None]]:
    """Shows on stderr how far a long work is; gives the function that moves the bar."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=err, transient=True) as bar:
        task = bar.add_task(title, total=max(1, end - start))
        yield lambda position: bar.update(task, completed=position - start)
