"""Drives one fund to its deaths and back: each life ends at the point it was given."""

import asyncio
import json
import os
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

import msgspec

from quantum_os.events.base import stream_of
from quantum_os.events.system import AlertResolved
from quantum_os.events.units import Ns
from quantum_os.kernel.envelope import encode_event
from quantum_os.kernel.kill_points import RECOVERY_POINTS, VARIABLE
from quantum_os.storage.emergency_spool import EmergencySpool, Spooled
from quantum_os.storage.home import Home
from tests.kills.scene import PLAYED_BARS, WARM_BARS, Stage, Venue, serving
from tests.kills.verdict import Verdict, lost_and_doubled, violations_of

LIFE_S_MAX = 90.0
"""Wall seconds that one life may take before it is called hung."""


class NotReached(RuntimeError):
    """A life came to the market's end without a visit to the point at which it should die."""


class Broken(RuntimeError):
    """A life ended otherwise than it was told to."""


class Drive(msgspec.Struct, frozen=True):
    """A fund's fate: the point at which each of its lives ends; the one after them ends well."""

    deaths: tuple[str, ...]

    @property
    def name(self) -> str:
        return " > ".join(self.deaths) or "no death"


class Driver:
    """Makes the home that all drives begin from, and drives funds from it."""

    def __init__(
        self, stage: Stage, folder: Path, program: str = "quantum_os", **environment: str
    ) -> None:
        self._stage = stage
        self._folder = folder
        self._program = program
        self._environment = environment
        self._count = 0
        self.template = folder / "template"

    def running(self, program: str, **environment: str) -> "Driver":
        """A driver of another program from the same beginnings."""
        self._count += 1
        other = Driver(self._stage, self._folder / f"other-{self._count}", program, **environment)
        other._folder.mkdir()
        other.template = self.template
        return other

    async def prepare(self) -> None:
        """Plays the warm-up once; every drive begins with a copy of what it left."""
        venue = Venue(self._stage, self._folder / "warm.sock", 0, WARM_BARS)
        async with serving(venue):
            await self._live(venue, self.template, "")

    async def drive(self, drive: Drive) -> Verdict:
        """Plays one fate to its end; raises NotReached and Broken."""
        self._count += 1
        home = self._folder / f"home-{self._count}"
        shutil.copytree(self.template, home)
        _spool_a_drill(home)
        venue = Venue(self._stage, self._folder / f"v{self._count}.sock", WARM_BARS, PLAYED_BARS)
        async with serving(venue):
            for point in drive.deaths:
                await self._live(venue, home, point)
            result = await self._live(venue, home, "")
        lost, doubled = lost_and_doubled(venue, home)
        verdict = Verdict(
            case=drive.name,
            deaths=len(drive.deaths),
            lost=lost,
            doubled=doubled,
            naked_s_max=venue.naked_s_max,
            protected_after_s=max(venue.protected_after_s, default=0.0),
            fills=sum(fact.stream == "fill" for fact in venue.server.host.since(0)),
            violations=tuple(violations_of(venue, home, result)),
        )
        if not verdict.violations:
            shutil.rmtree(home)
        return verdict

    async def _live(self, venue: Venue, home: Path, point: str) -> dict[str, Any]:
        """One life; gives its result when it was to end well."""
        words = ("--venue", venue.address, "--home", str(home), "--duration", "600", "--json")
        venue.is_born()
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", self._program, "run", *words),
            *("--config", str(self._stage.settings), "--log-level", "WARNING"),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, **self._environment, VARIABLE: point},
        )
        try:
            out, err = await asyncio.wait_for(child.communicate(), LIFE_S_MAX)
        except TimeoutError:
            child.kill()
            await child.wait()
            raise Broken(f"a life that should die at {point or 'the end'} hangs") from None
        said = err.decode()[-600:]
        if point and child.returncode == 0:
            raise NotReached(point)
        if child.returncode != (-signal.SIGKILL if point else 0):
            raise Broken(f"a life told {point or 'to live'} ended with {child.returncode}: {said}")
        return {} if point else dict(json.loads(out))


def _spool_a_drill(home: Path) -> None:
    """Leaves a record in the emergency spool, so that every first life has something to merge."""
    spool = EmergencySpool(Home(home).spool)
    event = AlertResolved("drill", since=Ns(0), resolved_at=Ns(0))
    spool.write(Spooled(1, 1, stream_of(AlertResolved), encode_event(event)))
    spool.close()


BEFORE = "client.after_fact/order.updated:9"
"""How the life before a second one ends: with orders in flight and positions open."""


def drive_to(point: str, count: int = 1) -> Drive:
    """The fate that ends at a point; some are reached only by a life that was born anew."""
    is_of_a_second_life = (
        point.startswith("recovery.") and point != "recovery.after_clear"
    ) or point.endswith(("query", "answer"))
    death = f"{point}:{count}"
    return Drive((BEFORE, death) if is_of_a_second_life else (death,))


def nested_drives() -> list[Drive]:
    """Deaths during recovery, twice and thrice in a row."""
    points = [point for point in RECOVERY_POINTS if point != "recovery.after_clear"]
    twice = [Drive((BEFORE, f"{point}:1", f"{point}:1")) for point in points]
    thrice = Drive((BEFORE, *(f"{point}:1" for point in points[-3:])))
    return [*twice, thrice]
