"""Which learned models decide in a run: the hash of their card and of every artefact it names."""

from pathlib import Path

import msgspec

from quantum_os.ai.models.artefact import ArtefactRefused
from quantum_os.ai.models.ensemble import ARTEFACTS, EnsembleCard, identified_card
from quantum_os.ai.models.loaded import Loaded, loaded
from quantum_os.ai.models.manifest import MANIFEST
from quantum_os.events.ai import ID_DIGITS
from quantum_os.formulas.kernels.feature_groups import group_of
from quantum_os.formulas.kernels.feature_sheet import bars_until_known
from quantum_os.kernel.unreadable import UNREADABLE


class ModelsCard(msgspec.Struct, frozen=True):
    """What a plan keeps of an ensemble, so that a replay finds it again and knows it is the same.

    `source` is the folder, `hash` the sha256 of its `ensemble.json`. `step_ns` and `horizon_h` say
    what a prediction is about, `features` and `bars_back` what it is made from.
    """

    source: str
    hash: str
    artefacts: tuple[str, ...]
    features: tuple[str, ...]
    step_ns: int
    horizon_h: float
    bars_back: int

    @property
    def bars_until_known(self) -> int:
        """How many bars a symbol must have shown before every model can answer."""
        return bars_until_known([group_of(name) for name in self.features]) + self.bars_back - 1

    @property
    def identity(self) -> tuple[str, ...]:
        """What a configuration's hash takes in: content, and no path."""
        return (self.hash, *self.artefacts)


def models_card(folder: Path) -> ModelsCard:
    """Gives the card of a training's folder; raises ArtefactRefused where there is none."""
    identity, card = identified_card(folder)
    return ModelsCard(
        source=str(folder.absolute()),
        hash=identity,
        artefacts=_artefacts(card),
        features=card.features,
        step_ns=card.step_ns,
        horizon_h=card.horizon_h,
        bars_back=max((_bars_back(each, folder) for each in _artefacts(card)), default=1),
    )


def models_again(card: ModelsCard, moved: Path | None = None) -> Loaded:
    """Finds the models of a plan again, as they were; raises ArtefactRefused for others.

    `moved` is where they are now, when it is no longer where the plan found them. That one of them
    is damaged is said in `Loaded`: a process goes on without it, a replay does not.
    """
    folder = moved or Path(card.source)
    try:
        found = loaded(folder)
    except ArtefactRefused as error:
        raise ArtefactRefused(
            f"the models {card.hash[:ID_DIGITS]} took part and cannot be had: {error}"
        ) from error
    if found.ensemble.id != card.hash:
        raise ArtefactRefused(
            f"the models have changed since: {card.hash[:ID_DIGITS]} took part, {folder} now holds "
            f"{found.ensemble.id[:ID_DIGITS]}; put back what it was, or run anew"
        )
    return found


class _Depth(msgspec.Struct, frozen=True):
    """What of a manifest says how far its model looks back."""

    depth: int


def _bars_back(artefact: str, folder: Path) -> int:
    """One that cannot be read looks back at nothing: it is refused when it is loaded."""
    try:
        content = (folder / ARTEFACTS / artefact / MANIFEST).read_bytes()
        return msgspec.json.decode(content, type=_Depth).depth
    except (*UNREADABLE, OSError):
        return 1


def _artefacts(card: EnsembleCard) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each for era in card.eras for each in era.artefacts))
