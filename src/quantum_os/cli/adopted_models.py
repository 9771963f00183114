"""EDGE. Which models a home lives by: its own copy of those that it began with, whole or none.

A training's folder may be moved, changed or deleted while positions are open; the copy stays.
"""

import shutil
from pathlib import Path

import msgspec

from quantum_os.ai.models.artefact import ArtefactRefused
from quantum_os.ai.models.ensemble import ARTEFACTS, CARD
from quantum_os.ai.models.loaded import Loaded
from quantum_os.ai.models.models_card import ModelsCard, models_again
from quantum_os.events.ai import ID_DIGITS
from quantum_os.kernel.unreadable import UNREADABLE
from quantum_os.lineup import Plan
from quantum_os.storage.home import Home


def adopted(card: ModelsCard, home: Home) -> Loaded:
    """Loads the models of a home from its copy, which is made where there is none that is whole.

    Raises ArtefactRefused when they can be had from nowhere, OSError when they cannot be copied.
    Damaged ones are never copied; what is wrong with them is told in `Loaded`.
    """
    place = home.models / card.hash
    kept = _loaded(card, place)
    if kept is not None and not kept.problem:
        return kept
    try:
        given = models_again(card)
    except ArtefactRefused:
        if kept is None:
            raise
        return kept
    if given.problem:
        return kept or given
    return _copied(card, place)


def begun_with(home: Home) -> ModelsCard | None:
    """The models that a home began with; None of a home without, and where nobody has lived."""
    try:
        plan = msgspec.json.decode(home.plan.read_bytes(), type=Plan, strict=False)
    except (*UNREADABLE, OSError):
        return None
    return plan.models


def remembered(home: Home, source: Path) -> ModelsCard | None:
    """The card of models that are gone from `source`, if a home began with them and kept them."""
    card = begun_with(home)
    if card is None or Path(card.source) != source.absolute():
        return None
    return None if kept_in(home, card) is None else card


def kept_in(home: Home, card: ModelsCard) -> Path | None:
    """Where a home keeps these models; None when it does not."""
    place = home.models / card.hash
    return place if (place / CARD).exists() else None


def refusal(home: Home, given: ModelsCard | None) -> str:
    """Why a home may not live by the models that are given now; "" when it may."""
    own = begun_with(home)
    if own is None or given is None or own.hash == given.hash:
        return ""
    return (
        f"{home.folder} lives by the models {own.hash[:ID_DIGITS]}, {given.source} now holds "
        f"{given.hash[:ID_DIGITS]}: go on with --models {home.models / own.hash}, or let the other "
        "ones decide in another --home"
    )


def _loaded(card: ModelsCard, place: Path) -> Loaded | None:
    try:
        return models_again(card, place)
    except ArtefactRefused:
        return None


def _copied(card: ModelsCard, place: Path) -> Loaded:
    """Copies, and gives what was loaded from the copy: it is verified before it has its name."""
    making, source = place.with_suffix(".part"), Path(card.source)
    shutil.rmtree(making, ignore_errors=True)
    for artefact in card.artefacts:
        shutil.copytree(source / ARTEFACTS / artefact, making / ARTEFACTS / artefact)
    shutil.copyfile(source / CARD, making / CARD)
    models = models_again(card, making)
    if not models.problem:
        shutil.rmtree(place, ignore_errors=True)
        making.rename(place)
    return models
