"""`quantum-os trace`: what led to what, from the bars to the closed trade, from the record."""

from pathlib import Path

import rich_click as click

from quantum_os.cli.console import out, print_json, refuse
from quantum_os.cli.options import json_option
from quantum_os.cli.recorded_choice import chosen, run_option
from quantum_os.cli.trace_view import show
from quantum_os.learning.explain.decision_bars import NoAnswer
from quantum_os.learning.explain.trace import trace as chain_of
from quantum_os.storage.recorded import open_recorded
from quantum_os.storage.run_book import RunFolderError


@click.command()
@click.argument("name", metavar="ID")
@run_option
@json_option
def trace(name: str, folder: Path | None, as_json: bool) -> None:
    """Show the chain behind ID: bars, features, votes, decision, size, permit, orders, exit.

    ID is a decision, signal, intent, order (client id), position, trade (of a fill) or funding
    payment, the beginning of one, or the seq of an event. `why` prints the decision's id.

    \b
    quantum-os trace 34e294198844
    quantum-os trace 34e2 --run runs/july
    quantum-os trace qos0-fb7152375294-tp3-0 --json
    quantum-os trace 151013
    """
    try:
        with open_recorded(chosen(folder)) as recorded:
            found = chain_of(recorded, name)
    except (RunFolderError, NoAnswer) as error:
        refuse(str(error))
    if as_json:
        print_json(found)
    else:
        show(found, out)
