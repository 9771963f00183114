"""Where a live run keeps what happens: its home, and the copies beside it."""

import os
from pathlib import Path

import msgspec

from quantum_os.cli.console import err
from quantum_os.cli.copies import Copies, check_copies
from quantum_os.cli.recorded_choice import HOME
from quantum_os.learning.trials import TRIALS_FILE, TRIALS_VARIABLE
from quantum_os.lineup import Plan
from quantum_os.settings import Settings
from quantum_os.storage.home import Home


def kept(settings: Settings, plan: Plan, *, drain: bool) -> tuple[Home, Copies]:
    """Gives the home of a run and what keeps copies of it; raises what is wrong with either."""
    places = settings.storage
    home = Home(Path(places.home)) if places.home else _usual_home(plan)
    trials = Path(os.environ.get(TRIALS_VARIABLE) or TRIALS_FILE)
    copies = Copies(
        places.database or None,
        places.redis or None,
        places.let_in,
        drain=drain,
        trials=trials,
        models=Path(places.models),
    )
    check_copies(copies, home)
    return home, copies


def _usual_home(plan: Plan) -> Home:
    """A home is lived in by one run: a run of another market gets its own beside it."""
    usual = Home(HOME)
    if not usual.plan.exists() or usual.plan.read_bytes() == msgspec.json.encode(plan):
        return usual
    own = Home(HOME / f"{plan.mode}-{plan.namespace}")
    err.print(f"{HOME} belongs to another run; this one lives in {own.folder}", highlight=False)
    return own
