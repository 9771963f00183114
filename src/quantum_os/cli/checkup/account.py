"""Whether keys can do what a venue needs, and no more: rights, modes, and a stop there and back."""

from typing import Any

from quantum_os.cli.checkup.finding import Finding, fail, ok, skipped, warn
from quantum_os.exchange.client import open_client
from quantum_os.exchange.endpoint import Endpoint, Realm
from quantum_os.exchange.keys import Keys
from quantum_os.exchange.line import Line
from quantum_os.exchange.measuring import measure_clock
from quantum_os.exchange.session import open_session
from quantum_os.execution.venues.binance.dialect import BinanceDialect
from quantum_os.execution.venues.ccxt.dialect import VenueRefused
from quantum_os.market.feeds.live.connection import EXPECTED

STOP_AWAY = 0.5
"""Where the test stop is placed, as a share of the price: not to be reached within a second."""

STOP_ID = "doctor-stop"


async def check_account(keys: Keys, endpoint: Endpoint, symbol: str) -> list[Finding]:
    """Asks the account of the keys; on testnet and the emulator a stop is placed and cancelled."""
    line = Line()
    async with open_session(endpoint) as session:
        client = open_client(keys.venue, endpoint, session, line, keys)
        try:
            await measure_clock(client)
            await client.load_markets()
            found = [await _account(client), await _rights(client, endpoint)]
            if found[0].verdict != "ok":
                return found
            return [*found, await _modes(client), await _stop(client, endpoint, symbol)]
        except EXPECTED as error:
            return [fail("account", _why(error))]
        finally:
            await client.close()


async def _account(client: Any) -> Finding:
    try:
        balance = await client.fetch_balance()
    except EXPECTED as error:
        return fail("account", f"the keys do not open it: {_why(error)}")
    return ok("account", f"{balance['total'].get('USDT', 0):,.2f} USDT")


async def _rights(client: Any, endpoint: Endpoint) -> Finding:
    try:
        unasked = await BinanceDialect(endpoint.realm).check_permissions(client)
    except VenueRefused as error:
        return fail("permissions", str(error))
    except EXPECTED as error:
        return fail("permissions", _why(error))
    return warn("permissions", unasked) if unasked else ok("permissions", "trade, never withdraw")


async def _modes(client: Any) -> Finding:
    """Only looks: a start sets what is not set, as long as nothing is held."""
    try:
        answer = await client.fapiPrivateGetPositionSideDual()
    except EXPECTED as error:
        return fail("position mode", _why(error))
    if str(answer.get("dualSidePosition")).lower() == "true":
        return warn("position mode", "hedge mode: a start sets one-way mode, if nothing is held")
    return ok("position mode", "one-way")


async def _stop(client: Any, endpoint: Endpoint, symbol: str) -> Finding:
    if endpoint.realm is Realm.PRODUCTION:
        return skipped("stop", "no order is placed with real money")
    try:
        market = client.market(symbol)
        price = (await client.fetch_ticker(symbol))["last"]
        least = max(market["limits"]["amount"]["min"], market["limits"]["cost"]["min"] * 4 / price)
        qty = client.amount_to_precision(symbol, least)
        trigger = client.price_to_precision(symbol, price * STOP_AWAY)
        terms = {"stopLossPrice": trigger, "clientOrderId": STOP_ID}
        order = await client.create_order(symbol, "market", "sell", qty, None, terms)
        await client.cancel_order(order["id"], symbol, {"trigger": True})
        left = await client.fetch_open_orders(symbol, None, None, {"trigger": True})
    except EXPECTED as error:
        return fail("stop", f"could not be placed and cancelled: {_why(error)}")
    if any(each["clientOrderId"] == STOP_ID for each in left):
        return fail("stop", "was placed, and still rests after its cancel")
    return ok("stop", f"placed and cancelled at {symbol}")


def _why(error: BaseException) -> str:
    return (str(error) or type(error).__name__)[:160]
