"""`quantum-os why`: why a symbol was traded or not at a bar, from the record of a run."""

from pathlib import Path

import rich_click as click

from quantum_os.cli.console import out, print_json, refuse
from quantum_os.cli.options import json_option
from quantum_os.cli.recorded_choice import chosen, run_option
from quantum_os.cli.why_view import show
from quantum_os.formulas.symbols import unified
from quantum_os.kernel.iso_time import from_iso
from quantum_os.learning.explain.decision_bars import NoAnswer
from quantum_os.learning.explain.why import Why
from quantum_os.learning.explain.why import why as answer
from quantum_os.storage.recorded import open_recorded
from quantum_os.storage.run_book import RunFolderError


@click.command()
@click.argument("symbol")
@click.argument("time", nargs=-1, required=True)
@run_option
@json_option
def why(symbol: str, time: tuple[str, ...], folder: Path | None, as_json: bool) -> None:
    """Say why SYMBOL was traded or not at TIME: one outcome, its gate, value and limit.

    SYMBOL is BTCUSDT, BTC-USDT or BTC/USDT:USDT. TIME is a date or a time in ISO-8601, UTC unless
    it names a zone; inside a bar it means the decision at that bar's close.

    \b
    quantum-os why BTCUSDT 2025-08-01T13:00Z
    quantum-os why ETH-USDT 2025-08-01 13:27 --run runs/july
    quantum-os why BTCUSDT 2025-08-01T13:00Z --json
    """
    try:
        found = _answered(symbol, " ".join(time), folder)
    except (RunFolderError, NoAnswer, ValueError) as error:
        refuse(str(error))
    if as_json:
        print_json(found)
    else:
        show(found, out)


def _answered(symbol: str, time: str, folder: Path | None) -> Why:
    name, asked = unified(symbol), from_iso(time)
    with open_recorded(chosen(folder)) as recorded:
        return answer(recorded, name, asked)
