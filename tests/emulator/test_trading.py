"""The venue's rules on the wire: filters, books, conditional orders, margins, and its own deeds."""

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from tests.emulator.emulated import KEY, SYMBOL, Emulated, emulated

pytestmark = pytest.mark.asyncio(loop_scope="module")

ORDER, ALGO = "/fapi/v1/order", "/fapi/v1/algoOrder"


class Trader:
    """One account's client, and the events of its user stream as the venue said them."""

    def __init__(self, venue: Emulated, session: aiohttp.ClientSession) -> None:
        self.venue = venue
        self.session = session
        self.events: list[dict[str, Any]] = []
        tell = venue.exchange.say

        def say(account: Any, name: str, body: Any) -> None:
            if account.key == KEY:
                self.events.append(body)
            tell(account, name, body)

        venue.exchange.say = say

    @property
    def mark(self) -> float:
        return self.venue.exchange.market.symbols[SYMBOL].mark

    def price(self, share: float) -> str:
        """A price at a share of the mark, on the tick."""
        return f"{self.mark * share:.1f}"

    async def ask(self, method: str, path: str, **params: Any) -> Any:
        return (await self.venue.ask(self.session, method, path, **params)).body

    async def limit(self, side: str, qty: str, price: str, **more: Any) -> Any:
        order = {"type": "LIMIT", "timeInForce": "GTC", "quantity": qty, "price": price, **more}
        return await self.ask("POST", ORDER, symbol="BTCUSDT", side=side, **order)

    async def market(self, side: str, qty: str, **more: Any) -> Any:
        order = {"type": "MARKET", "quantity": qty, "newOrderRespType": "RESULT", **more}
        return await self.ask("POST", ORDER, symbol="BTCUSDT", side=side, **order)

    async def algo(self, kind: str, side: str, share: float, **more: Any) -> Any:
        order = {"algoType": "CONDITIONAL", "type": kind, "triggerPrice": self.price(share)}
        return await self.ask("POST", ALGO, symbol="BTCUSDT", side=side, **(order | more))

    async def held(self) -> Decimal:
        """The signed position."""
        found = await self.ask("GET", "/fapi/v3/positionRisk", symbol="BTCUSDT")
        return sum((Decimal(one["positionAmt"]) for one in found), Decimal(0))

    async def flatten(self) -> None:
        await self.ask("DELETE", "/fapi/v1/allOpenOrders", symbol="BTCUSDT")
        await self.ask("DELETE", "/fapi/v1/algoOpenOrders", symbol="BTCUSDT")
        held = await self.held()
        if held:
            side = "SELL" if held > 0 else "BUY"
            await self.market(side, str(abs(held)), reduceOnly="true")
        self.events.clear()

    def said(self, event: str) -> list[dict[str, Any]]:
        return [one for one in self.events if one["e"] == event]

    async def reach(self, price: float, *, above: bool) -> None:
        """Moves the market on until the last price has been there."""
        symbol = self.venue.exchange.market.symbols[SYMBOL]
        while (symbol.price or 0.0) < price if above else (symbol.price or 0.0) > price:
            await self.venue.step(20)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def venue(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Emulated]:
    async with emulated(tmp_path_factory.mktemp("tls")) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def trader(venue: Emulated) -> AsyncIterator[Trader]:
    before = venue.exchange.say
    async with venue.session() as session:
        trader = Trader(venue, session)
        await trader.flatten()
        yield trader
        await trader.flatten()
    venue.exchange.say = before


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"symbol": "NOPEUSDT"}, -1121),
        ({"side": "LONG"}, -1117),
        ({"type": "ICEBERG"}, -1116),
        ({"type": "STOP_MARKET", "stopPrice": "1"}, -4120),
        ({"timeInForce": "NOW"}, -1115),
        ({"quantity": ""}, -1102),
        ({"quantity": "many"}, -1102),
        ({"quantity": "NaN"}, -1102),
        ({"quantity": "0"}, -4003),
        ({"quantity": "-1"}, -4003),
        ({"quantity": "0.0001"}, -1111),
        ({"quantity": "100000"}, -4005),
        ({"price": "50000.123"}, -1111),
        ({"quantity": "0.001", "price": "90000"}, -4164),
        ({"price": "900000"}, -4016),
        ({"side": "SELL", "price": "100"}, -4024),
        ({"newClientOrderId": "no spaces please"}, -4015),
        ({"positionSide": "LONG"}, -4061),
        ({"timeInForce": "GTX", "price": "96000"}, -5022),
        ({"timeInForce": "FOK", "price": "91000"}, -5021),
        ({"reduceOnly": "true"}, -2022),
        ({"quantity": "3"}, -2019),
        ({"recvWindow": "70000"}, -1131),
    ],
)
async def test_what_is_wrong_has_its_code(
    trader: Trader, changes: dict[str, str], code: int
) -> None:
    order = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC"}
    order |= {"quantity": "0.010", "price": trader.price(0.97)}
    got = await trader.ask("POST", ORDER, **(order | changes))
    assert got["code"] == code
    assert trader.events == [], "what was refused never was an order"


async def test_a_client_id_is_taken_only_while_its_order_is_open(trader: Trader) -> None:
    first = await trader.limit("BUY", "0.010", trader.price(0.97), newClientOrderId="same")
    again = await trader.limit("BUY", "0.010", trader.price(0.97), newClientOrderId="same")
    assert again["code"] == -4116
    await trader.ask("DELETE", ORDER, symbol="BTCUSDT", orderId=first["orderId"])
    third = await trader.limit("BUY", "0.010", trader.price(0.97), newClientOrderId="same")
    assert third["status"] == "NEW"
    gone = await trader.ask("DELETE", ORDER, symbol="BTCUSDT", orderId=first["orderId"])
    assert gone["code"] == -2011


async def test_a_limit_rests_at_the_best_price_and_is_filled_as_a_maker(trader: Trader) -> None:
    quote = trader.venue.exchange.market.symbols[SYMBOL].quote
    assert quote is not None
    order = await trader.limit("BUY", "0.010", f"{quote.bid:.1f}", timeInForce="GTX")
    assert order["status"] == "NEW"
    await trader.reach(quote.bid - 1, above=False)
    found = await trader.ask("GET", ORDER, symbol="BTCUSDT", orderId=order["orderId"])
    assert (found["status"], float(found["avgPrice"])) == ("FILLED", float(order["price"]))
    (trade,) = await trader.ask(
        "GET", "/fapi/v1/userTrades", symbol="BTCUSDT", orderId=order["orderId"]
    )
    assert trade["maker"]
    assert Decimal(trade["commission"]) == Decimal(trade["quoteQty"]) * Decimal("0.0002")


async def test_an_order_beyond_the_volume_fills_in_parts(trader: Trader) -> None:
    account = trader.venue.account
    await trader.market("BUY", "0.010")
    account.host.books[SYMBOL].volume = 0.5
    order = await trader.market("BUY", "0.140")
    assert order["status"] == "FILLED"
    kinds = [(m["o"]["x"], m["o"]["X"]) for m in trader.said("ORDER_TRADE_UPDATE")[-4:]]
    parts = [("TRADE", "PARTIALLY_FILLED")] * 2 + [("TRADE", "FILLED")]
    assert kinds == [("NEW", "NEW"), *parts]


async def test_an_amended_limit_keeps_its_id(trader: Trader) -> None:
    order = await trader.limit("BUY", "0.010", trader.price(0.97))
    wish = {"symbol": "BTCUSDT", "side": "BUY", "orderId": order["orderId"]}
    wish |= {"quantity": "0.020", "price": trader.price(0.96)}
    amended = await trader.ask("PUT", ORDER, **wish)
    assert (amended["orderId"], amended["origQty"]) == (order["orderId"], "0.020")
    assert [m["o"]["x"] for m in trader.said("ORDER_TRADE_UPDATE")] == ["NEW", "AMENDMENT"]
    assert (await trader.ask("PUT", ORDER, **wish))["code"] == -5027
    (listed,) = await trader.ask("GET", "/fapi/v1/openOrders", symbol="BTCUSDT")
    assert listed["price"] == wish["price"]


async def test_a_stop_triggers_and_becomes_an_order(trader: Trader) -> None:
    await trader.market("BUY", "0.010")
    stop = await trader.algo("STOP_MARKET", "SELL", 0.999, quantity="0.010", reduceOnly="true")
    assert await trader.ask("GET", "/fapi/v1/openOrders", symbol="BTCUSDT") == []
    trader.events.clear()
    await trader.reach(float(stop["triggerPrice"]), above=False)
    told = [m["o"]["X"] for m in trader.said("ALGO_UPDATE")]
    assert told == ["TRIGGERING", "TRIGGERED", "FINISHED"]
    found = await trader.ask("GET", ALGO, algoId=stop["algoId"])
    assert (found["algoStatus"], found["actualQty"]) == ("FINISHED", "0.010")
    child = await trader.ask("GET", ORDER, symbol="BTCUSDT", orderId=found["actualOrderId"])
    assert (child["status"], child["origType"]) == ("FILLED", "STOP_MARKET")
    assert child["clientOrderId"] == stop["clientAlgoId"]
    assert await trader.held() == 0


async def test_each_book_is_cancelled_by_itself(trader: Trader) -> None:
    await trader.market("BUY", "0.010")
    await trader.limit("BUY", "0.010", trader.price(0.97))
    await trader.algo("STOP_MARKET", "SELL", 0.95, closePosition="true")
    await trader.ask("DELETE", "/fapi/v1/allOpenOrders", symbol="BTCUSDT")
    assert len(await trader.ask("GET", "/fapi/v1/openAlgoOrders")) == 1
    again = await trader.algo("STOP_MARKET", "SELL", 0.94, closePosition="true")
    assert again["code"] == -4130
    await trader.ask("DELETE", "/fapi/v1/algoOpenOrders", symbol="BTCUSDT")
    assert await trader.ask("GET", "/fapi/v1/openAlgoOrders") == []


async def test_a_stop_on_the_wrong_side_is_refused(trader: Trader) -> None:
    await trader.market("BUY", "0.010")
    stop = {"quantity": "0.010", "reduceOnly": "true"}
    assert (await trader.algo("STOP_MARKET", "SELL", 1.01, **stop))["code"] == -2021
    assert (await trader.algo("TAKE_PROFIT_MARKET", "SELL", 0.99, **stop))["code"] == -2021
    assert (await trader.algo("STOP_MARKET", "BUY", 1.01, **stop))["code"] == -2022


async def test_a_trailing_stop_follows_the_price(trader: Trader) -> None:
    await trader.market("SELL", "0.010")
    order = {"quantity": "0.010", "reduceOnly": "true", "callbackRate": "0.3"}
    order |= {"triggerPrice": ""}
    placed = await trader.algo("TRAILING_STOP_MARKET", "BUY", 1.0, **order)
    low = float("inf")
    symbol = trader.venue.exchange.market.symbols[SYMBOL]
    while await trader.held():
        await trader.venue.step(20)
        low = min(low, symbol.price or low)
    found = await trader.ask("GET", ALGO, algoId=placed["algoId"])
    assert float(found["triggerPrice"]) == pytest.approx(low * 1.003, abs=30)


async def test_a_child_that_is_refused_leaves_the_position_naked(trader: Trader) -> None:
    await trader.market("BUY", "0.010")
    stop = await trader.algo("STOP_MARKET", "SELL", 0.999, quantity="0.010", reduceOnly="true")
    await trader.venue.fault({"kind": "child_rejected", "text": "Reduce Only reject"})
    trader.events.clear()
    await trader.reach(float(stop["triggerPrice"]), above=False)
    last = trader.said("ALGO_UPDATE")[-1]["o"]
    assert (last["X"], last["rm"]) == ("REJECTED", "Reduce Only reject")
    assert await trader.held() == Decimal("0.010")


async def test_leverage_is_set_read_back_and_bound_by_positions(trader: Trader) -> None:
    path = "/fapi/v1/leverage"
    assert (await trader.ask("POST", path, symbol="BTCUSDT", leverage=10))["leverage"] == 10
    assert trader.said("ACCOUNT_CONFIG_UPDATE")[-1]["ac"] == {"s": "BTCUSDT", "l": 10}
    (config,) = await trader.ask("GET", "/fapi/v1/symbolConfig", symbol="BTCUSDT")
    assert (config["leverage"], config["marginType"]) == (10, "ISOLATED")
    assert (await trader.ask("POST", path, symbol="BTCUSDT", leverage=500))["code"] == -4028
    await trader.market("BUY", "0.010")
    assert (await trader.ask("POST", path, symbol="BTCUSDT", leverage=5))["code"] == -4161


async def test_margin_moves_the_liquidation_price(trader: Trader) -> None:
    await trader.market("BUY", "0.010")
    path = "/fapi/v3/positionRisk"
    (before,) = await trader.ask("GET", path, symbol="BTCUSDT")
    move = {"symbol": "BTCUSDT", "amount": "50", "type": 1}
    assert (await trader.ask("POST", "/fapi/v1/positionMargin", **move))["code"] == 200
    (after,) = await trader.ask("GET", path, symbol="BTCUSDT")
    assert float(after["liquidationPrice"]) < float(before["liquidationPrice"])
    move |= {"amount": "5000", "type": 2}
    assert (await trader.ask("POST", "/fapi/v1/positionMargin", **move))["code"] == -4051


async def test_a_margin_call_comes_once_before_the_end(trader: Trader) -> None:
    await trader.market("BUY", "0.010")
    held = trader.venue.account.ledger.positions[SYMBOL]
    amount = f"{held.margin - Decimal(5):.2f}"
    wish = {"symbol": "BTCUSDT", "amount": amount, "type": 2}
    assert (await trader.ask("POST", "/fapi/v1/positionMargin", **wish))["code"] == 200
    assert trader.said("MARGIN_CALL") == []
    while not trader.said("MARGIN_CALL"):
        await trader.venue.step(20)
    (call,) = trader.said("MARGIN_CALL")
    assert call["p"][0]["s"] == "BTCUSDT"
    assert float(call["p"][0]["mm"]) > 0


async def test_modes_that_are_not_offered_are_refused_in_so_many_words(trader: Trader) -> None:
    dual = "/fapi/v1/positionSide/dual"
    assert (await trader.ask("GET", dual)) == {"dualSidePosition": False}
    assert (await trader.ask("POST", dual, dualSidePosition="false"))["code"] == -4059
    assert "not offered" in (await trader.ask("POST", dual, dualSidePosition="true"))["msg"]
    crossed = {"symbol": "BTCUSDT", "marginType": "CROSSED"}
    assert "ISOLATED" in (await trader.ask("POST", "/fapi/v1/marginType", **crossed))["msg"]


async def test_a_liquidation_is_an_order_of_the_venue(trader: Trader) -> None:
    await trader.market("BUY", "0.010")
    trader.events.clear()
    await trader.venue.fault({"kind": "liquidate", "account": KEY, "symbol": "BTCUSDT"})
    (told,) = trader.said("ORDER_TRADE_UPDATE")
    assert told["o"]["c"].startswith("autoclose-")
    assert (told["o"]["x"], told["o"]["X"]) == ("CALCULATED", "FILLED")
    assert await trader.held() == 0
    forced = await trader.ask("GET", "/fapi/v1/forceOrders")
    assert forced[-1]["orderId"] == told["o"]["i"]


async def test_adl_takes_a_part_and_says_so(trader: Trader) -> None:
    await trader.market("BUY", "0.010")
    rule = {"kind": "adl", "account": KEY, "symbol": "BTCUSDT", "share": "0.4"}
    await trader.venue.fault(rule)
    assert trader.said("ORDER_TRADE_UPDATE")[-1]["o"]["c"] == "adl_autoclose"
    assert await trader.held() == Decimal("0.006")


async def test_funding_is_paid_to_the_cent(trader: Trader) -> None:
    await trader.market("BUY", "0.010")
    before = trader.venue.account.ledger.funding
    await trader.venue.fault({"kind": "funding", "symbol": "BTCUSDT", "rate": 0.001})
    (update,) = [m for m in trader.said("ACCOUNT_UPDATE") if m["a"]["m"] == "FUNDING_FEE"]
    paid = Decimal(update["a"]["B"][0]["bc"])
    assert paid == trader.venue.account.ledger.funding - before
    assert float(paid) == pytest.approx(-0.01 * trader.mark * 0.001, rel=1e-6)
    found = await trader.ask("GET", "/fapi/v1/income", incomeType="FUNDING_FEE", limit=1)
    assert Decimal(found[-1]["income"]) == paid


async def test_somebody_else_trades_with_the_same_key(trader: Trader) -> None:
    rule = {"kind": "trade", "account": KEY, "symbol": "BTCUSDT", "side": "SELL", "qty": "0.020"}
    await trader.venue.fault(rule)
    first = trader.said("ORDER_TRADE_UPDATE")[-1]["o"]["c"]
    assert first.startswith("web_")
    assert await trader.held() == Decimal("-0.020")
    await trader.venue.fault(rule)
    assert trader.said("ORDER_TRADE_UPDATE")[-1]["o"]["c"] != first, "the market stood in between"


async def test_filters_and_brackets_change_under_way(trader: Trader) -> None:
    resting = await trader.limit("BUY", "0.011", trader.price(0.97))
    rule = {"kind": "filters", "symbol": "BTCUSDT", "step": "0.01", "min_qty": "0.01"}
    await trader.venue.fault(rule)
    assert (await trader.limit("BUY", "0.011", trader.price(0.97)))["code"] == -1111
    found = await trader.ask("GET", ORDER, symbol="BTCUSDT", orderId=resting["orderId"])
    assert found["status"] == "NEW", "open orders are untouched"
    await trader.venue.fault({**rule, "step": "0.001", "min_qty": "0.001"})
    rows = [["0", "500", 10, "0.05", "0"], ["500", "1000000", 1, "0.5", "225"]]
    old = trader.venue.exchange.contracts.of(SYMBOL).instrument
    await trader.venue.fault({"kind": "brackets", "symbol": "BTCUSDT", "brackets": rows})
    (table,) = await trader.ask("GET", "/fapi/v1/leverageBracket", symbol="BTCUSDT")
    assert [one["initialLeverage"] for one in table["brackets"]] == [10, 1]
    assert (await trader.market("BUY", "0.010"))["code"] == -2027
    trader.venue.exchange.relist(old)


async def test_a_contract_that_ends_closes_what_is_held(trader: Trader) -> None:
    name = "ADA/USDT:USDT"
    order = {"symbol": "ADAUSDT", "side": "BUY", "type": "MARKET", "quantity": "100"}
    await trader.ask("POST", ORDER, **order)
    rule = {"kind": "status", "symbol": "ADAUSDT", "status": "PENDING_TRADING", "ms": 3_600_000}
    await trader.venue.fault(rule)
    assert (await trader.ask("POST", ORDER, **order))["code"] == -4140
    await trader.venue.fault({"kind": "settle", "symbol": "ADAUSDT"})
    assert trader.said("ORDER_TRADE_UPDATE")[-1]["o"]["c"].startswith("settlement_autoclose-")
    assert name not in trader.venue.account.ledger.positions
    listed = await trader.ask("GET", "/fapi/v1/exchangeInfo")
    (ada,) = [one for one in listed["symbols"] if one["symbol"] == "ADAUSDT"]
    assert ada["status"] == "SETTLING"


async def test_history_is_read_in_windows(trader: Trader) -> None:
    for side in ("BUY", "SELL") * 2:
        await trader.market(side, "0.010")
    now = trader.venue.exchange.market.now // 1_000_000
    week = 7 * 86_400_000
    trades = "/fapi/v1/userTrades"
    wide = {"symbol": "BTCUSDT", "startTime": now - week - 1, "endTime": now}
    assert (await trader.ask("GET", trades, **wide))["code"] == -4165
    every = await trader.ask("GET", trades, symbol="BTCUSDT", startTime=now - week)
    first = await trader.ask("GET", trades, symbol="BTCUSDT", startTime=now - week, limit=3)
    rest = await trader.ask("GET", trades, symbol="BTCUSDT", fromId=first[-1]["id"] + 1)
    assert first + rest == every


async def test_a_countdown_cancels_plain_orders_only(trader: Trader) -> None:
    await trader.market("BUY", "0.010")
    await trader.limit("BUY", "0.010", trader.price(0.90 + 0.06))
    await trader.algo("STOP_MARKET", "SELL", 0.90, quantity="0.010", reduceOnly="true")
    path = "/fapi/v1/countdownCancelAll"
    await trader.ask("POST", path, symbol="BTCUSDT", countdownTime=10_000)
    await trader.venue.step(60)
    assert await trader.ask("GET", "/fapi/v1/openOrders", symbol="BTCUSDT") == []
    assert len(await trader.ask("GET", "/fapi/v1/openAlgoOrders", symbol="BTCUSDT")) == 1


async def test_the_books_agree_to_the_last_digit(trader: Trader) -> None:
    await trader.market("BUY", "0.013")
    await trader.venue.step(9 * 3600)
    await trader.market("SELL", "0.007", reduceOnly="true")
    state = (await trader.venue.state())["accounts"][KEY]
    money = {name: Decimal(state[name]) for name in ("deposit", "realised", "fees", "funding")}
    wallet = money["deposit"] + money["realised"] - money["fees"] + money["funding"]
    assert Decimal(state["wallet"]) == wallet
    booked = sum((income.amount for income in trader.venue.account.incomes), Decimal(0))
    assert booked == wallet
    balance = await trader.ask("GET", "/fapi/v2/balance")
    assert Decimal(balance[0]["balance"]) == wallet
    core = trader.venue.account.host.account
    assert core.wallet == wallet
    assert core.positions[SYMBOL].qty == Decimal(state["positions"]["BTCUSDT"]["qty"])


async def test_accounts_do_not_see_each_other(trader: Trader) -> None:
    await trader.market("BUY", "0.010")
    other = {"key": "KEY2", "secret": "SECRET2"}
    assert await trader.ask("GET", "/fapi/v3/positionRisk", **other) == []
    balance = await trader.ask("GET", "/fapi/v2/balance", **other)
    assert balance[0]["balance"] == "5000.00000000"
