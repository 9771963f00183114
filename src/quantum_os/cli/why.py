"""`quantum-os why`: why a symbol was traded or not at a bar, from the record of a run."""

from pathlib import Path

import msgspec
import rich_click as click

from quantum_os.cli.console import out, print_json, refuse
from quantum_os.cli.options import json_option
from quantum_os.cli.recorded_choice import chosen, run_option
from quantum_os.cli.why_view import show
from quantum_os.events.ai import AiSignalGenerated
from quantum_os.formulas.symbols import unified
from quantum_os.kernel.iso_time import from_iso
from quantum_os.learning.explain.decision_bars import NoAnswer
from quantum_os.learning.explain.why import Why
from quantum_os.learning.explain.why import why as answer
from quantum_os.storage.home import Home
from quantum_os.storage.recorded import Recorded, open_recorded
from quantum_os.storage.run_book import RunFolderError

FEATURES_TOLD = 6


class _Source(msgspec.Struct, frozen=True):
    source: str


class _Plan(msgspec.Struct, frozen=True):
    models: _Source | None = None


class _Document(msgspec.Struct, frozen=True):
    """What of a run's document says where its models were."""

    plan: _Plan = _Plan()


@click.command()
@click.argument("symbol")
@click.argument("time", nargs=-1, required=True)
@run_option
@click.option(
    "--features",
    "with_features",
    is_flag=True,
    help="Also say which features moved each learned model, and how far.",
)
@click.option(
    "--models",
    "models",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Where the models of --features are now. Default: where the run found them.",
)
@json_option
def why(
    symbol: str,
    time: tuple[str, ...],
    folder: Path | None,
    with_features: bool,
    models: Path | None,
    as_json: bool,
) -> None:
    """Say why SYMBOL was traded or not at TIME: one outcome, its gate, value and limit.

    SYMBOL is BTCUSDT, BTC-USDT or BTC/USDT:USDT. TIME is a date or a time in ISO-8601, UTC unless
    it names a zone; inside a bar it means the decision at that bar's close.

    \b
    quantum-os why BTCUSDT 2025-08-01T13:00Z
    quantum-os why ETH-USDT 2025-08-01 13:27 --run runs/july
    quantum-os why BTCUSDT 2025-08-01T13:00Z --features --json
    """
    try:
        found = _answered(symbol, " ".join(time), folder)
        if with_features or models is not None:
            found = _with_features(found, models)
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


def _with_features(found: Why, models: Path | None) -> Why:
    """Adds what moved the models that decided; raises NoAnswer where they cannot be had."""
    # Only here: models compute over arrays, and most questions are answered without them.
    from quantum_os.ai.models.artefact import ArtefactRefused
    from quantum_os.ai.models.loaded import loaded
    from quantum_os.learning.explain.moving import moved_by

    with open_recorded(Path(found.run)) as recorded:
        envelope = recorded.event(found.seqs["ai.signal_generated"])
        signal = None if envelope is None else envelope.event()
        if not isinstance(signal, AiSignalGenerated) or not signal.ensemble:
            raise NoAnswer("no learned model decided at this bar: --features says nothing of rules")
        try:
            kept = loaded(models or _models_of(recorded, signal.ensemble))
        except ArtefactRefused as error:
            raise NoAnswer(f"{error}; say where the models are with --models DIR") from error
        moved = moved_by(recorded, signal, found.symbol, kept.ensemble, FEATURES_TOLD)
    return msgspec.structs.replace(found, moved=moved)


def _models_of(recorded: Recorded, ensemble: str) -> Path:
    """A home's own copy, or where the plan of a run found them."""
    models = msgspec.convert(recorded.document or {}, _Document).plan.models
    return Home(recorded.folder).models / ensemble if models is None else Path(models.source)
