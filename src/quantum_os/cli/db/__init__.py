"""`quantum-os db`: the SQL store, looked at, brought up to date, made anew, and kept small."""

import rich_click as click

from quantum_os.cli.db.check import check
from quantum_os.cli.db.prune import prune
from quantum_os.cli.db.rebuild import rebuild
from quantum_os.cli.db.upgrade import upgrade
from quantum_os.cli.db.vacuum import vacuum


@click.group()
def db() -> None:
    """Look after the SQL store: orders, fills, trades, decisions, and the reason for each.

    The store follows from the journal in --home. It is a file there, or what --database names; both
    are those of the configuration unless they are given.
    """


for verb in (upgrade, check, rebuild, prune, vacuum):
    db.add_command(verb)
