"""Which models may speak of a bar: those whose last label was resolved before it closed.

An ensemble is a row of eras. Those of the walk forward serve a past that their models never saw,
so that a backtest over it is honest; the last era was trained on all there was and serves what
comes after.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from quantum_os.ai.models.artefact import ArtefactRefused
from quantum_os.ai.models.loading import Schema, load_model
from quantum_os.ai.models.novelty import Novelty, load_novelty
from quantum_os.ai.models.pooling import pooled
from quantum_os.ai.models.served import ServedModel
from quantum_os.formulas.calibration import Calibrator, calibrated

Floats = NDArray[np.float64]

FORMAT = 1
CARD = "ensemble.json"
ARTEFACTS = "artefacts"

Inputs = Callable[[int], Floats]
"""Gives the inputs [rows, depth * F] of models that look back so many bars."""


class Member(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A model of an era by its artefact's id, and how much it counts."""

    name: str
    artefact: str
    weight: float


class Era(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who serves bars that close in [serves_from, serves_until], in ns UTC; None: for good.

    `gain_r` and `loss_r` are what a target and its absence were worth to LONG and SHORT in the rows
    that were learnt from: A and B of trading.md 2.
    """

    labels_until: int
    serves_from: int
    serves_until: int | None
    members: tuple[Member, ...]
    novelty: str
    calibration: tuple[Calibrator, Calibrator]
    gain_r: tuple[float, float]
    loss_r: tuple[float, float]


class EnsembleCard(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What `ensemble.json` holds. No time of making: same data, same bytes."""

    features: tuple[str, ...]
    schema_hash: str
    step_ns: int
    horizon_h: float
    data_hash: str
    seed: int
    code_hash: str
    eras: tuple[Era, ...]
    format: int = FORMAT


class ServedEra:
    """The verified models of one era."""

    def __init__(self, era: Era, models: Sequence[ServedModel], novelty: Novelty) -> None:
        self.era = era
        self.models = tuple(models)
        self.novelty = novelty

    def predict_proba(self, inputs: Inputs) -> Floats:
        """[rows, 2]: the pooled and calibrated probabilities; NaN where nobody answers, and where
        a row is unlike anything seen.
        """
        said = [model.predict_proba(inputs(model.manifest.depth)) for model in self.models]
        together = pooled(said, [member.weight for member in self.era.members])
        sides = [calibrated(together[:, s], by) for s, by in enumerate(self.era.calibration)]
        usual = self.novelty.odds(inputs(1)) > self.novelty.level
        return np.where(usual[:, None], np.stack(sides, axis=1), np.nan)


class Ensemble:
    """The eras of a folder, in the order of time."""

    def __init__(self, card: EnsembleCard, eras: Sequence[ServedEra]) -> None:
        self.card = card
        self.eras = tuple(eras)

    def era_at(self, bar_close: int) -> ServedEra | None:
        """Gives the models that may speak of a bar; None where all would know its future, or it
        lies before the first era.
        """
        for served in self.eras:
            until = served.era.serves_until
            if served.era.serves_from <= bar_close and (until is None or bar_close <= until):
                return served
        return None


def load_ensemble(folder: Path, schema: Schema | None = None) -> Ensemble:
    """Reads an ensemble and verifies each of its models; raises ArtefactRefused with the reason."""
    card = read_card(folder)
    return Ensemble(card, [_served(folder / ARTEFACTS, era, schema) for era in card.eras])


def read_card(folder: Path) -> EnsembleCard:
    """Reads `ensemble.json` and checks its times; raises ArtefactRefused."""
    try:
        card = msgspec.json.decode((folder / CARD).read_bytes(), type=EnsembleCard)
    except OSError as error:
        raise ArtefactRefused(f"{folder / CARD}: {error.strerror or error}") from error
    except msgspec.MsgspecError as error:
        raise ArtefactRefused(f"{folder / CARD}: {error}") from error
    if card.format != FORMAT:
        raise ArtefactRefused(f"{folder / CARD}: format {card.format}, this build reads {FORMAT}")
    free_from = 0
    for era in card.eras:
        if era.labels_until >= era.serves_from or era.serves_from < free_from:
            raise ArtefactRefused(
                f"{folder / CARD}: an era would speak of bars that its models have seen, or that "
                "another era speaks of"
            )
        free_from = (era.serves_until or era.serves_from) + 1
    return card


def _served(root: Path, era: Era, schema: Schema | None) -> ServedEra:
    models = [load_model(root / member.artefact, schema) for member in era.members]
    novelty = load_novelty(root / era.novelty)
    for made in (*(model.manifest for model in models), novelty.manifest):
        if made.data.labels_until > era.labels_until:
            raise ArtefactRefused(
                f"model {made.name}: it knows the market until later than its era says"
            )
    return ServedEra(era, models, novelty)
