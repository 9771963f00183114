"""Drives one fund through a chapter of deaths: each of its lives ends at the next point."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from quantum_os.kernel.kill_points import VARIABLE
from tests.kills.exchange.scene import (
    LOOK_S,
    QUIET_LOOKS,
    Exchange,
    Place,
    exchange,
    place,
)
from tests.kills.exchange.verdict import Verdict, verdict_of

LIFE_STEPS_MAX = 240
"""Steps of the market in which a life must have come to its point: four hours."""

WAKES_S = 120.0
"""Wall seconds that a life may take to list the account, or to work off a step."""

ALONE_STEPS = (0, 1, 3, 6)
"""Steps that the market takes while no fund is up, in turn."""

SETTLED_STEPS = 20
"""Steps of the last life: what was under way comes to an end in it."""


class Broken(RuntimeError):
    """A life ended otherwise than it was told to."""


class Chapter(msgspec.Struct, frozen=True):
    """What became of a row of deaths: where each life died, what was never reached, a verdict."""

    died_at: tuple[str, ...]
    unreached: tuple[str, ...]
    verdict: Verdict


class Scope(msgspec.Struct, frozen=True):
    """How wide a chapter is: its market, how many symbols are traded, and for how long.

    `alone` is how many steps the market takes after each death, in turn; `settled` those of the
    last life. `program` is what is run as the fund, with these words in its environment.
    """

    seed: int
    symbols_max: int = 100
    alone: tuple[int, ...] = ALONE_STEPS
    settled: int = SETTLED_STEPS
    program: str = "quantum_os"
    environment: dict[str, str] = {}


class Driver:
    """One exchange and one home."""

    def __init__(self, market: Exchange, where: Place, folder: Path, scope: Scope) -> None:
        self._market, self._where, self._folder = market, where, folder
        self._scope = scope
        self._deaths = 0

    async def chapter(self, points: Sequence[str]) -> Chapter:
        """Lives to each point in turn, then once to a good end; raises Broken."""
        died: list[str] = []
        unreached: list[str] = []
        for point in points:
            reached = await self._dies(point)
            (died if reached else unreached).append(point)
        result = await self._lives_well()
        verdict = await verdict_of(self._market, self._where, len(died), result)
        return Chapter(tuple(died), tuple(unreached), verdict)

    async def _dies(self, point: str) -> bool:
        """One life to its point; False when it never came there, and was ended in order."""
        child = await self._born(point)
        try:
            await self._awake(child)
            for _ in range(LIFE_STEPS_MAX):
                if child.returncode is not None:
                    break
                await self._market.step()
                await self._quiet(child)
        finally:
            code = await _ended(child)
        if code == -signal.SIGKILL:
            for _ in range(self._scope.alone[self._deaths % len(self._scope.alone)]):
                await self._market.step()
            self._deaths += 1
            return True
        if code:
            raise Broken(f"a life told {point} ended with {code}: {self._said()}")
        return False

    async def _lives_well(self) -> dict[str, Any]:
        """The last life: it settles what is under way and ends in order; gives its result."""
        child = await self._born("")
        try:
            await self._awake(child)
            for _ in range(self._scope.settled):
                await self._market.step()
                await self._quiet(child)
            for _ in range(round(WAKES_S / LOOK_S)):
                if not self._market.naked:
                    break
                await asyncio.sleep(LOOK_S)
                await self._market.look()
        finally:
            code = await _ended(child)
        if code:
            raise Broken(f"a life told to live ended with {code}: {self._said()}")
        found: dict[str, Any] = json.loads((self._folder / "out").read_text())
        return found

    async def _born(self, point: str) -> asyncio.subprocess.Process:
        await self._market.is_born()
        with (self._folder / "out").open("wb") as out, (self._folder / "err").open("wb") as err:
            child = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", self._scope.program, "run", *self._where.words),
                stdout=out,
                stderr=err,
                env={**os.environ, **self._scope.environment, VARIABLE: point},
            )
        self._market.starvation.begins(child.pid)
        return child

    async def _awake(self, child: asyncio.subprocess.Process) -> None:
        """Returns when the fund has compared the account and hears the market, or has died."""
        before = self._where.listings()
        for _ in range(round(WAKES_S / LOOK_S)):
            state = await self._market.look()
            hears = {socket["section"] for socket in state["sockets"]}
            if child.returncode is not None:
                return
            if self._where.listings() > before and hears >= {"public", "market", "private"}:
                await self._quiet(child)
                return
            await asyncio.sleep(LOOK_S)
        raise Broken(f"a life does not wake up: {self._said()}")

    async def _quiet(self, child: asyncio.subprocess.Process) -> None:
        """Returns when the fund has nothing to do any more, or has died."""
        seen: tuple[int, int] | None = None
        still = 0
        for _ in range(round(WAKES_S / LOOK_S)):
            state = await self._market.look()
            now = self._where.last_seq(), sum(state["requests"].values())
            still = still + 1 if now == seen else 0
            seen = now
            if child.returncode is not None or still >= QUIET_LOOKS:
                return
            await asyncio.sleep(LOOK_S)

    def _said(self) -> str:
        return (self._folder / "err").read_text()[-600:]


async def _ended(child: asyncio.subprocess.Process) -> int:
    """Ends a process in order if it is still there; gives its exit code."""
    if child.returncode is None:
        child.send_signal(signal.SIGTERM)
    try:
        return await asyncio.wait_for(child.wait(), WAKES_S)
    except TimeoutError:
        child.kill()
        await child.wait()
        raise Broken("a life does not end") from None


async def chapter(points: Sequence[str], scope: Scope, folder: Path) -> Chapter:
    """Plays one chapter in a market of its own; the folder is there and empty."""
    async with exchange(scope.seed, folder) as market:
        where = place(folder, market.ready, scope.symbols_max)
        return await Driver(market, where, folder, scope).chapter(points)
