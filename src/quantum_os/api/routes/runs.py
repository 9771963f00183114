"""Routes of recorded runs: which there are, what each came to, and two of them side by side."""

import asyncio
from typing import Annotated, Any

import msgspec
from litestar import get
from litestar.params import Parameter
from litestar.router import Router

from quantum_os.api.clearance import Role, needs
from quantum_os.api.fund import Fund
from quantum_os.api.given import ComparisonsOf, FundOf
from quantum_os.api.paging import PAGE_USUAL, Limit
from quantum_os.api.recorded_runs import known_runs, report_of, run_named
from quantum_os.storage.run_book import RunFolderError, read_run

RunName = Annotated[str, Parameter(min_length=1, max_length=255, description="A run's name.")]


class RunRow(msgspec.Struct, frozen=True):
    """One recorded run; `result` is what it came to, `has_report` whether a report lies in it."""

    name: str
    result: dict[str, Any]
    has_report: bool


class Runs(msgspec.Struct, frozen=True):
    """Recorded runs by name, of the folder `where`.

    `unfinished` names those that go on or broke off, `unreadable` what cannot be read.
    """

    source: str
    where: str
    runs: list[RunRow]
    unreadable: list[str]
    unfinished: list[str]


@get("/runs", opt=needs(Role.ANALYST), summary="Recorded runs")
async def runs(fund: FundOf, limit: Limit = PAGE_USUAL) -> Runs:
    """Lists recorded runs and what each came to; reports are made from them by `report`."""
    return await asyncio.to_thread(_runs, fund, limit)


@get("/runs/compare", opt=needs(Role.ANALYST), summary="Two runs side by side")
async def compared(
    fund: FundOf, comparisons: ComparisonsOf, left: RunName, right: RunName
) -> dict[str, Any]:
    """Says how two runs differ, as `runs compare` does; 503 while they are still being read."""
    folder = fund.facts.runs
    one, other = [await asyncio.to_thread(run_named, folder, name) for name in (left, right)]
    found = await comparisons.of(one, other)
    return {"source": "learning.comparison", **found, "left": left, "right": right}


def _runs(fund: Fund, limit: int) -> Runs:
    rows: list[RunRow] = []
    unreadable: list[str] = []
    unfinished: list[str] = []
    for name, path in known_runs(fund.facts.runs).items():
        try:
            document = read_run(path)
        except RunFolderError:
            document = {"result": None}
        if "result" not in document:
            unfinished.append(name)
        elif isinstance(result := document["result"], dict):
            rows.append(RunRow(name, result, report_of(path) is not None))
        else:
            unreadable.append(name)
    where = str(fund.facts.runs)
    return Runs("storage.run_book", where, rows[:limit], unreadable[:limit], unfinished[:limit])


RUNS = Router(path="/api/v1", route_handlers=[runs, compared], tags=["runs"])
