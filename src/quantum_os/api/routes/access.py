"""Routes of who is let in: a link that logs in once, and the entries of changed tokens."""

from typing import Annotated, Literal

import msgspec
from litestar import post
from litestar.params import JSONBody
from litestar.router import Router

from quantum_os.api.acts import REASON_MAX, Act, noted
from quantum_os.api.clearance import Role, needs
from quantum_os.api.dashboard.logins import ASKED_LASTS_S, place_of
from quantum_os.api.given import Asked, FundOf, LinksOf
from quantum_os.api.token_notes import Change

TEXT_MAX = 300
"""Characters of what a token was or will be."""

Reason = Annotated[
    str,
    msgspec.Meta(min_length=1, max_length=REASON_MAX, pattern=r"\S", examples=["a second screen"]),
]


Text = Annotated[str, msgspec.Meta(max_length=TEXT_MAX)]
Id = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


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


class Told(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is about to happen to the token of this id, from what to what, and why."""

    action: Literal["create", "revoke", "rotate"]
    token_id: Id
    old: Text
    new: Text
    reason: Annotated[str, msgspec.Meta(max_length=REASON_MAX)] = ""


class Noted(msgspec.Struct, frozen=True):
    """The entry that was written."""

    action: str
    audit: int
    audit_durable: bool


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


@post("/token_changes", status_code=200, opt=needs(Role.OPERATOR), summary="Tell of a token")
async def token_changes(request: Asked, fund: FundOf, data: JSONBody[Told]) -> Noted:
    """Writes into the audit what a command of this machine is about to do to a token.

    It changes no token itself: over the network none is made. What lets somebody in has to wait
    until its entry is on the disk, what ends a token has not.
    """
    lets_in = data.action != "revoke"
    change = Change(data.action, data.token_id, data.old, data.new, data.reason, lets_in)
    act = Act(change.act, change.token_id, change.reason, change.old, change.new, loosens=lets_in)
    audit, durable = await noted(fund, request.user, act)
    return Noted(act.action, audit, durable)


ACCESS = Router(path="/api/v1", route_handlers=[login_link, token_changes], tags=["access"])
