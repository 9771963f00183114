"""`quantum-os report`: an honest page of a recorded run, with its figures beside it."""

import webbrowser
from pathlib import Path

import msgspec
import rich_click as click
from rich.table import Table

from quantum_os.cli.baseline_view import told as told_baselines
from quantum_os.cli.console import err, out, print_json, progress_bar, refuse
from quantum_os.cli.options import json_option, trials_option
from quantum_os.cli.recorded_choice import chosen
from quantum_os.cli.training_page import remake
from quantum_os.learning.report.document import Report
from quantum_os.learning.report.facts import NothingRecorded
from quantum_os.learning.report.figure import told, written_interval
from quantum_os.learning.report.making import Made, make_report
from quantum_os.learning.report.page.head_section import CARDS
from quantum_os.learning.report.written import PAGE, NoLibrary
from quantum_os.learning.training.page_writing import holds_training
from quantum_os.learning.trials import read_trials
from quantum_os.storage.recorded import open_recorded
from quantum_os.storage.run_book import RunFolderError


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), required=False)
@click.option("--open", "opens", is_flag=True, help="Open the page in a browser.")
@trials_option
@json_option
def report(folder: Path | None, opens: bool, trials: Path, as_json: bool) -> None:
    """Write report.html, report.json and CSV tables into FOLDER, a recorded run or a home folder.

    Without FOLDER it is the newest of runs/* and var. Of a training's folder the page is made again
    from its report.json.

    The page is one file that works offline. It begins with what the run shows, and how sure that
    is: intervals, costs, refusals, assumptions, and how many trials were made before this one.
    """
    try:
        folder = chosen(folder)
    except RunFolderError as error:
        refuse(str(error))
    if holds_training(folder):
        page = remake(folder, as_json=as_json)
        if opens:
            webbrowser.open(page.resolve().as_uri())
        return
    made = _made(folder, trials)
    for line in made.report.trials.damaged:
        err.print(f"not counted as a trial: {line}", style="red", highlight=False)
    if as_json:
        print_json(_summary(made))
    else:
        _tell(made)
    if opens:
        webbrowser.open((folder / PAGE).resolve().as_uri())


def _made(folder: Path, trials: Path) -> Made:
    try:
        with open_recorded(folder) as recorded, progress_bar("report", *recorded.span) as moved:
            return make_report(recorded, read_trials(trials), str(trials), moved)
    except (RunFolderError, NothingRecorded, NoLibrary) as error:
        refuse(str(error))
    except msgspec.ValidationError as error:
        refuse(f"{folder}: the recording is of another release: {error}")
    except OSError as error:
        refuse(f"{error.filename or folder}: {error.strerror or error}")


def _summary(made: Made) -> dict[str, object]:
    """The verdict, every figure, and where the rest lies."""
    said = made.report
    return {
        "files": {path.name: str(path) for path in made.paths},
        "verdict": said.verdict,
        "figures": {figure.key: figure for figure in said.figures},
        "baselines": said.baselines,
        "trials": said.trials,
        "money_adds_up": all(check.ok for check in said.checks),
    }


def _tell(made: Made) -> None:
    said = made.report
    out.print(said.verdict.headline, style="bold")
    for sentence in said.verdict.sentences:
        out.print(sentence, highlight=False)
    out.print(_figures(said))
    for line in told_baselines(said.baselines):
        out.print(line, highlight=False, soft_wrap=True)
    for check in said.checks:
        if not check.ok:
            err.print(f"the money does not add up: {check.claim}", style="red", highlight=False)
    out.print(f"written to {', '.join(map(str, made.paths))}", highlight=False)


def _figures(said: Report) -> Table:
    table = Table("figure", "value", "95 % interval")
    for figure in (said.figure(key) for key in CARDS):
        table.add_row(figure.label, told(figure), written_interval(figure.interval, figure.unit))
    return table
