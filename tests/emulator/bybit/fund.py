"""The whole fund at Bybit, life after life on one home, in step with the market."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from quantum_os.events.units import NS_PER_MS
from quantum_os.exchange.endpoint import Endpoint
from tests.emulator.bybit.server import KEY, SECRET, Bybit, serving
from tests.emulator.lockstep import Trading, living

PIECE_S = 10.0
"""Seconds of the market that are heard at once."""


class AtBybit(Trading):
    """One life of a fund there, whose market only moves when it is told to."""

    def __init__(self, bybit: Bybit) -> None:
        super().__init__(self._advance)
        self.bybit = bybit
        self._from = bybit.sent

    async def _advance(self, seconds: float) -> dict[str, Any]:
        """Piece by piece: who sleeps by the market's time wakes in the piece that it ends in."""
        pieces = max(1, round(seconds / PIECE_S))
        for _ in range(pieces):
            await self.bybit.step(seconds / pieces)
            await self.all_heard(self.bybit.sent - self._from)
            self.comes_to(self.bybit.clock.now() // NS_PER_MS)
        clock_ms = self.bybit.clock.now() // NS_PER_MS
        return {"clock_ms": clock_ms, "frames_sent": self.bybit.sent - self._from}


class Ground:
    """Bybit on the wire, and a home in which a fund begins, ends and begins again."""

    def __init__(self, bybit: Bybit, endpoint: Endpoint, document: dict[str, Any]) -> None:
        self.bybit, self.endpoint = bybit, endpoint
        self._document, self._home = document, Path(document["storage"]["home"])

    @asynccontextmanager
    async def life(self) -> AsyncIterator[AtBybit]:
        """A life from its start, history told and the account listed, to its end."""
        scene = AtBybit(self.bybit)
        async with living(self._document, self._home, scene):
            await scene.warm()
            yield scene


@asynccontextmanager
async def at_bybit(
    bybit: Bybit, folder: Path, settings: dict[str, Any] | None = None
) -> AsyncIterator[Ground]:
    """Serves Bybit, and writes the settings of a fund that is to trade there."""
    keys = folder / "keys.toml"
    keys.write_text(f'venue = "bybit"\nrealm = "emulator"\nkey = "{KEY}"\nsecret = "{SECRET}"\n')
    keys.chmod(0o600)
    more = settings or {}
    async with serving(bybit, folder) as line:
        place = {"emulator": f"127.0.0.1:{line.endpoint.port}"}
        place |= {"emulator_ca": str(line.endpoint.ca_file)}
        symbols = [contract.name for contract in bybit.exchange.contracts.all]
        document = {
            "run": {"symbols": symbols, "price_venue": "bybit", **more.get("run", {})},
            "feeds": {"venues": ["bybit"], "timeframe": "5m", "follow_emulator": True, **place},
            "exchange": {"keys": str(keys)},
            "policy": more.get("policy", {}),
            "storage": {"home": str(folder / "home")},
        }
        yield Ground(bybit, line.endpoint, document)
