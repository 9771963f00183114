"""A process says that it is ready, alive and stopping: to a real socket, and only to one."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from quantum_os.cli.life_signs import RECOVERY_MAX_S, RETRY_S, LifeSigns
from quantum_os.cli.sd_notify import ServiceManager, service_manager
from tests.cli.watcher import Manager, manager_in

S = 1_000_000_000


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    with manager_in(tmp_path) as manager:
        yield manager


class Watched:
    """Life signs whose clock the test moves."""

    def __init__(self, manager: ServiceManager) -> None:
        self.ns = 0
        self.signs = LifeSigns(manager, lambda: self.ns)
        self.signs.follow(lambda: "it goes\nwell")

    def beat_at(self, ns: int) -> None:
        self.ns = ns
        self.signs.beat()


def watched(manager: Manager, watchdog_s: float | None = 8.0) -> Watched:
    return Watched(ServiceManager(manager.address, watchdog_s))


def test_the_first_beat_is_ready_and_the_next_come_four_times_in_the_managers_patience(
    manager: Manager,
) -> None:
    process = watched(manager)
    process.signs.recovers()
    for ns in (0, 1, S, 2 * S, 2 * S + 1, 4 * S):
        process.beat_at(ns)
    process.signs.ends("SIGTERM", may_return=False)
    assert manager.heard() == ["STATUS=recovering from the journal"]
    assert manager.heard() == ["READY=1", "STATUS=it goes well", "WATCHDOG=1"]
    assert manager.heard() == ["STATUS=it goes well", "WATCHDOG=1"]
    assert manager.heard() == ["STATUS=it goes well", "WATCHDOG=1"]
    assert manager.heard() == ["STOPPING=1", "STATUS=stopping: SIGTERM"]


def test_a_recovery_in_the_running_process_is_given_time_and_then_no_more(manager: Manager) -> None:
    process = watched(manager)
    process.beat_at(0)
    process.signs.ends("fault", may_return=True)
    process.signs.recovers()
    process.signs.follow(lambda: "again")
    process.beat_at(1)
    assert "READY=1" in manager.heard()
    assert manager.heard() == ["STATUS=ended: fault"]
    patience = f"WATCHDOG_USEC={int(RECOVERY_MAX_S * 1e6)}"
    assert manager.heard() == [patience, "STATUS=recovering from the journal"]
    assert manager.heard() == ["READY=1", "WATCHDOG_USEC=8000000", "STATUS=again", "WATCHDOG=1"]


def test_without_a_watchdog_the_loop_is_ready_and_says_how_it_stands(manager: Manager) -> None:
    process = watched(manager, None)
    process.beat_at(0)
    assert manager.heard() == ["READY=1", "STATUS=it goes well"]
    assert process.signs.rest_s == 5.0


def test_a_message_that_nobody_took_is_said_again(tmp_path: Path) -> None:
    address = str(tmp_path / "late")
    process = Watched(ServiceManager(address, 8.0))
    process.beat_at(0)
    later = Manager(address)
    process.beat_at(int(RETRY_S * S))
    assert later.heard()[0] == "READY=1"
    later.close()


def test_a_manager_that_reads_nothing_holds_nobody_up(manager: Manager) -> None:
    """Its queue is full after some messages; the sender goes on all the same."""
    teller = ServiceManager(manager.address)
    assert not all(teller.tell("WATCHDOG=1") for _ in range(100_000))


def test_the_environment_says_who_watches_and_for_how_long(manager: Manager) -> None:
    ours = {"NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": "10000000"}
    assert service_manager(ours).watchdog_s == 10.0
    assert service_manager(ours | {"WATCHDOG_PID": str(os.getpid())}).watchdog_s == 10.0
    for other in ({"WATCHDOG_PID": "1"}, {"WATCHDOG_USEC": "0"}, {"WATCHDOG_USEC": "soon"}):
        assert service_manager(ours | other).watchdog_s is None


@pytest.mark.parametrize("environment", [{}, {"NOTIFY_SOCKET": ""}, {"NOTIFY_SOCKET": "vsock:2:1"}])
def test_without_a_socket_it_is_mute(environment: dict[str, str]) -> None:
    teller = service_manager(environment | {"WATCHDOG_USEC": "10000000"})
    process = Watched(teller)
    process.beat_at(0)
    assert not teller.listens
    assert not teller.tell("READY=1")
    assert process.signs.rest_s is None


def test_an_abstract_address_is_understood() -> None:
    manager = Manager(f"@quantum-os-{os.getpid()}")
    assert ServiceManager(manager.address).tell("READY=1")
    assert manager.heard() == ["READY=1"]
    manager.close()
