"""What Bybit says of its market to everybody, over the emulator's market."""

from collections.abc import Iterator
from typing import Any

from quantum_os.emulator.candles import Candle
from quantum_os.emulator.contracts import Contract
from quantum_os.emulator.market import Market, PublicTrade, SymbolMarket
from quantum_os.events.units import NS_PER_MINUTE, NS_PER_MS
from tests.emulator.bybit.rows import ms, word

Row = dict[str, Any]


class Quotes:
    """The public listings; each takes the parameters of its request."""

    def __init__(self, market: Market) -> None:
        self._market = market

    def get_market_instruments_info(self, row: Row) -> Row:
        if row.get("status") == "PreLaunch":
            return _listed([])
        return _listed([_instrument(one) for one in self._market.contracts.all])

    def get_market_risk_limit(self, row: Row) -> Row:
        contract = self._market.contracts.named(row["symbol"])
        tiers = [
            {
                "symbol": contract.name,
                "riskLimitValue": str(each.cap),
                "maintenanceMargin": str(each.mmr),
                "initialMargin": str(1 / each.leverage_max),
                "maxLeverage": f"{each.leverage_max}.00",
                "mmDeduction": str(each.cum),
            }
            for each in contract.instrument.brackets
        ]
        return _listed(tiers)

    def get_market_kline(self, row: Row) -> Row:
        symbol, length = self._market.named(row["symbol"]), int(row["interval"]) * NS_PER_MINUTE
        start, end = int(row["start"]) * NS_PER_MS, int(row["end"]) * NS_PER_MS
        found = symbol.candles.between(length, start, min(end, self._market.now - 1))
        wanted = [_candle(each) for each in found[: int(row["limit"])]]
        return {"symbol": row["symbol"], "category": "linear", "list": wanted[::-1]}

    def get_market_mark_price_kline(self, row: Row) -> Row:
        told = self.get_market_kline(row)
        return told | {"list": [each[:5] for each in told["list"]]}

    def get_market_funding_history(self, row: Row) -> Row:
        symbol = self._market.named(row["symbol"])
        start, end = int(row["startTime"]) * NS_PER_MS, int(row["endTime"]) * NS_PER_MS
        paid = [
            {
                "symbol": row["symbol"],
                "fundingRate": repr(each.rate),
                "fundingRateTimestamp": ms(each.stamp),
            }
            for each in symbol.funding
            if start <= each.stamp <= end
        ]
        return _listed(paid[::-1][: int(row["limit"])])

    def get_market_recent_trade(self, row: Row) -> Row:
        symbol = self._market.named(row["symbol"])
        newest = list(symbol.trades)[-int(row.get("limit", 1)) :]
        return _listed([_recent(symbol.contract, each) for each in newest[::-1]])

    def get_market_orderbook(self, row: Row) -> Row:
        symbol = self._market.named(row["symbol"])
        data = _best(symbol)
        sides = {"b": [[data["bid1Price"], "1"]], "a": [[data["ask1Price"], "1"]]}
        return {"s": row["symbol"], **sides, "ts": int(ms(symbol.time)), "u": 1, "seq": 1}

    def get_market_tickers(self, row: Row) -> Row:
        wanted = row.get("symbol")
        found = [
            ticker(each)["data"]
            for each in self._market.symbols.values()
            if each.quote is not None and wanted in (None, each.contract.name)
        ]
        return _listed(found)


def trade(symbol: SymbolMarket, one: PublicTrade) -> Row:
    """A frame of `publicTrade`."""
    contract = symbol.contract
    data = {"T": one.time // NS_PER_MS, "s": contract.name, "S": word(one.side), "BT": False}
    data |= {"v": contract.qty(one.qty), "p": contract.price(one.price), "i": str(one.number)}
    return _frame(f"publicTrade.{contract.name}", symbol.time, [data])


def ticker(symbol: SymbolMarket) -> Row:
    """A frame of `tickers`, whole each time."""
    contract = symbol.contract
    rate = symbol.funding[-1].rate if symbol.funding else 0.0
    data = _best(symbol) | {
        "symbol": contract.name,
        "lastPrice": contract.price(symbol.price or 0.0),
        "markPrice": repr(symbol.mark),
        "indexPrice": repr(symbol.mark),
        "fundingRate": repr(rate),
        "fundingIntervalHour": str(symbol.funding_hours),
        "nextFundingTime": ms(symbol.next_funding(symbol.time)),
    }
    return _frame(f"tickers.{contract.name}", symbol.time, data)


def bars(symbol: SymbolMarket, minutes: int, now: int) -> Iterator[Row]:
    """Frames of `kline` for the bar that has just closed at `now`."""
    length = minutes * NS_PER_MINUTE
    for each in symbol.candles.between(length, now - length, now - length):
        stamps = {"start": each.open_time // NS_PER_MS, "interval": str(minutes)}
        stamps |= {"end": (each.open_time + length) // NS_PER_MS - 1, "timestamp": now // NS_PER_MS}
        names = ("open", "high", "low", "close", "volume", "turnover")
        data = stamps | dict(zip(names, _candle(each)[1:], strict=True)) | {"confirm": True}
        yield _frame(f"kline.{minutes}.{symbol.contract.name}", now, [data])


def _frame(topic: str, now: int, data: object) -> Row:
    return {"topic": topic, "type": "snapshot", "ts": now // NS_PER_MS, "data": data}


def _best(symbol: SymbolMarket) -> Row:
    assert symbol.quote is not None, "a price was heard"
    contract, quote = symbol.contract, symbol.quote
    bid, ask = contract.price(quote.bid), contract.price(quote.ask)
    return {"bid1Price": bid, "bid1Size": "1", "ask1Price": ask, "ask1Size": "1"}


def _candle(each: Candle) -> list[str]:
    figures = (each.open, each.high, each.low, each.close, each.volume, each.quote)
    return [ms(each.open_time), *(repr(figure) for figure in figures)]


def _recent(contract: Contract, one: PublicTrade) -> Row:
    row = {"execId": str(one.number), "symbol": contract.name, "price": contract.price(one.price)}
    row |= {"size": contract.qty(one.qty), "side": word(one.side), "time": ms(one.time)}
    return row | {"isBlockTrade": False}


def _instrument(contract: Contract) -> Row:
    its = contract.instrument
    lot = {"qtyStep": str(its.step), "minOrderQty": str(its.min_qty)}
    lot |= {"maxOrderQty": str(its.max_qty), "maxMktOrderQty": str(its.market_max_qty)}
    grid = {"tickSize": str(its.tick), "minPrice": str(its.tick), "maxPrice": "1999999"}
    leverage = {"minLeverage": "1", "leverageStep": "0.01"}
    return {
        "symbol": contract.name,
        "contractType": "LinearPerpetual",
        "status": "Trading" if its.status == "TRADING" else its.status,
        "baseCoin": contract.base,
        "quoteCoin": "USDT",
        "settleCoin": "USDT",
        "launchTime": "1585526400000",
        "deliveryTime": "0",
        "priceScale": str(contract.price_digits),
        "fundingInterval": 480,
        "leverageFilter": leverage | {"maxLeverage": f"{contract.leverage_max}.00"},
        "priceFilter": grid,
        "lotSizeFilter": lot | {"minNotionalValue": str(its.min_notional)},
    }


def _listed(found: list[Row]) -> Row:
    return {"category": "linear", "list": found, "nextPageCursor": ""}
