"""`quantum-os db upgrade`: the store's schema at the revision that this release works with."""

from pathlib import Path

import rich_click as click

from quantum_os.cli.console import out, print_json, refuse
from quantum_os.cli.stores import on_a_store, refusing, store_of


@click.command()
@click.option("--to", "target", metavar="REVISION", help="Another schema than this release's own.")
@click.option(
    "--drop", is_flag=True, help="Go back to an older --to, and drop what it cannot hold."
)
@on_a_store
def upgrade(
    target: str | None, drop: bool, database: str | None, home: Path, as_json: bool
) -> None:
    """Bring the schema to this release's revision, all of it or nothing.

    A store that does not exist yet is made. It is safe to run twice, or in two processes at once.
    """
    from quantum_os.storage.database.migrating import downgrade
    from quantum_os.storage.database.migrating import upgrade as bring_up
    from quantum_os.storage.database.revisions import HEAD

    address = store_of(database, home)
    wanted = target or HEAD
    if drop and target is None:
        refuse("--drop goes with --to REVISION: say how far back")
    with refusing(address):
        done = downgrade(address, wanted) if drop else bring_up(address, wanted)
    if as_json:
        print_json({"database": address.shown, "before": done.before, "after": done.after})
        return
    if done.before == done.after:
        out.print(f"{address.shown}: schema {done.after} already", highlight=False, soft_wrap=True)
        return
    before, after = done.before or "none", done.after or "none"
    out.print(f"{address.shown}: schema {before} -> {after}", highlight=False, soft_wrap=True)
