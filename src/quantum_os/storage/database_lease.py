"""EDGE. The lease as a row in a database: no clocks are compared, only that a beat goes on."""

import asyncio

import msgspec
from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from quantum_os.kernel.clock import monotonic_ns
from quantum_os.kernel.fencing import Deposed
from quantum_os.kernel.ids import derive
from quantum_os.storage.database.lease_table import LEASES
from quantum_os.storage.lease import TTL_S, LeaseTaken, LeaseUnreachable, async_url

LOOKS = 6
"""Looks at a foreign holder within one TTL: it renews three times in that time."""

_NAME = "fund"


class Held(msgspec.Struct, frozen=True):
    """The row as it was read."""

    owner: str
    epoch: int
    beat: int


class DatabaseLease:
    """Holds the row for one home; no clocks are compared, only that the beat goes on.

    A holder whose beat stands still for `ttl_s` is dead. One that names our own home is dead too:
    we hold that home's lock.
    """

    def __init__(self, url: str, home: str, ttl_s: float = TTL_S) -> None:
        self._engine: AsyncEngine = create_async_engine(async_url(url), pool_pre_ping=True)
        self._home = home
        self._ttl_ns = int(ttl_s * 1e9)
        self.ttl_s = ttl_s
        self.epoch = -1
        self._confirmed_at = 0

    @property
    def is_fresh(self) -> bool:
        return self.epoch >= 0 and monotonic_ns() - self._confirmed_at < self._ttl_ns * 2 // 3

    async def take(self, at_least: int) -> int:
        """Takes the lease; a foreign holder is watched for one TTL before it is taken for dead."""
        try:
            async with self._engine.begin() as connection:
                await connection.run_sync(LEASES.create, checkfirst=True)
            seen = await self._read()
            if seen is not None and seen.owner not in ("", self._home):
                await self._watch(seen)
            began = monotonic_ns()
            async with self._engine.begin() as connection:
                epoch = await self._claim(connection, seen, at_least)
        except (SQLAlchemyError, OSError) as error:
            raise LeaseUnreachable(_shortly(error)) from error
        self.epoch, self._confirmed_at = epoch, began
        return epoch

    async def renew(self) -> None:
        began = monotonic_ns()
        try:
            async with self._engine.begin() as connection:
                done = await connection.execute(
                    update(LEASES)
                    .where(LEASES.c.name == _NAME, LEASES.c.epoch == self.epoch)
                    .where(LEASES.c.owner == self._home)
                    .values(beat=LEASES.c.beat + 1)
                )
        except (SQLAlchemyError, OSError) as error:
            raise LeaseUnreachable(_shortly(error)) from error
        if done.rowcount != 1:
            raise Deposed(f"another instance holds the lease: epoch {self.epoch} is over")
        self._confirmed_at = began

    async def let_go(self) -> None:
        try:
            async with self._engine.begin() as connection:
                await connection.execute(
                    update(LEASES).where(LEASES.c.epoch == self.epoch).values(owner="")
                )
        except (SQLAlchemyError, OSError):
            return
        finally:
            await self.close()

    async def close(self) -> None:
        """Lets go of the connections, not of the lease."""
        await self._engine.dispose()

    async def _read(self) -> Held | None:
        async with self._engine.connect() as connection:
            columns = (LEASES.c.owner, LEASES.c.epoch, LEASES.c.beat)
            row = (await connection.execute(select(*columns))).first()
        return None if row is None else Held(*row)

    async def _watch(self, seen: Held) -> None:
        """Returns when the holder has stood still for one TTL."""
        for _ in range(LOOKS):
            await asyncio.sleep(self.ttl_s / LOOKS)
            if await self._read() != seen:
                who = f"epoch {seen.epoch}, {seen.owner}"
                raise LeaseTaken(f"another instance is the fund ({who}); stop it first")

    async def _claim(self, connection: AsyncConnection, seen: Held | None, at_least: int) -> int:
        epoch = max(at_least, seen.epoch + 1 if seen is not None else 0)
        values = {"owner": self._home, "epoch": epoch, "beat": 0}
        if seen is None:
            try:
                await connection.execute(insert(LEASES).values(name=_NAME, **values))
            except IntegrityError as error:
                raise LeaseTaken("another instance took the lease at the same moment") from error
            return epoch
        done = await connection.execute(
            update(LEASES)
            .where(LEASES.c.epoch == seen.epoch, LEASES.c.beat == seen.beat)
            .where(LEASES.c.owner == seen.owner)
            .values(**values)
        )
        if done.rowcount != 1:
            raise LeaseTaken("another instance took the lease at the same moment")
        return epoch


def home_id(folder: str, host: str) -> str:
    """Names a home among all that share a database."""
    return derive("home", host, folder)


def _shortly(error: Exception) -> str:
    return str(error).splitlines()[0][:200]
