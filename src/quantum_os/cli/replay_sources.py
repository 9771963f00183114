"""Where a live process's past is found: in the journal of its home, or in the mirror in Redis."""

from collections.abc import Iterator
from contextlib import contextmanager

from quantum_os.cli.console import refuse
from quantum_os.cli.exit_codes import ExitCode
from quantum_os.cli.replay_past import Kept
from quantum_os.kernel.snapshots import SnapshotFolder
from quantum_os.storage.home import Home
from quantum_os.storage.journal_file import JournalFile
from quantum_os.storage.journal_index import identity_of


@contextmanager
def kept_in_home(home: Home) -> Iterator[Kept]:
    """Opens the past that a home holds, or refuses."""
    _refuse_no_journal(home)
    file = JournalFile(home.journal)
    try:
        yield Kept(
            past=file,
            plan=_plan_of(home),
            home=str(home.folder),
            snapshots=SnapshotFolder(home.snapshots),
        )
    finally:
        file.close()


@contextmanager
def kept_in_redis(url: str, home: Home | None) -> Iterator[Kept]:
    """Opens the past that a mirror holds, or refuses; with a home its snapshots may be used.

    What Redis does not answer ends the process too, whenever that happens.
    """
    from quantum_os.storage.redis.address import redis_url, shown
    from quantum_os.storage.redis.link import Lost
    from quantum_os.storage.redis.past import MirroredPast, NoPast
    from quantum_os.storage.redis.reader import RedisReader

    try:
        redis_url(url)
    except ValueError as error:
        refuse(str(error))
    try:
        with RedisReader(url) as reader:
            past = MirroredPast(reader)
            if home is not None:
                _refuse_another(home, past.instance, shown(url))
            if not past.plan:
                refuse(f"{shown(url)}: it holds no plan yet; start the process once more with it")
            snapshots = None if home is None else SnapshotFolder(home.snapshots)
            folder = None if home is None else str(home.folder)
            yield Kept(past, past.plan, folder, shown(url), snapshots)
    except NoPast as error:
        refuse(f"{shown(url)}: {error}")
    except Lost as error:
        refuse(f"{shown(url)}: {error}", ExitCode.FAILED)


def _refuse_no_journal(home: Home) -> None:
    if not home.journal.is_file():
        refuse(f"{home.folder}: no {home.journal.name} there; `quantum-os run` makes one")


def _refuse_another(home: Home, instance: str, name: str) -> None:
    """Ends the process when the mirror is not that of this home."""
    _refuse_no_journal(home)
    ours = identity_of(home.journal)
    if ours != instance:
        refuse(f"{name} is the mirror of instance {instance}, {home.folder} is {ours}")


def _plan_of(home: Home) -> bytes:
    try:
        return home.plan.read_bytes()
    except OSError:
        refuse(f"{home.plan} is missing: without its plan a home cannot be replayed")
