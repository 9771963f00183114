"""`quantum-os db vacuum`: the room of what was forgotten, given back to the disk."""

from pathlib import Path

import rich_click as click

from quantum_os.cli.console import out, print_json
from quantum_os.cli.stores import existing_store, on_a_store, refusing


@click.command()
@on_a_store
def vacuum(database: str | None, home: Path, as_json: bool) -> None:
    """Give the room of deleted rows back, and renew the figures that queries are planned by.

    A process that writes meanwhile waits for it; run it when that may take a while.
    """
    from quantum_os.storage.upkeep import vacuum as give_back

    address = existing_store(database, home)
    with refusing(address):
        room = give_back(address)
    if as_json:
        print_json(
            {"database": address.shown, "bytes": {"before": room.before, "after": room.after}}
        )
        return
    out.print(
        f"{address.shown}: {_in_words(room.before)} -> {_in_words(room.after)}", highlight=False
    )


def _in_words(count: int) -> str:
    return f"{count / 2**20:,.1f} MiB"
