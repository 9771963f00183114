"""Which copies of its journal a process keeps: rows in a database, streams in a Redis, or none."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec

from quantum_os.kernel.reactor import Module
from quantum_os.storage.home import Home
from quantum_os.storage.sqlite_journal import SqliteJournal


class Copies(msgspec.Struct, frozen=True):
    """Where the copies are; None where none is wanted.

    `let_in` are the streams in Redis that others may write to (none); with `drain` what they wrote
    is consumed and not traded. The database also gets what the ledger of `trials` and the folder of
    `models` hold.
    """

    database: str | None = None
    redis: str | None = None
    let_in: tuple[str, ...] = ()
    drain: bool = False
    trials: Path | None = None
    models: Path | None = None


class CopyRefused(RuntimeError):
    """A copy that may not be written; no waiting heals it."""


def check_copies(copies: Copies, home: Home) -> None:
    """Raises ValueError for an address that is none, and for a stream that cannot be let in."""
    if copies.database is not None:
        from quantum_os.storage.database.address import store_address

        store_address(copies.database, home.folder)
    if copies.redis is not None:
        from quantum_os.storage.redis.address import redis_url

        redis_url(copies.redis)
    if copies.let_in:
        from quantum_os.storage.redis.inbound import refuse_barred

        if copies.redis is None:
            raise ValueError("--let-in needs --redis: it names a stream there")
        refuse_barred(copies.let_in)
    elif copies.drain:
        raise ValueError("--drain needs --let-in: it says what becomes of what is let in")


def check_store(copies: Copies, home: Home, journal: SqliteJournal) -> None:
    """Raises CopyRefused for a store that is not ours; one that is out of reach may come back.

    Waits some seconds for a server that does not answer: once, when the process starts.
    """
    if copies.database is None:
        return
    from quantum_os.storage.database.address import store_address
    from quantum_os.storage.opening import REFUSALS, prepare_store

    try:
        prepare_store(store_address(copies.database, home.folder), journal)
    except REFUSALS as error:
        raise CopyRefused(str(error)) from error


def keepers_of(
    copies: Copies, home: Home, journal: SqliteJournal, epoch: int
) -> tuple[Module, ...]:
    """Builds the edges that write the copies, and trim what all of them have.

    Their libraries are heavy: a process that keeps no copies loads none of them. Redis is trimmed
    behind the database where there is one; the journal behind both, and behind the snapshots.
    """
    keepers: list[Module] = []
    watermark = None
    floors: list[Callable[[], int]] = []
    if copies.database is not None:
        from quantum_os.learning.model_index import ModelIndex
        from quantum_os.learning.trial_index import TrialIndex
        from quantum_os.storage.database.address import store_address
        from quantum_os.storage.projector import Index, Projector
        from quantum_os.storage.retention import snapshot_floor
        from quantum_os.storage.snapshot_index import SnapshotIndex
        from quantum_os.storage.store import Store

        floors.append(partial(snapshot_floor, home.snapshots))
        address = store_address(copies.database, home.folder)
        indexes: list[Callable[[Store], Index]] = [partial(SnapshotIndex, folder=home.snapshots)]
        if copies.trials is not None:
            indexes.append(partial(TrialIndex, ledger=copies.trials))
        if copies.models is not None:
            indexes.append(partial(ModelIndex, folder=copies.models))
        projector = Projector(address, floors=floors, indexes=indexes)
        keepers.append(projector)

        def stored() -> int:
            return projector.seq

        watermark = stored
    if copies.redis is not None:
        from quantum_os.storage.redis.edges import RedisConfig, redis_edges

        config = RedisConfig(
            copies.redis, copies.let_in, drain=copies.drain, plan=home.plan.read_bytes()
        )
        edges = redis_edges(config, journal, epoch, watermark)
        floors.append(lambda: edges.mirror.mirrored)
        keepers += edges.modules
    return tuple(keepers)
