"""`quantum-os replay`: recorded inputs through the same line-up, every event held to its hash."""

from pathlib import Path

import msgspec
import rich_click as click

from quantum_os.ai.voter import Voter
from quantum_os.ai.voter_card import VoterError
from quantum_os.ai.voter_search import find_voters
from quantum_os.cli.backtest import RunDocument
from quantum_os.cli.build import build
from quantum_os.cli.console import err, out, print_json, progress_bar, refuse
from quantum_os.cli.exit_codes import ExitCode
from quantum_os.cli.options import json_option
from quantum_os.kernel.bus import Bus
from quantum_os.kernel.iso_time import iso
from quantum_os.kernel.journal import Journal
from quantum_os.lineup import VOTERS, Plan, line_up, voters_of
from quantum_os.storage.run_book import RUN_FILE, RunFolderError, read_run
from quantum_os.storage.verification import Verification, verify


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--verify", "verifies", is_flag=True, help="Compare every event with the recording.")
@click.option(
    "--voter",
    "moved",
    multiple=True,
    metavar="NAME|FILE.py:CLASS",
    help="Where a voter of the run is now, if it was moved; its code must be the same.",
)
@json_option
def replay(folder: Path, verifies: bool, moved: tuple[str, ...], as_json: bool) -> None:
    """Replay a recorded run from FOLDER and say whether it still gives the same events.

    Exit code 0 when all hashes agree, 1 when one differs: the first differing event is named. A run
    whose voters are gone or have changed cannot be replayed: exit code 2.
    """
    if not verifies:
        refuse("replay compares a run with its recording: say --verify")
    try:
        document = msgspec.convert(read_run(folder), RunDocument, strict=False)
    except RunFolderError as error:
        refuse(str(error))
    except msgspec.ValidationError as error:
        refuse(f"{folder / RUN_FILE}: {error}")
    if document.result.code != build():
        note = f"recorded by {document.result.code}, replayed by {build()}: the code has changed"
        err.print(note, style="yellow", highlight=False)
    found = _verified(folder, document, _voters(document.plan, moved))
    if as_json:
        print_json(found)
    else:
        _tell(found)
    if found.mismatches:
        raise SystemExit(ExitCode.FAILED)


def _voters(plan: Plan, moved: tuple[str, ...]) -> tuple[Voter, ...]:
    """Gives the voters that took part, unchanged, or refuses."""
    try:
        found = {each.card.name: each for each in find_voters(moved, VOTERS)} if moved else {}
        strangers = found.keys() - {card.name for card in plan.voters}
        if strangers:
            refuse(f"--voter: {', '.join(sorted(strangers))} took no part in this run")
        return voters_of(plan, found)
    except VoterError as error:
        refuse(str(error))


def _verified(folder: Path, document: RunDocument, voters: tuple[Voter, ...]) -> Verification:
    def fresh(journal: Journal) -> Bus:
        return Bus(line_up(document.plan, voters=voters), journal)

    with progress_bar("replay", 0, document.result.inputs) as moved:
        return verify(folder, fresh, moved)


def _tell(found: Verification) -> None:
    if found.first is None:
        out.print(f"[green]identical[/]: {found.events:,} events from {found.inputs:,} inputs")
        return
    first = found.first
    out.print(f"[red]{found.mismatches:,} of {found.events:,} events differ[/]")
    out.print(f"first: seq {first.seq} {first.stream} at {iso(first.ts)}: {first.why}")
    out.print(f"recorded {first.recorded}, replayed {first.replayed}")
