"""`quantum-os db rebuild`: the rows made anew from the journal, the same as they were."""

import asyncio
from pathlib import Path

import msgspec
import rich_click as click

from quantum_os.cli.console import err, out, print_json, progress_bar, refuse
from quantum_os.cli.exit_codes import ExitCode
from quantum_os.cli.stores import journal_of, on_a_store, refusing, store_of
from quantum_os.storage.database.address import Address


@click.command()
@click.option(
    "--discard-older",
    is_flag=True,
    help="Drop the rows from before the journal's first event too: nothing makes them anew.",
)
@on_a_store
def rebuild(discard_older: bool, database: str | None, home: Path, as_json: bool) -> None:
    """Make the rows anew from the journal, the same as they were.

    Rows from before the journal's first event are kept. A process may go on running meanwhile.
    """
    from quantum_os.storage.mark import first_of
    from quantum_os.storage.opening import prepare_store
    from quantum_os.storage.rebuild import NothingToRebuildFrom
    from quantum_os.storage.rebuild import rebuild as tell_again

    address = store_of(database, home)
    with journal_of(home) as journal, refusing(address):
        _set_aside(address, discard_older=discard_older)
        opened = prepare_store(address)
        if not opened.is_ready:
            refuse(f"{address.shown}: {opened.problem}", ExitCode.FAILED)
        first = first_of(journal)
        start = first.seq if first is not None else 0
        try:
            with progress_bar("rebuild", start, journal.flushed_seq) as moved:
                work = tell_again(address, journal, moved, discard_older=discard_older)
                done = asyncio.run(work)
        except NothingToRebuildFrom as error:
            refuse(f"{home}: {error}")
    if as_json:
        print_json({"database": address.shown, **msgspec.structs.asdict(done)})
        return
    out.print(
        f"{address.shown}: told {done.events:,} events again ({done.first_seq} to "
        f"{done.last_seq}); {done.rows_dropped:,} rows dropped and made anew, "
        f"{done.older_rows_kept:,} older ones kept",
        highlight=False,
        soft_wrap=True,
    )
    for begins, ends in done.holes:
        err.print(f"the journal has lost the events {begins} to {ends}", style="yellow")
    if done.set_aside:
        err.print(f"{done.set_aside:,} events left no row: see `unprojected`", style="yellow")


def _set_aside(address: Address, *, discard_older: bool) -> None:
    """A damaged file holds nothing that could be kept, so a person must say that it may go."""
    from quantum_os.storage.backup.copying import damage_of
    from quantum_os.storage.rebuild import set_damaged_aside

    if address.path is None or not address.path.exists():
        return
    damage = damage_of(address.path)
    if damage and not discard_older:
        refuse(
            f"{address.shown} is damaged ({damage}): restore a backup, or say --discard-older to "
            "set the file aside and make the rows of this journal anew",
            ExitCode.FAILED,
        )
    aside = set_damaged_aside(address) if damage else None
    if aside is not None:
        err.print(f"the damaged file is kept as {aside}", style="yellow", soft_wrap=True)
