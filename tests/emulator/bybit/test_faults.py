"""What goes wrong at Bybit while the whole fund is up: nothing doubled, lost or left naked."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

import ccxt.pro
import pytest
from aiohttp import web

from quantum_os.events.execution import (
    Fill,
    HaltState,
    Leg,
    LeverageConfirmed,
    OrderRequested,
    OrderState,
    OrderUpdated,
    ReconcileState,
)
from quantum_os.events.portfolio import PositionUpdated
from quantum_os.events.system import AlertRaised
from quantum_os.events.units import NS_PER_S
from quantum_os.exchange.session import open_session
from tests.emulator.bybit.day import COINS, HISTORY_DAYS, of_account
from tests.emulator.bybit.fund import AtBybit, Ground, at_bybit
from tests.emulator.bybit.server import CREATE, KEY, SECRET, Bybit, Row, opening, said
from tests.emulator.day import recorded
from tests.emulator.day_books import differences, of_ledger
from tests.emulator.test_day import MARKET
from tests.execution.venues.binance.faults import Done, hang_after_accept
from tests.execution.venues.binance.small_binance import Fault
from tests.execution.venues.bybit.faults import refuses

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(MARKET != "recorded", reason="needs a market in which the fund enters"),
]

LEVERAGE = ("POST", "/v5/position/set-leverage")
STEP_S = 30.0
STEPS_MAX = 60
NAKED_MAX_S = 10.0


@asynccontextmanager
async def up(folder: Path) -> AsyncIterator[tuple[AtBybit, Ground]]:
    """A fund that trades at Bybit; at the end both books are the same."""
    bybit = Bybit(opening(recorded(folder / "tape", COINS), HISTORY_DAYS))
    async with at_bybit(bybit, folder) as ground, ground.life() as scene:
        yield scene, ground
        await scene.step(STEP_S)
        assert differences(of_ledger(scene.ledger), of_account(bybit)) == {}


async def until(scene: AtBybit, holds: Callable[[], object]) -> None:
    for _ in range(STEPS_MAX):
        if holds():
            return
        await scene.step(STEP_S)
    raise AssertionError("it did not come")


def is_entry(row: Row) -> bool:
    return not row.get("reduceOnly")


def is_stop(row: Row) -> bool:
    return "triggerPrice" in row


def entries(scene: AtBybit) -> list[OrderRequested]:
    return [each for each in scene.of(OrderRequested) if each.leg is Leg.ENTRY]


def fills_of_entries(scene: AtBybit) -> list[Fill]:
    names = {each.client_id for each in entries(scene)}
    return [each for each in scene.of(Fill) if each.client_id in names]


def states(scene: AtBybit, name: str) -> list[OrderState]:
    return [each.state for each in scene.of(OrderUpdated) if each.client_id == name]


def assert_covered(scene: AtBybit, bybit: Bybit) -> None:
    """The first trade of each symbol has a stop within ten seconds; no name was taken twice."""
    stops = list(bybit.account.algos.values())
    firsts = {trade.symbol: trade.time for trade in reversed(bybit.account.trades)}
    for symbol, at in firsts.items():
        taken = [each.created for each in stops if each.symbol == symbol and each.created >= at]
        assert taken, f"{symbol} never had a stop"
        assert (min(taken) - at) / NS_PER_S <= NAKED_MAX_S
    placed = [each.client_id for each in bybit.account.orders.values()]
    assert len(placed) == len(set(placed)), "a name was taken twice"


@pytest.mark.parametrize("which", [is_entry, is_stop])
async def test_r1_an_order_that_was_taken_unheard_is_adopted_and_never_sent_again(
    tmp_path: Path, which: Callable[[Row], bool]
) -> None:
    async with up(tmp_path) as (scene, ground):
        ground.bybit.strike(CREATE, hang_after_accept, which)
        await until(scene, lambda: len(fills_of_entries(scene)) >= 2)
        await scene.step(STEP_S)
        assert ground.bybit.faults == [], "the fault was met"
        struck = next(row for row in ground.bybit.asked(*CREATE) if which(row))
        name = struck["orderLinkId"]
        sent = [row for row in ground.bybit.asked(*CREATE) if row["orderLinkId"] == name]
        assert len(sent) == 1
        assert states(scene, name)[-1] in (OrderState.FILLED, OrderState.ACKED)
        assert_covered(scene, ground.bybit)


async def test_r11_a_rate_limit_is_waited_for_until_its_header_and_the_order_goes_once(
    tmp_path: Path,
) -> None:
    asked_at: list[int] = []

    async with up(tmp_path) as (scene, ground):
        bybit = ground.bybit

        async def crowded(request: web.Request, done: Done) -> web.StreamResponse:
            asked_at.append(len(bybit.heard))
            ends = bybit.clock.now() // 1_000_000 + 2_000
            return said(10006, {"X-Bapi-Limit-Reset-Timestamp": str(ends)})

        bybit.strike(CREATE, crowded, is_entry)
        await until(scene, lambda: len(fills_of_entries(scene)) >= 2)
        names = [row["orderLinkId"] for row in bybit.asked(*CREATE) if is_entry(row)]
        assert asked_at
        assert len(names) == len(set(names)) + 1, "one went twice under its own name"
        assert_covered(scene, bybit)


async def test_w5_a_private_stream_that_is_cut_loses_nothing(tmp_path: Path) -> None:
    async with up(tmp_path) as (scene, ground):
        bybit = ground.bybit

        async def cut(request: web.Request, done: Done) -> web.StreamResponse:
            await bybit.cut_streams()
            return done()

        opened = bybit.openings
        bybit.strike(CREATE, cut, is_entry)
        await until(scene, lambda: len(fills_of_entries(scene)) >= 2)
        await until(scene, lambda: bybit.openings > opened)
        assert_covered(scene, bybit)


async def test_e8_what_a_person_buys_is_adopted_and_covered_and_its_order_left_alone(
    tmp_path: Path,
) -> None:
    async with up(tmp_path) as (scene, ground):
        await scene.step(STEP_S)
        async with open_session(ground.endpoint) as session:
            options = {"fetchMarkets": {"types": ["linear"]}, "fetchCurrencies": False}
            person = ccxt.pro.bybit(
                {"apiKey": KEY, "secret": SECRET, "session": session, "options": options}
            )
            person.has["fetchCurrencies"] = False
            try:
                await person.load_markets()
                far = 0.8 * ground.bybit.market.symbols["BTC/USDT:USDT"].price
                await person.create_order("BTC/USDT:USDT", "limit", "buy", 0.01, round(far, 1))
                await person.create_order("BTC/USDT:USDT", "market", "buy", 0.01)
            finally:
                await person.close()
        await scene.quiet()
        await until(scene, lambda: scene.of(PositionUpdated))
        assert scene.of(PositionUpdated)[0].qty == Decimal("0.01")
        await scene.step(STEP_S)
        (stop,) = [each for each in ground.bybit.account.algos.values() if each.is_open]
        assert (stop.side.value, stop.qty, stop.reduce_only) == ("SELL", Decimal("0.01"), True)
        assert_covered(scene, ground.bybit)
        (theirs,) = ground.bybit.account.open_orders("BTC/USDT:USDT")
        assert theirs.type == "LIMIT"


@pytest.mark.parametrize("code", [110013, 10001])
async def test_r24_where_the_leverage_is_refused_no_entry_leaves(tmp_path: Path, code: int) -> None:
    async with up(tmp_path) as (scene, ground):
        for _ in range(20):
            ground.bybit.strike(LEVERAGE, refuses(code))
        await until(scene, lambda: len(scene.of(LeverageConfirmed)) >= 2)
        await scene.step(STEP_S)
        assert {each.leverage for each in scene.of(LeverageConfirmed)} == {20}
        assert ground.bybit.asked(*CREATE) == []
        assert not ground.bybit.account.trades


async def test_r16_insufficient_balance_is_refused_once_and_the_account_listed(
    tmp_path: Path,
) -> None:
    async with up(tmp_path) as (scene, ground):
        fault: Fault = refuses(110007)
        ground.bybit.strike(CREATE, fault, is_entry)
        await until(scene, lambda: len(entries(scene)) >= 2)
        await scene.step(STEP_S)
        refused = [each for each in scene.of(OrderUpdated) if each.state is OrderState.REJECTED]
        assert [each.code for each in refused] == ["110007"]
        sent = [row for row in ground.bybit.asked(*CREATE) if is_entry(row)]
        assert len(sent) == 2, "neither was asked for twice"
        assert scene.of(ReconcileState)[-1].ok
        assert_covered(scene, ground.bybit)


async def test_what_a_refusal_holds_back_is_told_to_the_fund(tmp_path: Path) -> None:
    async with up(tmp_path) as (scene, ground):
        ground.bybit.strike(CREATE, refuses(10024), is_entry)
        await until(scene, lambda: scene.of(HaltState))
        told = {each.cause: each.by_person for each in scene.of(HaltState)}
        assert told == {"reduce_only": True, "locked_out": True}
        assert {each.rule for each in scene.of(AlertRaised)} >= {"reduce_only", "locked_out"}
