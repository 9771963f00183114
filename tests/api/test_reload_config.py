"""Reading the configuration anew is an operator's act: written down first, and all or nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from quantum_os.api.clearance import Role
from quantum_os.api.reloading import NotReloading
from quantum_os.cli.reloading import Reloader, Told
from quantum_os.settings import Settings
from tests.api.raw import exchange, request
from tests.api.served import Served

PATH = "/api/v1/reload_config"
WHY = {"reason": "another name"}


@contextmanager
def configured(fund: Served, file: Path) -> Iterator[list[int]]:
    """Lets the fund read this file; the list holds the audit's last entry at each application."""
    seen: list[int] = []
    rename = fund.server.armour.rename

    def renamed(names: Any) -> None:
        seen.append(fund.fund.board.kept("audit.entry")[0].seq)
        rename(names)

    told = Told(file, {}, {})
    fund.server.parts.reloading = Reloader(told, Settings(), {"api.host_names": renamed})
    try:
        yield seen
    finally:
        fund.server.parts.reloading = NotReloading()
        rename(())


def audited(fund: Served) -> list[dict[str, Any]]:
    items = fund.get("/api/v1/audit").json()["items"]
    return [item["event"] for item in items if item["event"]["action"] == "reload_config"]


def test_a_name_is_let_in_once_the_file_says_it_and_the_audit_knows_first(
    own_fund: Served, tmp_path: Path
) -> None:
    file = tmp_path / "fund.toml"
    asked = request("GET", "/api/v1/ping", host="desk.example")
    with configured(own_fund, file) as seen:
        file.write_text('[api]\nhost_names = ["desk.example"]\ndescribe = true\n')
        assert exchange(own_fund.port, asked).status == 400
        answer = own_fund.post(PATH, WHY)
        assert answer.status == 200, answer.body
        assert exchange(own_fund.port, asked).status == 200
    said = answer.json()
    assert said["applied"] == [{"key": "api.host_names", "old": [], "new": ["desk.example"]}]
    assert [each["key"] for each in said["needs_restart"]] == ["api.describe"]
    assert said["audit_durable"] is True
    (entry,) = audited(own_fund)
    assert (entry["actor"], entry["reason"]) == ("operator", WHY["reason"])
    assert (entry["old"], entry["new"]) == (
        '{"api.host_names":[]}',
        '{"api.host_names":["desk.example"]}',
    )
    assert seen == [own_fund.fund.board.kept("audit.entry")[0].seq], "it stood before the effect"
    shown = own_fund.get("/api/v1/config").json()["config"]
    assert shown["api"] == {
        "host_names": ["desk.example"],
        "requests_per_s": 25.0,
        "describe": False,
    }


def test_c4_a_file_with_errors_changes_nothing_and_each_is_named(
    own_fund: Served, tmp_path: Path
) -> None:
    file = tmp_path / "fund.toml"
    with configured(own_fund, file) as seen:
        file.write_text('[api]\nhost_names = ["desk.example"]\nrequests_per_s = 0\nnames = 1\n')
        answer = own_fund.post(PATH, WHY)
    assert (answer.status, seen) == (409, [])
    assert len(answer.json()["errors"]) == 2
    (entry,) = audited(own_fund)
    assert entry["new"].startswith("refused: ")


def test_only_an_operator_reads_it_anew(fund: Served) -> None:
    assert fund.post(PATH, WHY, role=Role.TRADER).status == 403
    assert fund.post(PATH, {}).status == 400


def test_a_process_without_a_configuration_has_none_to_read(own_fund: Served) -> None:
    answer = own_fund.post(PATH, WHY)
    assert answer.status == 409
    assert "without --config" in answer.json()["detail"]
