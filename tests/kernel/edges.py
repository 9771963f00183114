"""Edges for tests of the process: a tape, one that waits, and some that misbehave."""

import asyncio
from collections.abc import Sequence

from quantum_os.events.market import FeedWatermark
from quantum_os.kernel.edge import Edge, EdgeContext
from tests.kernel.fakes import mark


class Tape(Edge):
    """Offers its inputs and ends; its end is the run's end."""

    name = "kernel.tape"
    produces = frozenset({FeedWatermark})
    ends_run = True

    def __init__(self, times: Sequence[int] = ()) -> None:
        self.times = times
        self.runs = 0

    async def run(self, context: EdgeContext) -> None:
        self.runs += 1
        for time in self.times:
            await context.lanes.offer_market(time, mark(time), self.name)


class Patient(Edge):
    """Waits until it is cancelled, and notes that it was stopped."""

    name = "kernel.patient"

    def __init__(self) -> None:
        self.alive = False
        self.stops = 0

    async def run(self, context: EdgeContext) -> None:
        self.alive = True
        try:
            await asyncio.Event().wait()
        finally:
            self.alive = False

    async def stop(self) -> None:
        self.stops += 1


class Brief(Edge):
    """Returns at once, which no feed may."""

    name = "kernel.brief"

    async def run(self, context: EdgeContext) -> None:
        return


class Failing(Edge):
    """Fails at its work, or by cancelling itself."""

    name = "kernel.failing"

    def __init__(self, error: BaseException) -> None:
        self.error = error

    async def run(self, context: EdgeContext) -> None:
        raise self.error


class Stubborn(Edge):
    """Does not end when it is cancelled; `let_go` ends it for the test's sake."""

    name = "kernel.stubborn"

    def __init__(self) -> None:
        self.let_go = asyncio.Event()

    async def run(self, context: EdgeContext) -> None:
        while not self.let_go.is_set():
            try:
                await self.let_go.wait()
            except asyncio.CancelledError:
                continue


class Clinging(Patient):
    """Ends its task but hangs in its stop."""

    name = "kernel.clinging"

    async def stop(self) -> None:
        await asyncio.Event().wait()


class Broken(Patient):
    """Ends its task but raises in its stop."""

    name = "kernel.broken"

    async def stop(self) -> None:
        raise OSError("the socket is gone")
