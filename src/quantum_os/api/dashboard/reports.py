"""Routes that open a run's report: a word for one who may read it, and the page for the word."""

import asyncio
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, JSONBody
from litestar.router import Router

from quantum_os.api.clearance import Open, Role, needs
from quantum_os.api.given import FundOf, ReportLinksOf
from quantum_os.api.recorded_runs import report_of, run_named

POLICY = (
    "sandbox allow-scripts allow-downloads allow-popups; default-src 'none'; "
    "style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data: blob:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""A report draws with its own scripts, and is kept apart: the sandbox gives it an origin that is
nobody's, so it sees no token, no storage and no answer of this process, and it may fetch nothing.
"""

HEADERS = {"Content-Security-Policy": POLICY, "Cross-Origin-Opener-Policy": "unsafe-none"}
"""A page in a sandbox may not ask to be alone in its group; a browser would refuse to show it."""


class Wanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A run by its name."""

    run: Annotated[str, msgspec.Meta(min_length=1, max_length=255)]


class Link(msgspec.Struct, frozen=True):
    """Where the report can be opened, once, within a minute."""

    path: str


@post("/report", status_code=200, opt=needs(Role.ANALYST), include_in_schema=False)
async def link(fund: FundOf, report_links: ReportLinksOf, data: JSONBody[Wanted]) -> Link:
    """Gives a link to the report of a known run; 404 when it has none."""
    run = await asyncio.to_thread(run_named, fund.facts.runs, data.run)
    file = report_of(run)
    if file is None:
        raise NotFoundException(f"this run has no report: make one with `quantum-os report {run}`")
    return Link(f"/dashboard/reports/{report_links.make(file)}")


@get("/reports/{word:str}", opt=needs(Open.ANYBODY), include_in_schema=False)
async def opened(word: FromPath[str], report_links: ReportLinksOf) -> Response[bytes]:
    """Gives the report, in a sandbox."""
    file = report_links.redeem(word)
    if file is None or report_of(file.parent) is None:
        raise NotFoundException("this link was used already, or is too old")
    content = await asyncio.to_thread(file.read_bytes)
    return Response(content, media_type="text/html; charset=utf-8", headers=HEADERS)


REPORTS = Router(path="/dashboard", route_handlers=[link, opened])
