"""Whether an exchange can be heard: network, clock, the contracts it lists, and its streams."""

import asyncio
from collections.abc import Sequence
from typing import Any

from quantum_os.cli.checkup.finding import Finding, fail, ok, warn
from quantum_os.events.market import Instrument
from quantum_os.exchange.client import open_client
from quantum_os.exchange.line import Line
from quantum_os.exchange.measuring import measure_clock
from quantum_os.exchange.session import open_session
from quantum_os.exchange.venue_clock import DRIFT_MAX_MS
from quantum_os.kernel.clock import monotonic_ns
from quantum_os.market.feeds.live.connection import EXPECTED, Connection, Wanted
from quantum_os.market.feeds.live.heard import Fact
from quantum_os.market.feeds.live.listing import instruments_of, listed

DRIFT_WARN_MS = 250.0
"""Of our clock from the exchange's; entries stop at DRIFT_MAX_MS."""

HEAR_S = 15.0
"""Seconds in which a stream must say something."""


async def check_exchange(wanted: Wanted, known: Sequence[Instrument]) -> list[Finding]:
    """Asks one exchange without keys; what cannot be asked is a failure, and the last one."""
    name, line = wanted.venue, Line()
    async with open_session(wanted.endpoint) as session:
        client = open_client(name, wanted.endpoint, session, line)
        try:
            began = monotonic_ns()
            await measure_clock(client)
            answered_ms = (monotonic_ns() - began) / 1e6
            await client.load_markets()
        except EXPECTED as error:
            why = str(error) or type(error).__name__
            return [fail(f"{name} network", f"cannot be reached: {why[:160]}")]
        finally:
            await client.close()
        return [
            ok(f"{name} network", f"answered in {answered_ms:.0f} ms"),
            _clock(name, line.clock.offset_ms),
            *_contracts(client, wanted, known),
            await _stream(wanted),
        ]


def _clock(name: str, offset_ms: float) -> Finding:
    found = f"the exchange's clock is {offset_ms:+.0f} ms from ours"
    if abs(offset_ms) > DRIFT_MAX_MS:
        return fail(f"{name} clock", f"{found}: set this machine's clock")
    return (warn if abs(offset_ms) > DRIFT_WARN_MS else ok)(f"{name} clock", found)


def _contracts(client: Any, wanted: Wanted, known: Sequence[Instrument]) -> list[Finding]:
    there = listed(client.markets, wanted.symbols)
    absent = [symbol for symbol in wanted.symbols if symbol not in there]
    ours = [each for each in known if each.symbol in wanted.symbols]
    found = {each.symbol: each for each in instruments_of(client.markets, ours)}
    closed = [name for name in there if name in found and found[name].status != "TRADING"]
    unfiltered = [name for name in there if name not in found]
    text = f"{len(there)} of {len(wanted.symbols)} contracts listed"
    trouble = [
        f"{what}: {', '.join(names)}"
        for what, names in (("not listed", absent), ("not trading", closed))
        if names
    ]
    filters = ok(f"{wanted.venue} filters", text)
    if not there:
        filters = fail(f"{wanted.venue} filters", "none of the contracts is listed")
    elif trouble:
        filters = warn(f"{wanted.venue} filters", f"{text}; {'; '.join(trouble)}")
    brackets = ok(f"{wanted.venue} brackets", f"known for {len(found)} contracts")
    if unfiltered:
        names = ", ".join(unfiltered)
        brackets = warn(f"{wanted.venue} brackets", f"unknown, so never entered: {names}")
    return [filters, brackets]


async def _stream(wanted: Wanted) -> Finding:
    """Hears the exchange until it has said something that can be read."""
    heard = asyncio.Event()

    def hear(fact: Fact) -> None:
        heard.set()

    async def nothing_missed(connection: Connection) -> None:
        return

    connection = Connection(wanted, hear, nothing_missed)
    began = monotonic_ns()
    running = asyncio.create_task(connection.run())
    try:
        async with asyncio.timeout(HEAR_S):
            await heard.wait()
    except TimeoutError:
        return fail(f"{wanted.venue} stream", f"said nothing within {HEAR_S:.0f} s")
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    seconds = (monotonic_ns() - began) / 1e9
    return ok(f"{wanted.venue} stream", f"heard within {seconds:.1f} s")
