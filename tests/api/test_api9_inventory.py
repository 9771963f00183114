"""API9: what the description says is what there is: every route, its words, and nothing else."""

from quantum_os.api.app import Parts, build_app
from quantum_os.api.clearance import Role
from quantum_os.api.gatekeeper import Gatekeeper, guarded
from tests.api.served import Served

OUTSIDE = ("/api/v1/schema", "/api/v1/schema/openapi.json", "/api/v1/schema/{path:str}")


def test_the_description_names_every_route_and_no_other(fund: Served) -> None:
    app = build_app(Parts(fund.fund, Gatekeeper(fund.tokens)))
    routes = {
        (method.lower(), path.replace(":str}", "}").replace(":int}", "}"))
        for method, path, _ in guarded(app)
        if method != "WEBSOCKET" and path not in OUTSIDE
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
