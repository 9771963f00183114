"""Known-bad builds of what trades at an exchange, each with one bug that a kill must bring out.

python -m tests.kills.exchange.careless run ...; the bug is named by `QUANTUM_OS_CARELESS`.
"""

import os

from quantum_os.cli.main import main
from quantum_os.events.units import Ns
from quantum_os.execution.venues.ccxt import venue
from quantum_os.execution.venues.ccxt.recall import Recalled, recalled
from quantum_os.kernel.journal import Journal
from tests.kills import careless as at_home

BUGS = ("resending", "forgetful", "trusting")


def forgetful(journal: Journal) -> Recalled:
    """Does not know what the lives before have told, so it tells it again."""
    known = recalled(journal)
    return Recalled([], [], known.born, known.listed)


def trusting(journal: Journal) -> Recalled:
    """Believes that all was told up to where the journal ends, as an earlier build of ours did."""
    known = recalled(journal)
    last = next(journal.read(max(1, journal.flushed_seq)), None)
    return Recalled(known.trade_ids, known.payment_ids, known.born, Ns(last.ts if last else 0))


def plant(bug: str) -> None:
    """Puts one bug into this process."""
    if bug == "resending":
        at_home.plant(bug)
    elif bug == "forgetful":
        vars(venue)["recalled"] = forgetful
    elif bug == "trusting":
        vars(venue)["recalled"] = trusting
    else:
        raise ValueError(f"{at_home.VARIABLE}={bug!r}: no such bug")


if __name__ == "__main__":
    plant(os.environ[at_home.VARIABLE])
    main()
