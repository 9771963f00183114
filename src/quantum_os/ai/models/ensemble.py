"""Which models may speak of a bar: those whose last label was resolved before it closed.

An ensemble is a row of eras. Those of the walk forward serve a past that their models never saw,
so that a backtest over it is honest; the last era was trained on all there was and serves what
comes after.
"""

from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from quantum_os.ai.models.artefact import ArtefactRefused
from quantum_os.ai.models.loading import Schema, load_model
from quantum_os.ai.models.manifest import Manifest
from quantum_os.ai.models.novelty import Novelty, load_novelty
from quantum_os.ai.models.pooling import Weight, pooled
from quantum_os.ai.models.served import ServedModel, unknown_inputs
from quantum_os.ai.models.windows import Series
from quantum_os.events.ai import ID_DIGITS
from quantum_os.formulas.calibration import Calibrator, calibrated
from quantum_os.kernel.unreadable import UNREADABLE

Floats = NDArray[np.float64]

FORMAT = 1
CARD = "ensemble.json"
ARTEFACTS = "artefacts"

FOR_GOOD = 2**63 - 1
"""Later than any bar, in ns."""

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

    @property
    def artefacts(self) -> tuple[str, ...]:
        """Everything that must be there before the era may speak."""
        return (*(member.artefact for member in self.members), self.novelty)


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

    def place_at(self, bar_close: int) -> int | None:
        """Gives the place of the era that may speak of a bar; None where all would know its future,
        or it lies before the first.
        """
        for place, era in enumerate(self.eras):
            if era.serves_from <= bar_close and bar_close <= (era.serves_until or bar_close):
                return place
        return None


class ServedEra:
    """The verified models of one era."""

    def __init__(self, era: Era, models: Sequence[ServedModel], novelty: Novelty) -> None:
        self.era = era
        self.models = tuple(models)
        self.novelty = novelty

    def members(self, inputs: Inputs) -> list[Floats]:
        """[rows, 2] of each member: its calibrated probabilities; NaN where it has no answer."""
        if isinstance(inputs, Series):
            return [model.proba_of_series(inputs) for model in self.models]
        return [model.predict_proba(inputs(model.manifest.depth)) for model in self.models]

    def unknown_inputs(self, x: Floats) -> tuple[str | None, ...]:
        """Says for each row [rows, F] which input is unknown; None where all are known."""
        return unknown_inputs(x, self.novelty.manifest.features)

    def together(self, said: Sequence[Floats], weights: Sequence[Weight]) -> Floats:
        """[rows, 2]: what members said, pooled by these weights and calibrated, before any veto."""
        pool = pooled(said, weights)
        sides = [calibrated(pool[:, side], by) for side, by in enumerate(self.era.calibration)]
        return np.stack(sides, axis=1)

    def predict_proba(self, inputs: Inputs) -> Floats:
        """[rows, 2]: the pooled and calibrated probabilities; NaN where nobody answers, and where
        a row is unlike anything seen.
        """
        said = self.together(self.members(inputs), [member.weight for member in self.era.members])
        usual = self.novelty.odds(inputs(1)) > self.novelty.level
        return np.where(usual[:, None], said, np.nan)


class Ensemble:
    """The eras of a folder, in the order of time; None stands for one that may not serve.

    `id` is the sha256 of its card, which names every artefact: one name stands for all of it.
    """

    def __init__(self, identity: str, card: EnsembleCard, eras: Sequence[ServedEra | None]) -> None:
        self.id = identity
        self.card = card
        self.eras = tuple(eras)

    @property
    def reads(self) -> tuple[str, ...]:
        """The features it needs; the line-up computes what somebody reads."""
        return self.card.features

    @property
    def known_until(self) -> dict[str, int]:
        """Until when each model knows the market, by the version under which it votes."""
        return {
            member.artefact[:ID_DIGITS]: era.labels_until
            for era in self.card.eras
            for member in era.members
        }

    @property
    def depth(self) -> int:
        """How many bars its models look back at most, this one included."""
        served = (era for era in self.eras if era is not None)
        return max((m.manifest.depth for era in served for m in era.models), default=1)

    def era_at(self, bar_close: int) -> ServedEra | None:
        """Gives the models that may speak of a bar; None where there are none."""
        place = self.card.place_at(bar_close)
        return None if place is None else self.eras[place]


def load_ensemble(folder: Path, schema: Schema | None = None) -> Ensemble:
    """Reads an ensemble and verifies each of its models; raises ArtefactRefused with the reason."""
    identity, card = identified_card(folder)
    root = folder / ARTEFACTS
    return Ensemble(identity, card, [_served(root, era, card, schema) for era in card.eras])


def read_card(folder: Path) -> EnsembleCard:
    """Reads `ensemble.json` and checks its times; raises ArtefactRefused."""
    return identified_card(folder)[1]


def identified_card(folder: Path) -> tuple[str, EnsembleCard]:
    """Gives the sha256 of `ensemble.json` and what it holds, its times checked; ArtefactRefused."""
    try:
        content = (folder / CARD).read_bytes()
        card = msgspec.json.decode(content, type=EnsembleCard)
    except OSError as error:
        raise ArtefactRefused(f"{folder / CARD}: {error.strerror or error}") from error
    except UNREADABLE as error:
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
        free_from = FOR_GOOD if era.serves_until is None else era.serves_until + 1
    return sha256(content).hexdigest(), card


def refuse_stranger(made: Manifest, era: Era, card: EnsembleCard) -> None:
    """Raises ArtefactRefused for an artefact that knows the market for longer than its era says, or
    that takes other features or bars than the ensemble gives.
    """
    if made.data.labels_until > era.labels_until:
        raise ArtefactRefused(
            f"model {made.name}: it knows the market until later than its era says"
        )
    if made.features != card.features or made.step_ns != card.step_ns:
        raise ArtefactRefused(
            f"model {made.name}: it takes other features or bars than its ensemble gives"
        )


def _served(root: Path, era: Era, card: EnsembleCard, schema: Schema | None) -> ServedEra:
    models = [load_model(root / member.artefact, schema) for member in era.members]
    novelty = load_novelty(root / era.novelty)
    for made in (*(model.manifest for model in models), novelty.manifest):
        refuse_stranger(made, era, card)
    return ServedEra(era, models, novelty)
