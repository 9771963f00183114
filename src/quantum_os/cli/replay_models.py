"""Which learned models decide in a replay: those that did then, unchanged, wherever they are."""

from pathlib import Path

from quantum_os.ai.models.artefact import ArtefactRefused
from quantum_os.ai.models.loaded import Loaded
from quantum_os.ai.models.models_card import models_again
from quantum_os.cli.console import refuse
from quantum_os.lineup import Plan


def models_then(plan: Plan, moved: Path | None) -> Loaded | None:
    """Gives the models of a plan, or refuses; `moved` is where they are now.

    One that is damaged now is refused too: whether it served then is in the record, and what it
    said could not be made again.
    """
    if plan.models is None:
        if moved is not None:
            refuse("--models: no learned model took part in this run")
        return None
    try:
        found = models_again(plan.models, moved)
    except ArtefactRefused as error:
        refuse(str(error))
    if found.problem:
        refuse(f"models: {found.problem}")
    return found
