"""Routes of the dashboard: its files, the exchange of a one-time link, and whose token this is."""

from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get, post
from litestar.exceptions import NotAuthorizedException, NotFoundException, TooManyRequestsException
from litestar.params import FromPath, JSONBody
from litestar.router import Router

from quantum_os.api.clearance import Open, Role, needs
from quantum_os.api.dashboard.files import File, files, front, pages
from quantum_os.api.dashboard.logins import SESSION_S
from quantum_os.api.given import Asked, GatekeeperOf, LinksOf

Visitor = Request[None, None, Any]
CHECKED = "no-cache"
"""A browser keeps our files, and asks each time whether they are still the same."""


class Word(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The word behind the `#login=` of a one-time link."""

    code: Annotated[str, msgspec.Meta(min_length=16, max_length=128, pattern=r"^[A-Za-z0-9_-]+$")]


class Session(msgspec.Struct, frozen=True):
    """A token for one tab, whose it is, and for how long it is good."""

    token: str
    name: str
    role: str
    lasts_s: float


class Who(msgspec.Struct, frozen=True):
    """Whose token was shown."""

    name: str
    role: str


class Ended(msgspec.Struct, frozen=True):
    """Whether the token is no longer good; only that of a link ends so."""

    ended: bool


class Pages(msgspec.Struct, frozen=True):
    """The modules of all pages."""

    pages: list[str]


@get("/", opt=needs(Open.ANYBODY), include_in_schema=False)
async def opened(request: Visitor) -> Response[bytes]:
    """Gives the page that all pages live in; it holds nothing of the fund."""
    return _sent(request, front())


@get("/dashboard/{name:path}", opt=needs(Open.ANYBODY), include_in_schema=False)
async def static(request: Visitor, name: FromPath[str]) -> Response[bytes]:
    """Gives one file of the dashboard."""
    found = files().get(name.removeprefix("/"))
    if found is None:
        raise NotFoundException("no such file")
    return _sent(request, found)


@get("/dashboard/pages.json", opt=needs(Open.ANYBODY), include_in_schema=False)
async def listed() -> Pages:
    """Names the pages that there are."""
    return Pages(pages())


@get("/dashboard/whoami", opt=needs(Role.VIEWER), include_in_schema=False)
async def whoami(request: Asked) -> Who:
    """Tells whose token it is, so that a page offers what it may do."""
    return Who(request.user.name, request.user.role)


@post("/dashboard/login", status_code=200, opt=needs(Open.ANYBODY), include_in_schema=False)
async def login(
    request: Visitor, gatekeeper: GatekeeperOf, links: LinksOf, data: JSONBody[Word]
) -> Session:
    """Gives a token for the word of a one-time link; who guesses is locked out."""
    ip = request.client.host if request.client is not None else "unknown"
    key = f"{ip} link"
    wait_s = gatekeeper.locks.wait_s(key)
    if wait_s > 0:
        headers = {"Retry-After": str(int(wait_s) + 1)}
        raise TooManyRequestsException("too many wrong links", headers=headers)
    issued = links.redeem(data.code)
    if issued is None:
        gatekeeper.locks.failed(key)
        raise NotAuthorizedException("this link was used already, or is too old")
    gatekeeper.locks.succeeded(key)
    return Session(issued.text, issued.token.name, issued.token.role, SESSION_S)


@post("/dashboard/logout", status_code=200, opt=needs(Role.VIEWER), include_in_schema=False)
async def logout(request: Asked, links: LinksOf) -> Ended:
    """Ends the token of a browser at once."""
    return Ended(links.end(request.user.token_id))


def _sent(request: Visitor, file: File) -> Response[bytes]:
    headers = {"ETag": file.tag, "Cache-Control": CHECKED}
    if request.headers.get("if-none-match") == file.tag:
        return Response(b"", status_code=304, headers=headers, media_type=file.media_type)
    return Response(file.content, headers=headers, media_type=file.media_type)


DASHBOARD = Router(
    path="/",
    route_handlers=[opened, static, listed, whoami, login, logout],
)
