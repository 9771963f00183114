"""Decides which eras of an ensemble may serve: those of which every artefact could be verified."""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from quantum_os.ai.models.artefact import ArtefactRefused, read_artefact
from quantum_os.ai.models.ensemble import (
    ARTEFACTS,
    Ensemble,
    EnsembleCard,
    Era,
    ServedEra,
    identified_card,
    refuse_stranger,
)
from quantum_os.ai.models.loading import Schema, admitted, refuse_other_schema
from quantum_os.ai.models.novelty import Novelty, admitted_novelty
from quantum_os.ai.models.served import ServedModel
from quantum_os.events.ai import ModelLoaded
from quantum_os.events.units import Ns
from quantum_os.formulas.kernels.feature_groups import ALL, names_of
from quantum_os.formulas.kernels.feature_list import schema_hash

VETO = "novelty veto"
"""Under this name the veto of an era is told."""


class Loaded(msgspec.Struct, frozen=True):
    """An ensemble as far as it may serve, and how the loading of each artefact went."""

    ensemble: Ensemble
    told: tuple[ModelLoaded, ...]

    @property
    def problem(self) -> str:
        """Why not all of it may serve; "" when it may."""
        return next((each.reason for each in self.told if not each.serves), "")


def loaded(folder: Path) -> Loaded:
    """Loads what can be loaded; raises ArtefactRefused only where the card cannot be read.

    Every feature must be served by this build, under the same formulas. An era with an artefact
    that is refused does not serve at all: it was measured with all of them.
    """
    identity, card = identified_card(folder)
    told: list[ModelLoaded] = []
    eras = [_era(folder / ARTEFACTS, era, (identity, card), told) for era in card.eras]
    return Loaded(Ensemble(identity, card, eras), tuple(told))


def _era(
    root: Path, era: Era, of: tuple[str, EnsembleCard], told: list[ModelLoaded]
) -> ServedEra | None:
    identity, card = of
    schema = Schema(names_of(ALL), schema_hash(card.features))
    models: list[ServedModel] = []
    veto: Novelty | None = None
    for name, weight, artefact in _named(era):
        reason = ""
        try:
            made = _verified(root / artefact, era, card, schema)
        except ArtefactRefused as error:
            reason = str(error)
        else:
            if isinstance(made, Novelty):
                veto = made
            else:
                models.append(made)
        told.append(
            ModelLoaded(
                ensemble=identity,
                artefact=artefact,
                model=name,
                serves_from=Ns(era.serves_from),
                serves_until=None if era.serves_until is None else Ns(era.serves_until),
                labels_until=Ns(era.labels_until),
                weight=weight,
                serves=not reason,
                reason=reason,
            )
        )
    if veto is None or len(models) < len(era.members):
        return None
    return ServedEra(era, models, veto)


def _named(era: Era) -> Iterator[tuple[str, float | None, str]]:
    yield from ((member.name, member.weight, member.artefact) for member in era.members)
    yield VETO, None, era.novelty


def _verified(folder: Path, era: Era, card: EnsembleCard, schema: Schema) -> ServedModel | Novelty:
    artefact = read_artefact(folder)
    refuse_other_schema(artefact, schema)
    refuse_stranger(artefact.manifest, era, card)
    is_veto = folder.name == era.novelty
    return admitted_novelty(artefact) if is_veto else admitted(artefact)
