"""Which ends of a start or a life are told in one line, and with which exit code."""

from collections.abc import Iterator
from contextlib import contextmanager

from quantum_os.cli.console import refuse
from quantum_os.cli.copies import CopyRefused
from quantum_os.cli.exit_codes import ExitCode
from quantum_os.cli.homecoming import HomeRefused
from quantum_os.kernel.journal import JournalDamaged, JournalFailed
from quantum_os.kernel.recovery import AnotherBuild, Diverged
from quantum_os.kernel.runtime import DEPOSED, Ending
from quantum_os.storage.home import HomeTaken
from quantum_os.storage.lease import LeaseTaken


@contextmanager
def told_in_a_line() -> Iterator[None]:
    """Ends the process with one line when a home cannot be lived in, or its journal not written."""
    try:
        yield
    except (HomeTaken, LeaseTaken, HomeRefused, AnotherBuild, CopyRefused) as error:
        refuse(str(error), ExitCode.REFUSED)
    except (Diverged, JournalDamaged) as error:
        refuse(str(error), ExitCode.FAILED)
    except JournalFailed as error:
        text = f"the journal was not written to its end ({error}); the next start recovers from it"
        refuse(text, ExitCode.FAILED)


def refuse_fault(ending: Ending) -> None:
    """Ends the process when its life ended by a fault, or by another instance."""
    if ending.fault is not None:
        code = ExitCode.REFUSED if ending.reason == DEPOSED else ExitCode.FAILED
        refuse(ending.fault, code)
