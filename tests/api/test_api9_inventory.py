"""API9: what the description says is what there is: every route, its words, and nothing else."""

import re
from pathlib import Path

import msgspec
import pytest

from quantum_os.api.app import SCHEMA, Parts, build_app
from quantum_os.api.clearance import Role
from quantum_os.api.fund import Fund
from quantum_os.api.gatekeeper import Gatekeeper, guarded
from quantum_os.api.tokens import TokenFile
from quantum_os.cli.serving import facts_of
from quantum_os.events.units import Mode
from quantum_os.lineup import Plan
from quantum_os.settings import ApiSettings, Settings
from quantum_os.storage.home import Home
from tests.api import inventory
from tests.api.served import Served
from tests.cli.lives import process_of
from tests.tidy import house

PAGES = "/dashboard"
"""Below it are the files of the pages and the session of a tab: no part of the API."""

OUTSIDE = ("/", "/api/v1/schema", "/api/v1/schema/openapi.json", "/api/v1/schema/{path:str}")


def test_the_description_names_every_route_and_no_other(fund: Served) -> None:
    app = build_app(Parts(fund.fund, Gatekeeper(fund.tokens)))
    routes = {
        (method.lower(), path.replace(":str}", "}").replace(":int}", "}"))
        for method, path, _ in guarded(app)
        if method != "WEBSOCKET" and path not in OUTSIDE and not path.startswith(PAGES)
    }
    paths = fund.get("/api/v1/schema/openapi.json", role=Role.VIEWER).json()["paths"]
    told = {(method, path) for path, each in paths.items() for method in each}
    assert told == routes


def test_every_route_is_described_in_words(fund: Served) -> None:
    paths = fund.get("/api/v1/schema/openapi.json").json()["paths"]
    for path, methods in paths.items():
        for method, each in methods.items():
            assert each.get("summary"), f"{method} {path}"
            assert each.get("description", "").endswith("."), f"{method} {path}"
            for parameter in each.get("parameters", []):
                assert parameter.get("description"), f"{method} {path} {parameter['name']}"


def test_the_description_needs_nothing_from_elsewhere(fund: Served) -> None:
    assert b"http://" not in fund.get("/api/v1/schema/openapi.json").body.replace(
        b"http://json-schema.org", b""
    )


def test_what_is_offered_is_what_was_agreed(fund: Served) -> None:
    """A caller of yesterday is told what breaks; the list is renewed by hand, so somebody looks."""
    old = inventory.LIST.read_text(encoding="utf-8").splitlines()
    new = inventory.listed(fund.get("/api/v1/schema/openapi.json").json())
    broken, more = inventory.breaks(old, new), inventory.added(old, new)
    lines = [f"this breaks callers: {line}" for line in broken] + [f"new: {line}" for line in more]
    assert new == old, "\n".join([inventory.RENEWAL, *lines])


def test_canary_what_breaks_a_caller_is_named() -> None:
    old = [
        "GET /a",
        "GET /a ? query limit: integer maximum=500",
        "GET /a > 200 items: array",
        "POST /b",
        "POST /b < reason: string required",
    ]
    assert inventory.breaks(old, old) == []
    narrower = [line.replace("500", "100") for line in old]
    assert inventory.breaks(old, narrower) == [f"gone or changed: {old[1]}"]
    assert inventory.breaks(old, old[:2] + old[3:]) == [f"gone or changed: {old[2]}"]
    asks = "POST /b < confirm: string required"
    assert inventory.breaks(old, [*old, asks]) == [f"asked for now: {asks}"]
    harmless = ["GET /a > 200 more: string", "POST /c", "POST /c < reason: string required"]
    assert inventory.breaks(old, [*old, *harmless]) == []
    assert inventory.added(old, [*old, asks, *harmless]) == harmless


@pytest.mark.parametrize(
    ("mode", "asked", "shows"),
    [
        (Mode.DEMO, False, True),
        (Mode.PAPER, False, True),
        (Mode.TESTNET, False, False),
        (Mode.LIVE, False, False),
        (Mode.LIVE, True, True),
    ],
)
def test_the_description_is_off_where_money_is_real_unless_it_is_asked_for(
    tmp_path: Path, mode: Mode, asked: bool, shows: bool
) -> None:
    plan = msgspec.structs.replace(plan_of_a_demo(tmp_path), mode=mode)
    settings = Settings(api=ApiSettings(describe=asked))
    facts = facts_of(plan, Home(tmp_path), "b", 1.0, is_synthetic=False, settings=settings)
    app = build_app(Parts(Fund(facts), Gatekeeper(TokenFile(tmp_path / "tokens.json"))))
    assert any(path.startswith(SCHEMA) for _, path, _ in guarded(app)) is shows


def plan_of_a_demo(folder: Path) -> Plan:
    return process_of(folder, days=1).plan


def test_the_page_names_every_route() -> None:
    page = (house.ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    named = {word.partition("?")[0] for word in re.findall(r"`([a-z_]+(?:/[\w]+)*[^`]*)`", page)}
    spelled = {re.sub(r"/[A-Z]+$", "/{}", word) for word in named}
    routes = {line.split()[1] for line in inventory.LIST.read_text(encoding="utf-8").splitlines()}
    ours = {route.removeprefix("/api/v1/") for route in routes if route.startswith("/api/v1/")}
    assert {re.sub(r"\{.*\}", "{}", route) for route in ours} - spelled == set()
