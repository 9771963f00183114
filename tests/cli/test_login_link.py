"""The command shows one link of the running fund, and says so when there is none to have."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from quantum_os.api.address import Address, address_file, write_address
from quantum_os.api.clearance import Role
from quantum_os.storage.home import Home, HomeLock
from tests.api.served import Served, served
from tests.cli.console import here


@pytest.fixture(scope="module")
def fund(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("linked") / "home", days=1) as found:
        yield found


def tell(fund: Served, role: Role) -> list[object]:
    """Writes down where the fund is, with a token of this role; gives the command's words."""
    home = fund.fund.facts.home
    url = f"http://127.0.0.1:{fund.port}"
    write_address(home, Address(url, fund.of_role[role], os.getpid()))
    return ["login-link", "--home", home.folder, "--reason", "a second screen"]


def test_the_link_that_is_shown_logs_in_once(fund: Served) -> None:
    said = here(*tell(fund, Role.OPERATOR))
    assert said.code == 0, said.err
    (link,) = said.out.splitlines()
    place, _, word = link.partition("#login=")
    assert place == f"http://127.0.0.1:{fund.port}/"
    assert word not in said.err
    statuses = [fund.post("/dashboard/login", {"code": word}, role=None).status for _ in range(2)]
    assert statuses == [200, 401]


def test_as_json_it_is_one_object(fund: Served) -> None:
    said = here(*tell(fund, Role.OPERATOR), "--json").json()
    assert set(said) == {"action", "audit", "audit_durable", "lasts_s", "link"}
    assert said["link"].startswith(f"http://127.0.0.1:{fund.port}/#login=")


def test_a_token_that_is_no_operators_gets_none(fund: Served) -> None:
    assert "needs the role operator" in here(*tell(fund, Role.TRADER)).refusal(1)


def test_without_a_fund_or_a_port_it_says_what_to_do(tmp_path: Path) -> None:
    words = ("login-link", "--home", tmp_path, "--reason", "x")
    assert "no process lives in" in here(*words).refusal(1)
    lock = HomeLock(home := Home(tmp_path))
    lock.take()
    try:
        assert not address_file(home).exists()
        assert "serves no API: start it with --port" in here(*words).refusal(1)
    finally:
        lock.let_go()
