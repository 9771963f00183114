"""One holder at a time, the dead are succeeded, and a deposed one knows it before it acts."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from quantum_os.kernel.clock import ReplayClock
from quantum_os.kernel.edge import EdgeContext
from quantum_os.kernel.fencing import Deposed, NewLifeNeeded
from quantum_os.kernel.journal import MemoryJournal
from quantum_os.kernel.lanes import Lanes
from quantum_os.storage.database_lease import DatabaseLease
from quantum_os.storage.home import Home, HomeLock, HomeTaken
from quantum_os.storage.instance import Instance, claimed
from quantum_os.storage.lease import (
    InstanceFence,
    LeaseKeeper,
    LeaseTaken,
    LeaseUnreachable,
    async_url,
)
from tests.waiting import until

TTL_S = 0.3
"""Wall seconds; a holder that beats does so at every third of it."""


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'store.sqlite'}"


Make = Callable[..., DatabaseLease]


@pytest.fixture
async def lease_of(url: str) -> AsyncIterator[Make]:
    """Makes leases in one database, and lets go of their connections in the end."""
    made: list[DatabaseLease] = []

    def make(home: str, ttl_s: float = TTL_S, at: str = url) -> DatabaseLease:
        made.append(DatabaseLease(at, home, ttl_s))
        return made[-1]

    yield make
    for lease in made:
        await lease.close()


async def beating(lease: DatabaseLease) -> None:
    while True:
        await lease.renew()
        await asyncio.sleep(lease.ttl_s / 3)


async def test_the_first_holder_gets_the_epoch_it_asks_for(lease_of: Make) -> None:
    lease = lease_of("a")
    assert not lease.is_fresh
    assert await lease.take(4) == lease.epoch == 4
    assert lease.is_fresh


async def test_o1_a_living_holder_is_not_succeeded(lease_of: Make) -> None:
    first, second = lease_of("a"), lease_of("b")
    await first.take(0)
    living = asyncio.create_task(beating(first))
    with pytest.raises(LeaseTaken, match=r"another instance is the fund \(epoch 0, a\)"):
        await second.take(0)
    living.cancel()
    await asyncio.gather(living, return_exceptions=True)


async def test_o1_a_dead_holder_is_succeeded_and_knows_it_when_it_comes_back(
    lease_of: Make,
) -> None:
    first, second = lease_of("a"), lease_of("b")
    await first.take(0)
    assert await second.take(0) == 1
    with pytest.raises(Deposed, match="epoch 0 is over"):
        await first.renew()
    await second.renew()


async def test_a_new_life_of_the_same_home_need_not_wait(lease_of: Make) -> None:
    await lease_of("a", ttl_s=3_600.0).take(0)
    assert await lease_of("a", ttl_s=3_600.0).take(0) == 1


async def test_one_that_let_go_need_not_be_waited_for(lease_of: Make) -> None:
    first = lease_of("a", ttl_s=3_600.0)
    await first.take(0)
    await first.let_go()
    assert await lease_of("b", ttl_s=3_600.0).take(0) == 1


async def test_of_two_heirs_one_inherits(lease_of: Make) -> None:
    await lease_of("dead").take(0)
    heirs = [lease_of(name) for name in "ab"]
    taken = await asyncio.gather(*(heir.take(0) for heir in heirs), return_exceptions=True)
    assert sorted(type(each).__name__ for each in taken) == ["LeaseTaken", "int"]


async def test_a_database_that_does_not_answer_is_told_apart(
    lease_of: Make, tmp_path: Path
) -> None:
    lease = lease_of("a", at=f"sqlite:///{tmp_path / 'no' / 'such' / 'folder.sqlite'}")
    threads = threading.active_count()
    with pytest.raises(LeaseUnreachable):
        await lease.take(0)
    assert lease.epoch == -1
    await until(lambda: threading.active_count() <= threads)


@pytest.mark.parametrize("url", ["", "x", "redis://h/0", "mysql://h/x", "sqlite:/x"])
def test_a_url_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="postgresql://HOST/NAME"):
        async_url(url)


def test_urls_are_taken_as_they_are() -> None:
    assert async_url("sqlite:////srv/x.db") == "sqlite+aiosqlite:////srv/x.db"
    assert async_url("postgresql://u@h:1/d") == "postgresql+psycopg://u@h:1/d"


# the lock of a home


def test_o1_f58_a_home_has_one_process(tmp_path: Path) -> None:
    first, second = HomeLock(Home(tmp_path)), HomeLock(Home(tmp_path))
    assert first.take() == 0
    with pytest.raises(HomeTaken, match=r"process .* runs there; stop it, or name another --home"):
        second.take()
    first.let_go()
    assert second.take() == 1


def test_the_epoch_rises_and_never_falls(tmp_path: Path) -> None:
    epochs = []
    for at_least in (0, 0, 7, 3):
        lock = HomeLock(Home(tmp_path))
        epochs.append(lock.take(at_least))
        lock.let_go()
    assert epochs == [0, 1, 7, 8]


def test_a_lock_whose_file_was_taken_away_holds_no_more(tmp_path: Path) -> None:
    lock = HomeLock(Home(tmp_path))
    lock.take()
    assert lock.holds()
    (tmp_path / "lock").unlink()
    assert not lock.holds()
    HomeLock(Home(tmp_path)).take()
    assert not lock.holds()


# before bytes leave


class Told:
    """A lease that is fresh, certain, lost or unreachable as it is told."""

    ttl_s = TTL_S

    def __init__(self, *, fresh: bool = False, error: Exception | None = None) -> None:
        self.epoch = 3
        self.is_fresh = fresh
        self.error = error
        self.renewals = 0

    async def take(self, at_least: int) -> int:
        if self.error is not None:
            raise self.error
        self.epoch = max(at_least, 9)
        return self.epoch

    async def renew(self) -> None:
        self.renewals += 1
        if self.error is not None:
            raise self.error

    async def let_go(self) -> None:
        return


@pytest.fixture
def lock(tmp_path: Path) -> HomeLock:
    taken = HomeLock(Home(tmp_path))
    taken.take()
    return taken


async def test_a_fresh_lease_costs_nothing(lock: HomeLock) -> None:
    lease = Told(fresh=True)
    assert await InstanceFence(lock, lease).may_send(reduces=False)
    assert lease.renewals == 0


async def test_o1_one_that_slept_asks_before_it_sends(lock: HomeLock) -> None:
    assert await InstanceFence(lock, Told()).may_send(reduces=False)
    lost = InstanceFence(lock, Told(error=Deposed("epoch 3 is over")))
    for reduces in (True, False):
        with pytest.raises(Deposed):
            await lost.may_send(reduces=reduces)


async def test_while_nobody_answers_exits_go_and_entries_wait(lock: HomeLock) -> None:
    alone = InstanceFence(lock, Told(error=LeaseUnreachable("refused")))
    assert await alone.may_send(reduces=True)
    assert not await alone.may_send(reduces=False)


async def test_without_a_database_the_lock_decides(lock: HomeLock, tmp_path: Path) -> None:
    fence = InstanceFence(lock)
    assert await fence.may_send(reduces=False)
    (tmp_path / "lock").unlink()
    with pytest.raises(Deposed, match="lock of this home was taken away"):
        await fence.may_send(reduces=True)


def context() -> EdgeContext:
    return EdgeContext(ReplayClock(), Lanes(), MemoryJournal())


async def test_a_keeper_that_is_deposed_ends(lease_of: Make) -> None:
    first = lease_of("a", ttl_s=0.03)
    await first.take(0)
    await lease_of("b", ttl_s=0.03).take(0)
    with pytest.raises(Deposed):
        await LeaseKeeper(first, 0).run(context())


async def test_a_keeper_goes_on_while_the_database_is_away(lock: HomeLock) -> None:
    lease = Told(error=LeaseUnreachable("refused"))
    lease.ttl_s = 0.0
    task = asyncio.create_task(LeaseKeeper(lease, 3).run(context()))
    await until(lambda: lease.renewals >= 3)
    assert not task.done()
    task.cancel()


async def test_a_lease_that_comes_late_with_another_epoch_asks_for_a_new_life() -> None:
    lease = Told()
    lease.epoch = -1
    with pytest.raises(NewLifeNeeded, match="epoch 9 was granted, not 2"):
        await LeaseKeeper(lease, 2).run(context())


# both together


async def test_an_instance_has_one_epoch_in_both_places(tmp_path: Path, url: str) -> None:
    epochs = []
    for _ in range(2):
        async with claimed(Home(tmp_path / "home"), url) as instance:
            epochs.append(instance.epoch)
            assert instance.lease is not None
            assert instance.lease.epoch == instance.epoch
            epochs.append(await instance.begin_life(instance.epoch + 1))
    assert epochs == [0, 1, 2, 3]


async def test_an_epoch_that_was_granted_late_is_the_next_lifes(lock: HomeLock) -> None:
    lease = Told(fresh=True)
    lease.epoch = 9
    instance = Instance(lock, lease)
    assert await instance.begin_life(instance.epoch + 1) == 9
    assert lock.epoch == 9


async def test_without_its_database_an_instance_begins_all_the_same(tmp_path: Path) -> None:
    threads = threading.active_count()
    async with claimed(Home(tmp_path), "sqlite:////no/such/folder/x.sqlite") as instance:
        assert instance.epoch == 0
        assert await instance.fence.may_send(reduces=True)
        assert not await instance.fence.may_send(reduces=False)
    await until(lambda: threading.active_count() <= threads)
