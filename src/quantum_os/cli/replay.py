"""`quantum-os replay`: recorded inputs through the same line-up, every event held to its hash."""

from contextlib import AbstractContextManager
from pathlib import Path

import msgspec
import rich_click as click

from quantum_os.cli.backtest import RunDocument
from quantum_os.cli.build import build
from quantum_os.cli.console import err, out, print_json, progress_bar, refuse
from quantum_os.cli.exit_codes import ExitCode
from quantum_os.cli.options import Moment, json_option
from quantum_os.cli.replay_models import models_then
from quantum_os.cli.replay_past import Kept, Minds, Request, modules_then, replay_past
from quantum_os.cli.replay_sources import kept_in_home, kept_in_redis
from quantum_os.cli.replay_voters import voters_then
from quantum_os.kernel.bus import Bus
from quantum_os.kernel.iso_time import iso
from quantum_os.kernel.journal import Journal
from quantum_os.storage.home import Home
from quantum_os.storage.home_replay import Window
from quantum_os.storage.run_book import RUN_FILE, RunFolderError, read_run
from quantum_os.storage.verification import Verification, verify

FOR_EVER = 2**63 - 1
"""Later than any event, in ns."""


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), required=False)
@click.option("--verify", "verifies", is_flag=True, help="Compare every event with the recording.")
@click.option(
    "--voter",
    "moved",
    multiple=True,
    metavar="NAME|FILE.py:CLASS",
    help="Where a voter of the run is now, if it was moved; its code must be the same.",
)
@click.option(
    "--models",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Where the models of the run are now, if they were moved; they must be the same.",
)
@click.option(
    "--home",
    type=click.Path(path_type=Path),
    help="Replay the journal of a live process instead of a recorded run. With --redis only its "
    "snapshots are used.",
)
@click.option(
    "--redis",
    metavar="URL",
    help="Replay what a live process has mirrored there: its streams are enough.",
)
@click.option("--from", "start", type=Moment(), help="Of a process: compare from this time on.")
@click.option("--to", "end", type=Moment(), help="Of a process: stop before this time.")
@click.option(
    "--speed",
    type=click.FloatRange(min=0),
    default=0.0,
    help="Of a process: times real time, with a line for all that is notable; 0: at once.",
)
@json_option
def replay(
    folder: Path | None,
    verifies: bool,
    moved: tuple[str, ...],
    models: Path | None,
    home: Path | None,
    redis: str | None,
    start: int | None,
    end: int | None,
    speed: float,
    as_json: bool,
) -> None:
    """Replay a recorded run from FOLDER, or a live process from its --home or its --redis.

    Says whether the same inputs still give the same events. Exit code 0 when all hashes agree, 1
    when one differs, is damaged or missing: the first such event is named. What cannot be replayed
    at all, because it was trimmed or its voters or models are gone or have changed, ends with 2.
    """
    if (folder is None) == (home is None and redis is None):
        refuse("give either the FOLDER of a run or the --home or --redis of a process")
    if folder is None:
        window = Window(start or 0, FOR_EVER if end is None else end)
        if window.start >= window.end:
            refuse("--from must be before --to")
        place = None if home is None else Home(home)
        with _kept(place, redis) as kept:
            request = Request(window, verifies, speed, moved, models)
            replay_past(request, kept, as_json=as_json)
        return
    if start is not None or end is not None or speed:
        refuse("--from, --to and --speed go with --home or --redis")
    if not verifies:
        refuse("replay compares a run with its recording: say --verify")
    try:
        written = read_run(folder)
        if "result" not in written:
            refuse(f"{folder}: the run has not ended; replay its home: replay --home DIR")
        document = msgspec.convert(written, RunDocument, strict=False)
    except RunFolderError as error:
        refuse(str(error))
    except msgspec.ValidationError as error:
        refuse(f"{folder / RUN_FILE}: {error}")
    if document.result.code != build():
        note = f"recorded by {document.result.code}, replayed by {build()}: the code has changed"
        err.print(note, style="yellow", highlight=False)
    minds = Minds(voters_then(document.plan, moved), models_then(document.plan, models))
    found = _verified(folder, document, minds)
    if as_json:
        print_json(found)
    else:
        _tell(found)
    if found.mismatches:
        raise SystemExit(ExitCode.FAILED)


def _kept(home: Home | None, redis: str | None) -> AbstractContextManager[Kept]:
    if redis is not None:
        return kept_in_redis(redis, home)
    assert home is not None
    return kept_in_home(home)


def _verified(folder: Path, document: RunDocument, minds: Minds) -> Verification:
    plan = document.plan

    def fresh(journal: Journal) -> Bus:
        # What an exchange answered was heard, and is among the inputs.
        is_real = plan.venue == plan.price_venue
        return Bus(modules_then(plan, minds, world_went_on=is_real), journal)

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
