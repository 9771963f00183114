"""What goes on while processes die: an emulator in a process of its own, moved on step by step.

While a fund is up the market takes its next step when the fund has worked the last one off. While
none is up it goes on all the same, so that fills, stops and prices are missed.
"""

import contextlib
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp
import msgspec

from quantum_os.kernel.clock import monotonic_ns
from quantum_os.storage.home import Home
from tests.emulator.lockstep import KEY, SECRET, Stretch, emulator
from tests.kills.exchange.starvation import Starvation

HISTORY_DAYS = 3.0
DEPOSIT = 50_000
FEES = ("--maker-fee", "0.2", "--taker-fee", "0.5")
"""So low that what the strategy loses does not stop it."""

STEP_S = 60.0
"""Seconds of the market between two looks at what the fund made of them."""

LOOK_S = 0.03
QUIET_LOOKS = 3
"""Looks in a row that find nothing new, after which a fund has worked everything off."""

Row = dict[str, Any]


class Exchange:
    """The emulator as a driver sees it, with a watch over positions that have no stop."""

    def __init__(self, http: aiohttp.ClientSession, ready: Row) -> None:
        self.ready = ready
        self._http = http
        self.naked_s_max = 0.0
        self.starved_s = 0.0
        self.starvation = Starvation()
        self.protected_after_s: list[float] = []
        self._born_at = 0
        self._naked_since: dict[str, int] = {}
        self._starved_before: dict[str, int] = {}
        self._born_naked: set[str] = set()

    @property
    def naked(self) -> list[str]:
        """The symbols that were not covered when it was last looked."""
        return list(self._naked_since)

    async def step(self, seconds: float = STEP_S) -> None:
        """Moves the market on."""
        async with self._http.post(
            f"{self.ready['admin']}/__clock", json={"advance_s": seconds}
        ) as answer:
            assert answer.status == 200, await answer.text()
        await self.look()

    async def look(self) -> Row:
        """Looks at the books, and how long each position has been without its full cover."""
        async with self._http.get(f"{self.ready['admin']}/__state") as answer:
            state: Row = await answer.json()
        account, now = state["accounts"][KEY], monotonic_ns()
        naked = _uncovered(account)
        starved = self.starvation.seen_ns()
        for symbol in naked:
            since = self._naked_since.setdefault(symbol, now)
            before = self._starved_before.setdefault(symbol, starved)
            if now - since > self.naked_s_max * 1e9:
                self.naked_s_max = (now - since) / 1e9
                self.starved_s = (starved - before) / 1e9
        for symbol in [each for each in self._naked_since if each not in naked]:
            del self._naked_since[symbol], self._starved_before[symbol]
            self._born_naked.discard(symbol)
        if self._born_at and not naked:
            self.protected_after_s.append((now - self._born_at) / 1e9)
            self._born_at = 0
        return state

    async def is_born(self) -> None:
        """A fund was started just now: what is naked by then shall be protected soon.

        A death after a death that left something naked is another drive: its seconds are counted
        from here.
        """
        await self.look()
        now = monotonic_ns()
        self._born_at = now if self._naked_since else 0
        self._naked_since.update(dict.fromkeys(self._born_naked, now))
        starved = self.starvation.seen_ns()
        self._starved_before.update(dict.fromkeys(self._born_naked, starved))
        self._born_naked = set(self._naked_since)

    async def books(self) -> Row:
        """The account as the emulator itself keeps it."""
        account: Row = (await self.look())["accounts"][KEY]
        return account


def _uncovered(account: Row) -> set[str]:
    """Symbols whose position is not covered in full by stops that only reduce it."""
    covered: dict[str, Decimal] = {}
    for order in account["algo_orders"]:
        if order["reduceOnly"]:
            sign = 1 if order["side"] == "SELL" else -1
            held = covered.get(order["symbol"], Decimal(0))
            covered[order["symbol"]] = held + sign * Decimal(order["quantity"])
    found = set()
    for symbol, position in account["positions"].items():
        qty, cover = Decimal(position["qty"]), covered.get(symbol, Decimal(0))
        if qty and (cover * qty <= 0 or abs(cover) < abs(qty)):
            found.add(symbol)
    return found


class Place(msgspec.Struct, frozen=True):
    """Where a fund lives and what it is told on its command line."""

    home: Path
    words: tuple[str, ...]

    def last_seq(self) -> int:
        """The last event of its journal; 0 while there is none."""
        return self._asked("SELECT max(seq) FROM journal")

    def listings(self) -> int:
        """How often the account was listed and compared, in all its lives."""
        return self._asked("SELECT count(*) FROM journal WHERE stream = 'execution.reconciled'")

    def _asked(self, query: str) -> int:
        path = Home(self.home).journal
        if not path.exists():
            return 0
        with closing(sqlite3.connect(path)) as file, contextlib.suppress(sqlite3.OperationalError):
            return int(file.execute(query).fetchone()[0] or 0)
        return 0


@asynccontextmanager
async def exchange(seed: int, folder: Path) -> AsyncIterator[Exchange]:
    """Opens an emulator with a made-up market; nothing of it moves by itself."""
    stretch = Stretch(HISTORY_DAYS, 0.0, seed=seed, deposit=DEPOSIT, words=FEES)
    async with emulator(stretch, folder) as ready, aiohttp.ClientSession() as http:
        yield Exchange(http, ready)


def place(folder: Path, ready: Row, symbols_max: int) -> Place:
    """Writes the keys and gives the words of `run`."""
    symbols = ",".join(ready["symbols"][:symbols_max])
    keys, here, home = folder / "keys.toml", Path(__file__).parent, folder / "home"
    keys.write_text(f'venue = "binance"\nrealm = "emulator"\nkey = "{KEY}"\nsecret = "{SECRET}"\n')
    keys.chmod(0o600)
    return Place(
        home,
        (
            *("--mode", "testnet", "--follow-clock", "--home", str(home), "--keys", str(keys)),
            *("--emulator", f"127.0.0.1:{ready['port']}", "--ca", str(ready["ca"])),
            *("--config", str(here / "busy.toml"), "--voter", f"{here / 'busy.py'}:Busy"),
            *("--symbols", symbols, "--log-level", "WARNING", "--json"),
        ),
    )
