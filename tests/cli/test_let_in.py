"""A real process lets an old system's backlog in: the fresh is traded, the rest accounted for."""

import shutil
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from quantum_os.events.execution import ExecutionResult, OrderRequested, ResultStatus
from quantum_os.events.market import MarketKlines
from quantum_os.events.portfolio import PositionUpdated
from quantum_os.events.risk import RiskPermit, RiskRefusal
from quantum_os.events.sizing import IntentReceived, TradeIntent
from quantum_os.events.units import NS_PER_S, Margin, Notional, Ns, Price
from quantum_os.kernel.envelope import Envelope
from quantum_os.kernel.iso_time import iso
from tests.cli.console import here, quantum_os
from tests.cli.running import SETTINGS as FAST
from tests.cli.running import rows, running
from tests.servers.redis import OwnServer, own_server
from tests.storage.redis.producer import STREAM, dead, old, pending, put

SPEED = ("--days", 4, "--speed", 10)
SETTINGS = (
    FAST.replace("warmup_bars = 20", "warmup_bars = 200")
    + """
[policy.execution]
send_deadline_s = 60.0
"""
)
"""Two days of history; an entry between two bars waits for the next price there is."""

BACKLOG = 10_014
DAY_S = 24 * 3_600
BURST = 114
"""Messages of the last minute; all others are older than the fund's longest patience."""


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fund that has traded for two days, and stands where its history ends."""
    folder = tmp_path_factory.mktemp("lived")
    with running(folder, *SPEED, settings=SETTINGS) as process:
        process.until_it_says("equity")
        assert process.end().code == 0
    return folder


@pytest.fixture
def folder(lived: Path, tmp_path: Path) -> Path:
    shutil.copytree(lived / "home", tmp_path / "home")
    return tmp_path


@pytest.fixture
def server() -> Iterator[OwnServer]:
    with own_server() as own:
        own.start()
        yield own


def said(folder: Path, kind: type[Any]) -> list[Any]:
    return [row.event() for row in rows(folder / "home" / "journal.sqlite", kind)]


def last(folder: Path) -> Envelope:
    return rows(folder / "home" / "journal.sqlite")[-1]


def wishes(folder: Path) -> list[TradeIntent]:
    """What the fund was permitted before, at the prices of now, one for each symbol it left."""
    held = {each.symbol: each.qty for each in said(folder, PositionUpdated)}
    bars = said(folder, MarketKlines)
    venue = bars[0].venue
    closes = {
        symbol: close
        for bar in bars
        if bar.venue == venue
        for symbol, close in zip(bar.symbols, bar.close, strict=True)
    }
    found = {permit.intent.symbol: permit.intent for permit in said(folder, RiskPermit)}
    return [
        at_price(intent, Decimal(str(closes[symbol])))
        for symbol, intent in found.items()
        if not held.get(symbol)
    ]


def at_price(intent: TradeIntent, price: Decimal) -> TradeIntent:
    """The same plan, its distances kept."""
    factor = price / intent.ref_price

    def moved(was: Decimal) -> Price:
        return Price((was * factor).quantize(was))

    ref = moved(intent.ref_price)
    return msgspec.structs.replace(
        intent,
        ref_price=ref,
        sl_price=moved(intent.sl_price),
        tp_prices=tuple(None if each is None else moved(each) for each in intent.tp_prices),
        notional_usd=Notional(intent.qty * ref),
        margin_usd=Margin(intent.qty * ref / intent.leverage),
    )


def body(wish: TradeIntent, created: int, number: int) -> dict[str, Any]:
    """A wish as an outside producer of our shape writes it."""
    dated = msgspec.structs.replace(
        wish,
        intent_id=f"theirs-{number}",
        decision_id=f"because-{number}",
        bar_close=Ns(created),
        ref_ts=Ns(created),
        created=Ns(created),
        expires=Ns(created + DAY_S * NS_PER_S),
    )
    text: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(dated))
    return text


def backlog(wanted: list[TradeIntent], now: int) -> list[dict[str, Any]]:
    """Intents of 0 to 24 hours, oldest first: whole ones, some of the old shape, garbled times."""
    bodies = list[dict[str, Any]]()
    for number in range(BACKLOG):
        left = BACKLOG - 1 - number
        created = now - int((left / 2 if left < BURST else DAY_S * left / BACKLOG) * NS_PER_S)
        wish = wanted[number % len(wanted)]
        if number % 5 == 1:
            bodies.append(old(symbol=wish.symbol) | {"timestamp": iso(created).removesuffix("Z")})
        elif number % 1_000 == 7:
            bodies.append(body(wish, created, number) | {"created": "yesterday"})
        else:
            bodies.append(body(wish, created, number))
    return bodies


def is_garbled(wish: dict[str, Any]) -> bool:
    return wish.get("created") == "yesterday"


def newest(bodies: list[dict[str, Any]]) -> dict[str, int]:
    """The newest whole and fresh intent of each symbol, by its time."""
    whole = [each for each in bodies[-BURST:] if isinstance(each.get("created"), int)]
    return {each["symbol"]: each["created"] for each in whole}


def test_f01_f07_of_a_backlog_of_10_014_a_process_trades_only_what_is_fresh(
    folder: Path, server: OwnServer
) -> None:
    before, wanted = last(folder), wishes(folder)
    assert len(wanted) >= 3
    bodies = backlog(wanted, before.ts)
    put(server.url, bodies)
    words = ("--redis", server.url, "--let-in", STREAM, "--json")
    with running(folder, *words, *SPEED, settings=SETTINGS) as process:
        process.until(lambda: len(rows(process.journal, IntentReceived)) >= BACKLOG)
        process.until(lambda: pending(server.url) == 0)
        process.until(lambda: has_ended(folder))
        told = process.end()
    assert told.code == 0, told.err[-800:]
    assert dead(server.url) == []

    received = said(folder, IntentReceived)
    theirs = {each.intent_id for each in received}
    assert len({each.delivery for each in received}) == len(received) == len(theirs) == BACKLOG
    ends = [each for each in said(folder, ExecutionResult) if each.intent_id in theirs]
    refused = [each for each in said(folder, RiskRefusal) if each.intent_id in theirs]
    ended = [each.intent_id for each in (*ends, *refused)]
    assert len(ended) == len(set(ended)) == BACKLOG

    let_in = [each for each in said(folder, TradeIntent) if each.intent_id in theirs]
    assert {each.symbol: each.created for each in let_in} == newest(bodies)
    counts = Counter(each.status for each in ends)
    burst = bodies[-BURST:]
    fresh = sum(isinstance(each.get("created"), int) for each in burst)
    garbled, late = (sum(map(is_garbled, some)) for some in (bodies, burst))
    assert counts[ResultStatus.SUPERSEDED] == fresh - len(let_in)
    assert counts[ResultStatus.REJECTED] == sum("created" not in each for each in burst) + garbled
    assert counts[ResultStatus.SKIPPED_STALE] == BACKLOG - BURST - (garbled - late)
    traded = counts[ResultStatus.FILLED] + counts[ResultStatus.PARTIAL]
    assert traded > 0
    assert traded + len(refused) == len(let_in)
    asked = {each.intent_id for each in said(folder, OrderRequested)} & theirs
    assert asked == {each.intent_id for each in let_in} - {each.intent_id for each in refused}
    assert told.json()["intents"]["residual"] == 0

    again = quantum_os("replay", "--redis", server.url, "--verify", "--json")
    assert (again.code, again.json()["mismatches"]) == (0, 0), again.err


def has_ended(folder: Path) -> bool:
    """Whether every intent that was let in has its end."""
    theirs = {each.intent_id for each in said(folder, IntentReceived)}
    let_in = {each.intent_id for each in said(folder, TradeIntent)} & theirs
    ended = {
        each.intent_id for kind in (ExecutionResult, RiskRefusal) for each in said(folder, kind)
    }
    return bool(let_in) and let_in <= ended


def test_f07_drained_nothing_of_it_is_traded(folder: Path, server: OwnServer) -> None:
    before, wanted = last(folder), wishes(folder)
    put(server.url, [body(wish, before.ts, number) for number, wish in enumerate(wanted)])
    words = ("--redis", server.url, "--let-in", STREAM, "--drain", "--json")
    with running(folder, *words, *SPEED, settings=SETTINGS) as process:
        process.until(lambda: len(said(folder, IntentReceived)) == len(wanted))
        process.until(lambda: pending(server.url) == 0)
        assert process.end().code == 0
    theirs = {each.intent_id for each in said(folder, IntentReceived)}
    ends = [each for each in said(folder, ExecutionResult) if each.intent_id in theirs]
    assert [each.status for each in ends] == [ResultStatus.SKIPPED_DRAIN] * len(wanted)
    assert theirs.isdisjoint(each.intent_id for each in said(folder, TradeIntent))


def test_nobody_is_heard_unless_a_stream_is_let_in(folder: Path, server: OwnServer) -> None:
    """Here an old system's stream is older than the fund: it is neither read nor in the way."""
    before, wanted = last(folder), wishes(folder)
    put(server.url, [body(wanted[0], before.ts, 1)], ids=["1600000000000-0"])
    with running(folder, "--redis", server.url, *SPEED, settings=SETTINGS) as process:
        process.until(lambda: bool(server.say("HEXISTS", "quantum:meta", "mirrored")))
        process.goes_on(20)
        assert process.end().code == 0
    assert said(folder, IntentReceived) == []
    assert server.say("XINFO", "GROUPS", f"quantum:stream:{STREAM}") == []
    assert "quantum:dlq:trade.intent" not in str(server.say("KEYS", "*"))


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--let-in", "fill"), "stream 'fill' cannot be let in, only trade.intent"),
        (("--let-in", "trade.intent", "--let-in", "market_data"), "'market_data' cannot be let in"),
        (("--drain",), "--drain needs --let-in"),
    ],
)
def test_what_cannot_be_let_in_is_refused(
    words: tuple[str, ...], complaint: str, tmp_path: Path
) -> None:
    home = ("--home", tmp_path / "home", "--out", tmp_path / "run")
    said = here("run", "--redis", "redis://127.0.0.1:1/0", *words, *home)
    assert complaint in said.refusal()
    assert not (tmp_path / "home").exists()


def test_without_a_redis_there_is_nothing_to_let_in(tmp_path: Path) -> None:
    said = here("run", "--let-in", STREAM, "--home", tmp_path / "home", "--out", tmp_path / "run")
    assert "--let-in needs --redis" in said.refusal()


def test_a_file_lets_streams_in_too(tmp_path: Path) -> None:
    config = tmp_path / "fund.toml"
    config.write_text('[storage]\nredis = "redis://127.0.0.1:1/0"\nlet_in = ["fill"]\n')
    said = here("run", "--config", config, "--home", tmp_path / "home", "--out", tmp_path / "run")
    assert "stream 'fill' cannot be let in, only trade.intent" in said.refusal()
