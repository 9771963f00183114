"""EDGE. Who holds the lease of the one instance, kept alive, and asked before bytes leave."""

import asyncio
from typing import ClassVar, Protocol

from quantum_os.kernel.edge import Edge, EdgeContext
from quantum_os.kernel.fencing import Deposed, NewLifeNeeded
from quantum_os.storage.home import HomeLock

TTL_S = 9.0
"""Wall seconds without a renewal after which a holder is taken for dead."""

CONFIRM_S = 0.25
"""Wall seconds that an order waits for a stale lease to be confirmed."""

_DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+psycopg"}


class LeaseTaken(RuntimeError):
    """Another instance holds the lease, and is alive."""


class LeaseUnreachable(RuntimeError):
    """The database did not answer."""


class Lease(Protocol):
    """A lease as its holder sees it; `epoch` is -1 while it is not held."""

    epoch: int
    ttl_s: float

    @property
    def is_fresh(self) -> bool:
        """Whether nobody can have taken the holder for dead since it last renewed."""

    async def take(self, at_least: int) -> int:
        """Takes the lease and gives its epoch; raises LeaseTaken and LeaseUnreachable."""

    async def renew(self) -> None:
        """Shows that the holder lives; raises Deposed and LeaseUnreachable."""

    async def let_go(self) -> None:
        """Gives the lease up, so that the next instance need not wait; never raises."""


def async_url(url: str) -> str:
    """Gives the URL with the driver that is used for it; raises ValueError for another database."""
    scheme, found, rest = url.partition("://")
    driver = _DRIVERS.get(scheme.partition("+")[0])
    if not found or driver is None:
        raise ValueError(f"--database {url!r}: sqlite:///PATH or postgresql://HOST/NAME")
    return f"{driver}://{rest}"


class InstanceFence:
    """Lets bytes leave while the home's lock is ours and the lease, if there is one, is certain."""

    def __init__(self, lock: HomeLock, lease: Lease | None = None) -> None:
        self._lock = lock
        self._lease = lease

    async def may_send(self, *, reduces: bool) -> bool:
        if not self._lock.holds():
            raise Deposed("the lock of this home was taken away")
        if self._lease is None or self._lease.is_fresh:
            return True
        if self._lease.epoch < 0:
            return reduces
        try:
            await asyncio.wait_for(self._lease.renew(), CONFIRM_S)
        except (LeaseUnreachable, TimeoutError):
            return reduces
        return True


class LeaseKeeper(Edge):
    """Renews the lease as long as the process lives; without a database it tries until there is."""

    name: ClassVar[str] = "storage.lease"

    def __init__(self, lease: Lease, epoch: int) -> None:
        self._lease = lease
        self._epoch = epoch

    async def run(self, context: EdgeContext) -> None:
        while True:
            try:
                if self._lease.epoch < 0:
                    granted = await self._lease.take(self._epoch)
                    if granted != self._epoch:
                        raise NewLifeNeeded(f"epoch {granted} was granted, not {self._epoch}")
                else:
                    await self._lease.renew()
            except LeaseUnreachable:
                # Entries wait for it; that the database is down, its store says.
                pass
            except LeaseTaken as error:
                raise Deposed(str(error)) from error
            await asyncio.sleep(self._lease.ttl_s / 3)
