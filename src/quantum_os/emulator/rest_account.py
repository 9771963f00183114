"""Decides what the endpoints of the account and its settings answer."""

from decimal import Decimal

from quantum_os.emulator.account import Income
from quantum_os.emulator.call import Answer, Call, Route, Security
from quantum_os.emulator.contracts import plain
from quantum_os.emulator.listing import brackets_of
from quantum_os.emulator.order_form import flag, number, wanted, whole
from quantum_os.emulator.orders import ZERO, Json
from quantum_os.emulator.refusals import Refused
from quantum_os.emulator.rest_orders import window
from quantum_os.emulator.standing import Holding, Standing, standing_of
from quantum_os.emulator.user_events import leverage_update
from quantum_os.events.units import NS_PER_MS
from quantum_os.formulas.liquidation import max_notional_at

_SIGNED = Security.SIGNED
_SUCCESS: Json = {"code": 200, "msg": "success"}


def account(call: Call) -> Answer:
    """The account with every asset, and every symbol it could hold."""
    standing = _standing(call)
    config = {
        "feeTier": 0,
        "canTrade": True,
        "canDeposit": True,
        "canWithdraw": False,
        "updateTime": 0,
        "multiAssetsMargin": False,
        "tradeGroupId": -1,
    }
    totals = {
        "totalInitialMargin": plain(standing.initial + standing.orders_margin),
        "totalMaintMargin": plain(standing.maintenance),
        "totalWalletBalance": plain(standing.wallet),
        "totalUnrealizedProfit": plain(standing.upnl),
        "totalMarginBalance": plain(standing.margin_balance),
        "totalPositionInitialMargin": plain(standing.initial),
        "totalOpenOrderInitialMargin": plain(standing.orders_margin),
        "totalCrossWalletBalance": plain(standing.free),
        "totalCrossUnPnl": plain(ZERO),
        "availableBalance": plain(standing.available),
        "maxWithdrawAmount": plain(standing.available),
    }
    positions = [_account_position(call, holding) for holding in standing.holdings]
    return {**config, **totals, "assets": [_asset(call, standing)], "positions": positions}


def account_short(call: Call) -> Answer:
    """The account of v3: only symbols with a position or an order."""
    whole_account = account(call)
    assert isinstance(whole_account, dict)
    standing = _standing(call)
    whole_account["positions"] = [
        _account_position(call, holding)
        for holding in standing.holdings
        if holding.qty or holding.orders_margin
    ]
    return whole_account


def balance(call: Call) -> Answer:
    standing = _standing(call)
    return [
        {
            "accountAlias": "emulator",
            "asset": "USDT",
            "balance": plain(standing.wallet),
            "crossWalletBalance": plain(standing.free),
            "crossUnPnl": plain(ZERO),
            "availableBalance": plain(standing.available),
            "maxWithdrawAmount": plain(standing.available),
            "marginAvailable": True,
            "updateTime": call.account.touched // NS_PER_MS,
        }
    ]


def position_risk(call: Call) -> Answer:
    """The positions of v2: every symbol, flat ones too."""
    return [_risk(call, one) for one in _chosen(call)]


def position_risk_short(call: Call) -> Answer:
    """The positions of v3: only what is held or ordered."""
    return [_risk(call, one) for one in _chosen(call) if one.qty or one.orders_margin]


def income(call: Call) -> Answer:
    start, end = window(call)
    kind, name = call.params.get("incomeType"), call.params.get("symbol")
    symbol = call.exchange.contracts.named(name).symbol if name else None
    found = [
        one
        for one in call.account.incomes
        if start <= one.time <= end and kind in (None, one.kind) and symbol in (None, one.symbol)
    ]
    limit = call.limit(100, 1_000)
    chosen = found[:limit] if call.params.get("startTime") else found[-limit:]
    return [_income(call, one) for one in chosen]


def leverage_bracket(call: Call) -> Answer:
    name = call.params.get("symbol")
    contracts = call.exchange.contracts
    chosen = [contracts.named(name)] if name else contracts.all
    return [brackets_of(contract) for contract in chosen]


def commission_rate(call: Call) -> Answer:
    contract = call.exchange.contracts.named(wanted(call.params, "symbol"))
    config = call.exchange.config
    return {
        "symbol": contract.name,
        "makerCommissionRate": f"{config.maker_fee_bps / 1e4:.6f}",
        "takerCommissionRate": f"{config.taker_fee_bps / 1e4:.6f}",
    }


def force_orders(call: Call) -> Answer:
    """What the venue itself closed: liquidations and ADL."""
    start, end = window(call)
    kinds = {"LIQUIDATION": ("autoclose-",), "ADL": ("adl_autoclose",)}
    wanted_kind = call.params.get("autoCloseType")
    prefixes = kinds.get(wanted_kind or "", ("autoclose-", "adl_autoclose"))
    found = [
        one.listed(call.account.contract(one.symbol))
        for one in call.account.orders.values()
        if one.client_id.startswith(prefixes) and start <= one.created <= end
    ]
    return found[-call.limit(50, 100) :]


def adl_quantile(call: Call) -> Answer:
    """Everybody is in the first queue: nobody is ranked here."""
    return [
        {"symbol": call.account.contract(symbol).name, "adlQuantile": {"BOTH": 0}}
        for symbol in call.account.ledger.positions
    ]


def account_config(call: Call) -> Answer:
    return {
        "feeTier": 0,
        "canTrade": True,
        "canDeposit": True,
        "canWithdraw": False,
        "dualSidePosition": False,
        "updateTime": 0,
        "multiAssetsMargin": False,
        "tradeGroupId": -1,
    }


def symbol_config(call: Call) -> Answer:
    return [
        {
            "symbol": call.account.contract(one.symbol).name,
            "marginType": "ISOLATED",
            "isAutoAddMargin": False,
            "leverage": one.leverage,
            "maxNotionalValue": str(one.notional_max),
        }
        for one in _chosen(call)
    ]


def set_leverage(call: Call) -> Answer:
    contract = call.exchange.contracts.named(wanted(call.params, "symbol"))
    wish = whole(call.params, "leverage", 0)
    if not 1 <= wish <= contract.leverage_max:
        raise Refused(-4028, wish)
    account = call.account
    now = call.exchange.market.now
    before = account.host.account.leverage[contract.symbol]
    if contract.symbol in account.ledger.positions and wish != before:
        raise Refused(-4161)
    actual = account.host.set_leverage(now, contract.symbol, wish)
    account.ledger.leverage[contract.symbol] = actual
    if actual != before:
        account.say("ACCOUNT_CONFIG_UPDATE", leverage_update(contract, actual, now))
    most = max_notional_at(actual, contract.instrument.brackets)
    return {"leverage": actual, "maxNotionalValue": str(most), "symbol": contract.name}


def set_margin_type(call: Call) -> Answer:
    """Every symbol is isolated here, for ever: the matching core knows no other margin."""
    call.exchange.contracts.named(wanted(call.params, "symbol"))
    kind = wanted(call.params, "marginType")
    if kind == "ISOLATED":
        raise Refused(-4046)
    raise Refused(-1130, "marginType", text="Only ISOLATED margin is offered by this emulator.")


def set_position_margin(call: Call) -> Answer:
    contract = call.exchange.contracts.named(wanted(call.params, "symbol"))
    amount, kind = number(call.params, "amount"), whole(call.params, "type", 0)
    if kind not in (1, 2) or amount <= 0:
        raise Refused(-1130, "type" if amount > 0 else "amount")
    signed = amount if kind == 1 else -amount
    account = call.account
    account.host.move_margin(contract.symbol, signed)
    account.ledger.positions[contract.symbol].margin += signed
    now = call.exchange.market.now
    account.tell_account("MARGIN_TRANSFER", iter([contract.symbol]), ZERO, now)
    return {
        "amount": float(amount),
        "code": 200,
        "msg": "Successfully modify position margin.",
        "type": kind,
    }


def position_mode(call: Call) -> Answer:
    return {"dualSidePosition": False}


def set_position_mode(call: Call) -> Answer:
    """One-way, always: hedge mode is refused in so many words."""
    wanted(call.params, "dualSidePosition")
    if not flag(call.params, "dualSidePosition"):
        raise Refused(-4059)
    raise Refused(-4060, text="Hedge mode is not offered by this emulator.")


def assets_mode(call: Call) -> Answer:
    return {"multiAssetsMargin": False}


def open_stream(call: Call) -> Answer:
    return {"listenKey": call.listen_keys.open(call.account.key)}


def keep_stream(call: Call) -> Answer:
    kept = call.listen_keys.keep_alive(call.account.key)
    if kept is None:
        raise Refused(-1125)
    return {"listenKey": kept}


def close_stream(call: Call) -> Answer:
    call.listen_keys.close(call.account.key)
    return {}


def coins(call: Call) -> Answer:
    """The one coin of this venue, as the wallet API of the spot side lists coins."""
    free = plain(_standing(call).available)
    return [
        {
            "coin": "USDT",
            "name": "TetherUS",
            "depositAllEnable": False,
            "withdrawAllEnable": False,
            "free": free,
            "locked": "0",
            "isLegalMoney": False,
            "trading": True,
            "networkList": [],
        }
    ]


def margin_pairs(call: Call) -> Answer:
    """None: spot margin is not traded here."""
    return []


def _standing(call: Call) -> Standing:
    return standing_of(call.account, _marks(call))


def _marks(call: Call) -> dict[str, float]:
    return {name: symbol.mark for name, symbol in call.exchange.market.symbols.items()}


def _chosen(call: Call) -> list[Holding]:
    name = call.params.get("symbol")
    symbol = call.exchange.contracts.named(name).symbol if name else None
    return [one for one in _standing(call).holdings if symbol in (None, one.symbol)]


def _asset(call: Call, standing: Standing) -> Json:
    return {
        "asset": "USDT",
        "walletBalance": plain(standing.wallet),
        "unrealizedProfit": plain(standing.upnl),
        "marginBalance": plain(standing.margin_balance),
        "maintMargin": plain(standing.maintenance),
        "initialMargin": plain(standing.initial + standing.orders_margin),
        "positionInitialMargin": plain(standing.initial),
        "openOrderInitialMargin": plain(standing.orders_margin),
        "crossWalletBalance": plain(standing.free),
        "crossUnPnl": plain(ZERO),
        "availableBalance": plain(standing.available),
        "maxWithdrawAmount": plain(standing.available),
        "marginAvailable": True,
        "updateTime": call.account.touched // NS_PER_MS,
    }


def _account_position(call: Call, one: Holding) -> Json:
    contract = call.account.contract(one.symbol)
    return {
        "symbol": contract.name,
        "positionSide": "BOTH",
        "positionAmt": contract.qty(one.qty),
        "unrealizedProfit": plain(one.upnl),
        "isolatedMargin": plain(one.margin + one.upnl),
        "notional": plain(one.notional),
        "isolatedWallet": plain(one.margin),
        "initialMargin": plain(one.initial + one.orders_margin),
        "maintMargin": plain(one.maintenance),
        "positionInitialMargin": plain(one.initial),
        "openOrderInitialMargin": plain(one.orders_margin),
        "leverage": str(one.leverage),
        "isolated": True,
        "entryPrice": plain(one.entry),
        "breakEvenPrice": plain(one.break_even),
        "maxNotional": str(one.notional_max),
        "bidNotional": "0",
        "askNotional": "0",
        "updateTime": call.account.touched // NS_PER_MS,
    }


def _risk(call: Call, one: Holding) -> Json:
    contract = call.account.contract(one.symbol)
    return {
        "symbol": contract.name,
        "positionSide": "BOTH",
        "positionAmt": contract.qty(one.qty),
        "entryPrice": plain(one.entry),
        "breakEvenPrice": plain(one.break_even),
        "markPrice": plain(one.mark),
        "unRealizedProfit": plain(one.upnl),
        "liquidationPrice": plain(one.liquidation) if one.liquidation else "0",
        "isolatedMargin": plain(one.margin + one.upnl),
        "notional": plain(one.notional),
        "marginAsset": "USDT",
        "isolatedWallet": plain(one.margin),
        "initialMargin": plain(one.initial + one.orders_margin),
        "maintMargin": plain(one.maintenance),
        "positionInitialMargin": plain(one.initial),
        "openOrderInitialMargin": plain(one.orders_margin),
        "adl": 0,
        "bidNotional": "0",
        "askNotional": "0",
        "leverage": str(one.leverage),
        "maxNotionalValue": str(one.notional_max),
        "marginType": "isolated",
        "isAutoAddMargin": "false",
        "updateTime": call.account.touched // NS_PER_MS,
    }


def _income(call: Call, one: Income) -> Json:
    return {
        "symbol": call.account.contract(one.symbol).name if one.symbol else "",
        "incomeType": one.kind,
        "income": plain(Decimal(one.amount)),
        "asset": "USDT",
        "info": one.kind,
        "time": one.time // NS_PER_MS,
        "tranId": one.number,
        "tradeId": str(one.trade_id) if one.trade_id else "",
    }


ROUTES: dict[tuple[str, str], Route] = {
    ("GET", "/fapi/v2/account"): Route(account, _SIGNED, weight=5),
    ("GET", "/fapi/v3/account"): Route(account_short, _SIGNED, weight=5),
    ("GET", "/fapi/v2/balance"): Route(balance, _SIGNED, weight=5),
    ("GET", "/fapi/v3/balance"): Route(balance, _SIGNED, weight=5),
    ("GET", "/fapi/v2/positionRisk"): Route(position_risk, _SIGNED, weight=5),
    ("GET", "/fapi/v3/positionRisk"): Route(position_risk_short, _SIGNED, weight=5),
    ("GET", "/fapi/v1/income"): Route(income, _SIGNED, weight=30),
    ("GET", "/fapi/v1/leverageBracket"): Route(leverage_bracket, _SIGNED),
    ("GET", "/fapi/v1/commissionRate"): Route(commission_rate, _SIGNED, weight=20),
    ("GET", "/fapi/v1/forceOrders"): Route(force_orders, _SIGNED, weight=20),
    ("GET", "/fapi/v1/adlQuantile"): Route(adl_quantile, _SIGNED, weight=5),
    ("GET", "/fapi/v1/accountConfig"): Route(account_config, _SIGNED, weight=5),
    ("GET", "/fapi/v1/symbolConfig"): Route(symbol_config, _SIGNED, weight=5),
    ("POST", "/fapi/v1/leverage"): Route(set_leverage, _SIGNED),
    ("POST", "/fapi/v1/marginType"): Route(set_margin_type, _SIGNED),
    ("POST", "/fapi/v1/positionMargin"): Route(set_position_margin, _SIGNED),
    ("GET", "/fapi/v1/positionSide/dual"): Route(position_mode, _SIGNED, weight=30),
    ("POST", "/fapi/v1/positionSide/dual"): Route(set_position_mode, _SIGNED),
    ("GET", "/fapi/v1/multiAssetsMargin"): Route(assets_mode, _SIGNED, weight=30),
    ("POST", "/fapi/v1/listenKey"): Route(open_stream, Security.KEY),
    ("PUT", "/fapi/v1/listenKey"): Route(keep_stream, Security.KEY),
    ("DELETE", "/fapi/v1/listenKey"): Route(close_stream, Security.KEY),
    ("GET", "/sapi/v1/capital/config/getall"): Route(coins, _SIGNED, weight=10),
    ("GET", "/sapi/v1/margin/allPairs"): Route(margin_pairs, Security.KEY),
    ("GET", "/sapi/v1/margin/isolated/allPairs"): Route(margin_pairs, Security.KEY),
}
