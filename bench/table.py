"""How a benchmark tells its figures: one table for people, one object for programs."""

import json
import sys
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

import quantum_os  # noqa: F401 - before numpy, as in the product: it gives products of arrays one thread


def show(title: str, rows: Sequence[dict[str, object]], notes: Sequence[str] = ()) -> None:
    """Prints rows that share their keys; with --json on the command line, one JSON object."""
    if "--json" in sys.argv:
        sys.stdout.write(json.dumps({"title": title, "rows": rows, "notes": list(notes)}) + "\n")
        return
    table = Table(*rows[0], title=title)
    for row in rows:
        table.add_row(
            *(f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row.values())
        )
    console = Console()
    console.print(table)
    for note in notes:
        console.print(note, style="dim", highlight=False)
