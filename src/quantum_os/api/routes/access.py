"""Routes of who is let in: a new link that logs in once, for one who may do everything anyhow."""

from typing import Annotated

import msgspec
from litestar import post
from litestar.params import JSONBody
from litestar.router import Router

from quantum_os.api.acts import REASON_MAX, Act, noted
from quantum_os.api.clearance import Role, needs
from quantum_os.api.dashboard.logins import ASKED_LASTS_S, place_of
from quantum_os.api.given import Asked, FundOf, LinksOf

Reason = Annotated[
    str,
    msgspec.Meta(min_length=1, max_length=REASON_MAX, pattern=r"\S", examples=["a second screen"]),
]


class Wanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why a link is asked for; it goes into the audit."""

    reason: Reason


class Link(msgspec.Struct, frozen=True):
    """Where the dashboard logs in once, below the process's address, and for how long it can."""

    action: str
    audit: int
    audit_durable: bool
    path: str
    lasts_s: float


@post("/login_link", status_code=200, opt=needs(Role.OPERATOR), summary="Log in once more")
async def login_link(request: Asked, fund: FundOf, links: LinksOf, data: JSONBody[Wanted]) -> Link:
    """Gives a link that logs an operator into the dashboard once, within ten minutes.

    It is made when its entry in the audit is on the disk; the entry holds no word of it.
    """
    new = f"logs an {Role.OPERATOR} in once, within {ASKED_LASTS_S:g} s"
    act = Act("login_link", "dashboard", data.reason, "", new, loosens=True)
    audit, durable = await noted(fund, request.user, act)
    path = place_of(links.make(Role.OPERATOR, ASKED_LASTS_S))
    return Link(act.action, audit, durable, path, ASKED_LASTS_S)


ACCESS = Router(path="/api/v1", route_handlers=[login_link], tags=["access"])
