"""Recorded runs are those right below their folder, whatever a name says; reports open once."""

import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from quantum_os.api.clearance import Role
from quantum_os.api.dashboard.report_links import LASTS_S, WAITING_MAX, ReportLinks
from quantum_os.api.recorded_runs import known_runs, report_of
from tests.api.served import Served

LINKED = re.compile(r"/dashboard/reports/[\w-]+")


@pytest.fixture
def shown(fund: Served, runs: Path) -> Iterator[Served]:
    facts = fund.fund.facts
    fund.fund.facts = msgspec.structs.replace(facts, runs=runs)
    yield fund
    fund.fund.facts = facts


def test_only_runs_right_below_the_folder_are_known(shown: Served, runs: Path) -> None:
    told = shown.get("/api/v1/runs").json()
    assert [(each["name"], each["has_report"]) for each in told["runs"]] == [
        ("one", True),
        ("two", False),
    ]
    assert told["unreadable"] == ["broken"]
    assert told["unfinished"] == ["three.part"]
    assert set(known_runs(runs)) == {"one", "two", "broken", "three.part"}
    assert known_runs(runs / "nowhere") == {}


@pytest.mark.parametrize(
    "name", ["", "..", ".", "../outside", "linked", "one/", "one/../one", "/etc", "empty", "none"]
)
def test_a_name_is_never_a_path(shown: Served, name: str) -> None:
    asked = shown.post("/dashboard/report", {"run": name})
    assert asked.status in (400, 404)
    assert shown.get(f"/api/v1/runs/compare?left=one&right={name}").status in (400, 404)


def test_a_report_that_leads_elsewhere_is_none(tmp_path: Path) -> None:
    (tmp_path / "elsewhere.html").write_text("secret")
    (tmp_path / "report.html").symlink_to(tmp_path / "elsewhere.html")
    assert report_of(tmp_path) is None


def test_a_report_opens_once_in_a_sandbox_of_its_own(shown: Served, runs: Path) -> None:
    assert shown.post("/dashboard/report", {"run": "one"}, role=Role.VIEWER).status == 403
    assert shown.post("/dashboard/report", {"run": "two"}).status == 404
    path = shown.post("/dashboard/report", {"run": "one"}, role=Role.ANALYST).json()["path"]
    assert LINKED.fullmatch(path)
    answer = shown.get(path, role=None)
    assert answer.status == 200
    assert answer.body == (runs / "one" / "report.html").read_bytes()
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("sandbox allow-scripts")
    assert "allow-same-origin" not in policy
    assert "default-src 'none'" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert shown.get(path, role=None).status == 404


def test_every_other_answer_keeps_the_policy_of_the_process(shown: Served) -> None:
    for path in ("/", "/api/v1/runs", "/dashboard/reports/none", "/dashboard/main.js"):
        assert shown.get(path).headers["content-security-policy"].startswith("default-src 'self'")


def test_a_word_is_good_once_and_for_a_minute() -> None:
    now = [0]
    links = ReportLinks(lambda: now[0])
    word = links.make(Path("a"))
    assert links.redeem("another") is None
    assert links.redeem(word) == Path("a")
    assert links.redeem(word) is None
    late = links.make(Path("a"))
    now[0] += round(LASTS_S * 1e9)
    assert links.redeem(late) is None
    first, *_ = [links.make(Path(str(each))) for each in range(WAITING_MAX + 1)]
    assert links.redeem(first) is None


def test_two_runs_are_compared_as_the_command_does(shown: Served) -> None:
    answer = shown.get("/api/v1/runs/compare?left=one&right=two")
    while answer.status == 503:
        answer = shown.get("/api/v1/runs/compare?left=one&right=two")
    told = answer.json()
    assert (told["left"], told["right"]) == ("one", "two")
    assert {each["name"] for each in told["differences"]} >= {"run.seed"}
    results = {each["name"]: each["result"] for each in shown.get("/api/v1/runs").json()["runs"]}
    figures = {each["key"]: each for each in told["figures"]}
    assert figures["trades"]["left"] == results["one"]["trades"]
    broken = shown.get("/api/v1/runs/compare?left=one&right=broken")
    assert broken.status == 400
    assert "cannot be compared" in broken.json()["detail"]


def test_months_are_days_compounded(fund: Served) -> None:
    days = fund.get("/api/v1/daily?limit=500").json()["days"]
    for month in fund.get("/api/v1/monthly").json()["months"]:
        name = f"{month['year']}-{month['month']:02d}"
        returns = [each["return_frac"] for each in days if each["date"].startswith(name)]
        grown = 1.0
        for value in returns:
            grown *= 1 + value
        assert month["return_frac"] == pytest.approx(grown - 1)
        assert month["days"] == len(returns)
