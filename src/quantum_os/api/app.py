"""The application: every route with its role, one guard, one way to refuse, one description."""

from collections.abc import Sequence
from typing import Any

from litestar import Litestar, MediaType
from litestar.di import Provide
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme
from litestar.router import Router

from quantum_os.api import problems
from quantum_os.api.clearance import Role, needs
from quantum_os.api.comparing import Comparisons
from quantum_os.api.confirmations import Confirmations
from quantum_os.api.dashboard.logins import LoginLinks
from quantum_os.api.dashboard.report_links import ReportLinks
from quantum_os.api.fund import Fund
from quantum_os.api.gatekeeper import Gatekeeper, guarded
from quantum_os.api.pulse import Pulse
from quantum_os.api.recollection import Recollections
from quantum_os.api.reloading import NotReloading, Reloading
from quantum_os.api.routes import ROUTES
from quantum_os.api.strict_bodies import BODY_MAX, check_body

SCHEMA = "/api/v1/schema"
"""Where the description of the API lies: `openapi.json` below it."""

DESCRIPTION = """\
The admin API of one Quantum OS process. Every answer names its `source`, the fund's own time
`as_of` which it holds, and when this process heard it (`heard_at`). What is not known is null.
Money and quantities are decimal text, fractions are fractions (0.01 is one percent), times are
ISO-8601 in UTC. Send `Authorization: Bearer TOKEN`; `quantum-os tokens create` makes one.
"""


class Parts:
    """What the routes work with, besides the fund."""

    def __init__(self, fund: Fund, gatekeeper: Gatekeeper) -> None:
        self.fund = fund
        self.gatekeeper = gatekeeper
        self.links = LoginLinks(gatekeeper.tokens)
        self.confirmations = Confirmations()
        self.pulse = Pulse()
        self.recollections = Recollections()
        self.comparisons = Comparisons()
        self.report_links = ReportLinks()
        self.reloading: Reloading = NotReloading()


def build_app(parts: Parts, routes: Sequence[Any] | None = None) -> Litestar:
    """Builds the application; raises Unguarded when a route declares no role."""
    provided = {
        "fund": parts.fund,
        "gatekeeper": parts.gatekeeper,
        "confirmations": parts.confirmations,
        "pulse": parts.pulse,
        "recollections": parts.recollections,
        "comparisons": parts.comparisons,
        "report_links": parts.report_links,
    }
    dependencies = {name: _given(value) for name, value in provided.items()}
    dependencies["links"] = Provide(lambda: parts.links, sync_to_thread=False)
    dependencies["reloading"] = Provide(lambda: parts.reloading, sync_to_thread=False)
    app = Litestar(
        route_handlers=list(ROUTES if routes is None else routes),
        dependencies=dependencies,
        guards=[parts.gatekeeper],
        before_request=check_body,
        exception_handlers=problems.HANDLERS,  # type: ignore[arg-type]
        request_max_body_size=BODY_MAX,
        openapi_config=_openapi(parts.fund.facts.version) if parts.fund.facts.describes else None,
        logging_config=None,
        debug=False,
    )
    list(guarded(app))
    return app


def _given(value: object) -> Provide:
    return Provide(lambda: value, sync_to_thread=False)


def _schema_router() -> Router:
    """Where the description is served; it does not describe itself."""
    opt = needs(Role.VIEWER)
    return Router(path=SCHEMA, route_handlers=[], opt=opt, include_in_schema=False)


def _openapi(version: str) -> OpenAPIConfig:
    scheme = SecurityScheme(type="http", scheme="bearer", description="A token of this home.")
    return OpenAPIConfig(
        title="Quantum OS",
        version=version,
        description=DESCRIPTION,
        components=Components(security_schemes={"bearer": scheme}),
        security=[{"bearer": []}],
        openapi_router=_schema_router(),
        use_handler_docstrings=True,
        render_plugins=[JsonRenderPlugin(path="/openapi.json", media_type=MediaType.JSON)],
    )
