"""Who this instance is: the holder of a home, of a lease where there is one, and of an epoch."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from quantum_os.kernel.kill_points import kill_point
from quantum_os.storage.home import Home, HomeLock
from quantum_os.storage.lease import InstanceFence, Lease, LeaseUnreachable

_log = structlog.get_logger("quantum_os.instance")


class Instance:
    """Holds the home's lock and, with a database, the lease; both know the same epoch.

    A database that does not answer leaves the lease open: exits may go, entries wait for it.
    """

    def __init__(self, lock: HomeLock, lease: Lease | None) -> None:
        self.lock = lock
        self.lease = lease
        self.fence = InstanceFence(lock, lease)

    @property
    def epoch(self) -> int:
        return self.lock.epoch

    async def begin_life(self, at_least: int) -> int:
        """Gives the epoch of a new life; raises LeaseTaken."""
        granted = self.lease.epoch if self.lease is not None else 0
        epoch = max(at_least, self.epoch, granted)
        if self.lease is not None and self.lease.epoch < epoch:
            try:
                epoch = await self.lease.take(epoch)
            except LeaseUnreachable as error:
                self.lease.epoch = -1
                _log.error("no lease yet: entries wait for it", why=str(error))
        self.lock.raise_to(epoch)
        return self.epoch


@asynccontextmanager
async def claimed(home: Home, database: str | None = None) -> AsyncIterator[Instance]:
    """Holds a home, and the lease of its database, for as long as the process needs them.

    Raises HomeTaken, LeaseTaken, ValueError for a URL that is none, and OSError.
    """
    lock = HomeLock(home)
    lease = None if database is None else _lease_of(home, database)
    try:
        lock.take()
        kill_point("recovery.after_lock")
        instance = Instance(lock, lease)
        await instance.begin_life(lock.epoch)
        yield instance
    finally:
        if lease is not None:
            await lease.let_go()
        lock.let_go()


def _lease_of(home: Home, database: str) -> Lease:
    # SQLAlchemy takes longer to load than all the rest: only who has a database pays for it.
    from quantum_os.storage.database_lease import DatabaseLease, home_id

    return DatabaseLease(database, home_id(str(home.folder.resolve()), socket.gethostname()))
