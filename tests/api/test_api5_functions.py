"""API5: who may call what: every route of the application, with every role."""

from pathlib import Path

import pytest
from litestar import get

from quantum_os.api.app import Parts, build_app
from quantum_os.api.clearance import Open, Role
from quantum_os.api.gatekeeper import Gatekeeper, Unguarded, guarded
from quantum_os.api.routes import ROUTES
from quantum_os.api.tokens import TokenFile
from tests.api.served import Served

GIVEN = {
    "{path:str}": "other",
    "{position_id:str}": "none",
    "{number:str}": "1",
    "{seq:int}": "1",
    "{stream:str}": "fill",
    "{word:str}": "none",
    "{name:path}": "main.js",
}
SESSIONS = {"/dashboard/login", "/dashboard/logout", "/dashboard/report"}
"""They change who looks, and at what, not the fund."""


def routes_of(fund: Served) -> list[tuple[str, str, Role | Open]]:
    app = build_app(Parts(fund.fund, Gatekeeper(fund.tokens)))
    return [row for row in guarded(app) if row[0] != "WEBSOCKET" and row[1] != "/api/v1/events"]


def filled(path: str) -> str:
    for name, value in GIVEN.items():
        path = path.replace(name, value)
    assert "{" not in path, f"{path}: say what the tests put there"
    return path


def test_every_route_refuses_who_shows_no_token(fund: Served) -> None:
    routes = routes_of(fund)
    assert len(routes) > 40
    for method, path, role in routes:
        status = fund.ask(method, filled(path), role=None).status
        assert (status == 401) is isinstance(role, Role), f"{method} {path}: {status}"


def test_every_route_lets_in_exactly_the_roles_from_its_own_on(fund: Served) -> None:
    for method, path, needed in routes_of(fund):
        for role in Role:
            status = fund.ask(method, filled(path), role=role).status
            may = isinstance(needed, Open) or role.covers(needed)
            assert (status == 403) is not may, f"{method} {path} as {role}: {status}"
            assert status not in (401, 500), f"{method} {path} as {role}: {status}"


def test_who_changes_anything_is_a_trader_at_least(fund: Served) -> None:
    for method, path, needed in routes_of(fund):
        if method not in ("GET", "HEAD") and path not in SESSIONS:
            assert needed in (Role.TRADER, Role.OPERATOR), f"{method} {path}"


def test_canary_a_route_without_a_role_keeps_the_process_down(fund: Served, tmp_path: Path) -> None:
    @get("/forgotten")
    async def forgotten() -> dict[str, str]:
        return {}

    parts = Parts(fund.fund, Gatekeeper(TokenFile(tmp_path / "tokens.json")))
    with pytest.raises(Unguarded, match="GET /forgotten declares no role"):
        build_app(parts, [*ROUTES, forgotten])


def test_the_socket_asks_for_a_viewer(fund: Served) -> None:
    app = build_app(Parts(fund.fund, Gatekeeper(fund.tokens)))
    assert ("WEBSOCKET", "/api/v1/ws", Role.VIEWER) in list(guarded(app))


@pytest.mark.parametrize("have", list(Role))
@pytest.mark.parametrize("needed", list(Role))
def test_a_role_covers_itself_and_the_weaker(have: Role, needed: Role) -> None:
    order = ["viewer", "analyst", "trader", "operator"]
    assert have.covers(needed) is (order.index(have) >= order.index(needed))
