"""`quantum-os models verify`: which models of a folder may serve and when, and why one may not."""

from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import rich_click as click
from rich.table import Table

from quantum_os.ai.models.artefact import ArtefactRefused
from quantum_os.ai.models.ensemble import (
    ARTEFACTS,
    EnsembleCard,
    Era,
    load_ensemble,
    read_card,
)
from quantum_os.ai.models.loading import load_model
from quantum_os.ai.models.novelty import load_novelty
from quantum_os.cli.console import err, out, print_json, refuse
from quantum_os.cli.exit_codes import ExitCode
from quantum_os.cli.options import json_option
from quantum_os.kernel.iso_time import iso


class ModelRow(msgspec.Struct, frozen=True):
    """One model of one era; `problem` is empty when it may serve."""

    serves_from: str
    serves_until: str | None
    name: str
    weight: float | None
    artefact: str
    labels_until: str
    problem: str


class Models(msgspec.Struct, frozen=True):
    """Every model of a folder, and whether all of it may serve."""

    folder: str
    serves: bool
    features: int
    schema_hash: str
    horizon_h: float
    models: tuple[ModelRow, ...]


@click.command("verify")
@click.argument("folder", type=click.Path(path_type=Path))
@json_option
def verify(folder: Path, as_json: bool) -> None:
    """List the models that a training wrote, and verify each as a process would that loads it.

    Every byte is compared with its hash, and every model with the answers it gave when it was made.
    Exit code 1 when one may not serve, 2 when the folder holds no training.
    """
    try:
        card = read_card(folder)
    except ArtefactRefused as error:
        refuse(str(error))
    rows = tuple(_rows(folder / ARTEFACTS, card))
    problem = next((row.problem for row in rows if row.problem), "") or _whole(folder)
    told = Models(
        folder=str(folder),
        serves=not problem,
        features=len(card.features),
        schema_hash=card.schema_hash,
        horizon_h=card.horizon_h,
        models=rows,
    )
    if as_json:
        print_json(told)
    else:
        _show(told)
    if problem:
        err.print(problem, style="red", highlight=False, markup=False, soft_wrap=True)
        raise SystemExit(ExitCode.FAILED)


def _rows(root: Path, card: EnsembleCard) -> Iterator[ModelRow]:
    for era in card.eras:
        for member in era.members:
            problem = _problem(load_model, root / member.artefact)
            yield _row(era, member.name, member.weight, member.artefact, problem)
        problem = _problem(load_novelty, root / era.novelty)
        yield _row(era, "novelty veto", None, era.novelty, problem)


def _problem(load: Callable[[Path], object], folder: Path) -> str:
    try:
        load(folder)
    except ArtefactRefused as error:
        return str(error)
    return ""


def _whole(folder: Path) -> str:
    """What only shows when all is put together: an era that knows more than it says."""
    try:
        load_ensemble(folder)
    except ArtefactRefused as error:
        return str(error)
    return ""


def _row(era: Era, name: str, weight: float | None, artefact: str, problem: str) -> ModelRow:
    until = era.serves_until
    return ModelRow(
        serves_from=iso(era.serves_from),
        serves_until=None if until is None else iso(until),
        name=name,
        weight=weight,
        artefact=artefact,
        labels_until=iso(era.labels_until),
        problem=problem,
    )


def _show(told: Models) -> None:
    table = Table(
        "serves bars from", "until", "model", "weight", "artefact", "knows until", "state"
    )
    for row in told.models:
        table.add_row(
            row.serves_from[:16],
            (row.serves_until or "for good")[:16],
            row.name,
            "" if row.weight is None else f"{row.weight:.0%}",
            row.artefact[:12],
            row.labels_until[:16],
            "refused" if row.problem else "ok",
        )
    out.print(table)
    out.print(
        f"{told.features} features, schema {told.schema_hash}, horizon {told.horizon_h:g} h",
        highlight=False,
    )
