"""Decides what the public endpoints answer: the listing, prices, books, candles and funding."""

from collections.abc import Callable, Iterable, Mapping

from quantum_os.emulator.call import Answer, Call, Route
from quantum_os.emulator.candles import Candle, interval_ns
from quantum_os.emulator.contracts import Contract, plain
from quantum_os.emulator.listing import exchange_info
from quantum_os.emulator.market import Funding, PublicTrade, SymbolMarket
from quantum_os.emulator.order_form import wanted, whole
from quantum_os.emulator.orders import Json
from quantum_os.emulator.refusals import Refused
from quantum_os.events.units import NS_PER_DAY, NS_PER_MS, Side
from quantum_os.formulas.rounding import decimal_of

KLINES_MAX = 1_500
DEPTHS = (5, 10, 20, 50, 100, 500, 1_000)


def ping(call: Call) -> Answer:
    return {}


def time(call: Call) -> Answer:
    return {"serverTime": call.clock.server_ms()}


def info(call: Call) -> Answer:
    return exchange_info(call.exchange.contracts, call.clock.server_ms())


def depth(call: Call) -> Answer:
    """The book as of its last change; whoever follows the stream goes on from `lastUpdateId`."""
    symbol = call.exchange.market.named(wanted(call.params, "symbol"))
    limit = whole(call.params, "limit", 500)
    if limit not in DEPTHS:
        raise Refused(-4021, text=f"{limit} is not valid depth limit.")
    symbol.must_have("depthUpdate")
    if not symbol.is_watched:
        symbol.depth.refresh()
    bids, asks = symbol.depth.levels(limit)
    stamp = call.exchange.market.now // NS_PER_MS
    ids = {"lastUpdateId": symbol.depth.last_id, "E": stamp, "T": stamp}
    return {**ids, "bids": bids, "asks": asks}


def trades(call: Call) -> Answer:
    symbol = call.exchange.market.named(wanted(call.params, "symbol"))
    symbol.must_have("trade")
    newest = list(symbol.trades)[-call.limit(500, 1_000) :]
    return [_trade(symbol.contract, trade) for trade in newest]


def agg_trades(call: Call) -> Answer:
    symbol = call.exchange.market.named(wanted(call.params, "symbol"))
    symbol.must_have("aggTrade")
    start = whole(call.params, "startTime", 0) * NS_PER_MS
    end = whole(call.params, "endTime", 0) * NS_PER_MS or call.exchange.market.now
    first = whole(call.params, "fromId", 0)
    found = [t for t in symbol.trades if start <= t.time <= end and t.number >= first]
    limit = call.limit(500, 1_000)
    chosen = found[:limit] if start or first else found[-limit:]
    return [agg_trade(symbol.contract, trade) for trade in chosen]


def klines(call: Call) -> Answer:
    symbol = call.exchange.market.named(wanted(call.params, "symbol"))
    symbol.must_have("candles")
    return _klines(call, symbol, _row)


def mark_klines(call: Call) -> Answer:
    """The mark is the middle of the quote: its candles are those of the trades, without volume."""
    symbol = call.exchange.market.named(wanted(call.params, "symbol"))
    symbol.must_have("mark candles")
    return _klines(call, symbol, _bare_row)


def premium_index(call: Call) -> Answer:
    return _one_or_all(call, _premium, "markPriceUpdate")


def funding_rate(call: Call) -> Answer:
    name = call.params.get("symbol")
    market = call.exchange.market
    chosen = [market.named(name)] if name else list(market.symbols.values())
    start = whole(call.params, "startTime", 0) * NS_PER_MS
    end = whole(call.params, "endTime", 0) * NS_PER_MS or market.now
    rows = [
        (rate, symbol.contract)
        for symbol in chosen
        for rate in symbol.funding
        if start <= rate.stamp <= end
    ]
    rows.sort(key=lambda row: row[0].stamp)
    limit = call.limit(100, 1_000)
    return [_rate(*row) for row in (rows[:limit] if start else rows[-limit:])]


def funding_info(call: Call) -> Answer:
    return [
        {
            "symbol": symbol.contract.name,
            "adjustedFundingRateCap": "0.02000000",
            "adjustedFundingRateFloor": "-0.02000000",
            "fundingIntervalHours": symbol.funding_hours,
            "disclaimer": False,
        }
        for symbol in call.exchange.market.symbols.values()
        if "fundingInfo" not in symbol.lacks
    ]


def ticker_day(call: Call) -> Answer:
    now = call.exchange.market.now
    return _one_or_all(call, lambda symbol: day_of(symbol, now), "24hrTicker")


def ticker_book(call: Call) -> Answer:
    return _one_or_all(call, _book_ticker, "bookTicker")


def ticker_price(call: Call) -> Answer:
    return _one_or_all(call, _price)


def open_interest(call: Call) -> Answer:
    """What the accounts of this venue hold: there is nobody else."""
    symbol = call.exchange.market.named(wanted(call.params, "symbol"))
    symbol.must_have("openInterest")
    held = [
        abs(position.qty)
        for account in call.exchange.accounts.values()
        for name, position in account.ledger.positions.items()
        if name == symbol.contract.symbol
    ]
    total = symbol.contract.qty(sum(held))
    stamp = call.exchange.market.now // NS_PER_MS
    return {"symbol": symbol.contract.name, "openInterest": total, "time": stamp}


def day_of(symbol: SymbolMarket, now: int) -> Json | None:
    """The last 24 hours as the ticker has them; None before the first price."""
    day, contract = symbol.day(now), symbol.contract
    if day is None:
        return None
    change = day.close - day.open
    return {
        "symbol": contract.name,
        "priceChange": contract.price(change),
        "priceChangePercent": f"{change / day.open * 100:.3f}",
        "weightedAvgPrice": contract.price(day.quote / day.volume if day.volume else day.close),
        "lastPrice": contract.price(day.close),
        "lastQty": contract.qty(symbol.trades[-1].qty if symbol.trades else 0.0),
        "openPrice": contract.price(day.open),
        "highPrice": contract.price(day.high),
        "lowPrice": contract.price(day.low),
        "volume": contract.qty(day.volume),
        "quoteVolume": f"{day.quote:.2f}",
        "openTime": (now - NS_PER_DAY) // NS_PER_MS,
        "closeTime": now // NS_PER_MS,
        "firstId": symbol.trades[0].number if symbol.trades else 0,
        "lastId": symbol.trades[-1].number if symbol.trades else 0,
        "count": day.trades,
    }


def agg_trade(contract: Contract, trade: PublicTrade) -> Json:
    """One public trade under the names of aggTrades."""
    return {
        "a": trade.number,
        "p": contract.price(trade.price),
        "q": contract.qty(trade.qty),
        "f": trade.first or trade.number,
        "l": trade.last or trade.number,
        "T": trade.time // NS_PER_MS,
        "m": trade.side is Side.SELL,
    }


def _trade(contract: Contract, trade: PublicTrade) -> Json:
    return {
        "id": trade.number,
        "price": contract.price(trade.price),
        "qty": contract.qty(trade.qty),
        "quoteQty": f"{trade.price * trade.qty:.2f}",
        "time": trade.time // NS_PER_MS,
        "isBuyerMaker": trade.side is Side.SELL,
    }


def _klines(
    call: Call, symbol: SymbolMarket, row: Callable[[Contract, Candle, int], list[object]]
) -> Answer:
    interval = interval_ns(wanted(call.params, "interval"))
    limit = call.limit(500, KLINES_MAX)
    start = whole(call.params, "startTime", 0) * NS_PER_MS
    end = whole(call.params, "endTime", 0) * NS_PER_MS or call.exchange.market.now
    if start:
        last = min(end, start + limit * interval)
        candles = symbol.candles.between(interval, start, last)[:limit]
    else:
        candles = symbol.candles.latest(interval, limit, end)
    return [row(symbol.contract, candle, interval) for candle in candles]


def _row(contract: Contract, candle: Candle, interval: int) -> list[object]:
    return [
        candle.open_time // NS_PER_MS,
        *(contract.price(p) for p in (candle.open, candle.high, candle.low, candle.close)),
        contract.qty(candle.volume),
        (candle.open_time + interval) // NS_PER_MS - 1,
        f"{candle.quote:.8f}",
        candle.trades,
        contract.qty(candle.taker),
        f"{candle.taker_quote:.8f}",
        "0",
    ]


def _bare_row(contract: Contract, candle: Candle, interval: int) -> list[object]:
    row = _row(contract, candle, interval)
    row[5], row[7], row[9], row[10] = "0", "0", "0", "0"
    return row


def _premium(symbol: SymbolMarket) -> Json | None:
    if symbol.reference is not None:
        return _recorded_premium(symbol.reference)
    if symbol.quote is None or symbol.is_recorded:
        return None
    mark = plain(decimal_of(symbol.mark))
    rate = symbol.funding[-1].rate if symbol.funding else 0.0
    return {
        "symbol": symbol.contract.name,
        "markPrice": mark,
        "indexPrice": mark,
        "estimatedSettlePrice": mark,
        "lastFundingRate": f"{rate:.8f}",
        "interestRate": "0.00010000",
        "nextFundingTime": symbol.next_funding(symbol.time) // NS_PER_MS,
        "time": symbol.time // NS_PER_MS,
    }


def _recorded_premium(said: Json) -> Json:
    """What the last mark price message says, under the names of premiumIndex."""
    names = {"symbol": "s", "markPrice": "p", "indexPrice": "i", "estimatedSettlePrice": "P"}
    names |= {"lastFundingRate": "r", "nextFundingTime": "T", "time": "E"}
    return {long: said[short] for long, short in names.items() if short in said}


def _rate(rate: Funding, contract: Contract) -> Json:
    return {
        "symbol": contract.name,
        "fundingTime": rate.stamp // NS_PER_MS,
        "fundingRate": f"{rate.rate:.8f}",
        "markPrice": f"{rate.mark:.8f}",
    }


def _book_ticker(symbol: SymbolMarket) -> Json | None:
    quote, contract = symbol.quote, symbol.contract
    if quote is None:
        return None
    bid_qty, ask_qty = symbol.depth.best_sizes()
    return {
        "symbol": contract.name,
        "bidPrice": contract.price(quote.bid),
        "bidQty": contract.qty(bid_qty),
        "askPrice": contract.price(quote.ask),
        "askQty": contract.qty(ask_qty),
        "time": symbol.time // NS_PER_MS,
        "lastUpdateId": symbol.depth.quote_id or symbol.depth.last_id,
    }


def _price(symbol: SymbolMarket) -> Json | None:
    if symbol.price is None:
        return None
    price = symbol.contract.price(symbol.price)
    return {
        "symbol": symbol.contract.name,
        "price": price,
        "time": symbol.time // NS_PER_MS,
    }


def _one_or_all(call: Call, write: Callable[[SymbolMarket], Json | None], what: str = "") -> Answer:
    """Writes the symbol that is asked for, or all that have it; raises Refused for one without."""
    name = call.params.get("symbol")
    if name:
        symbol = call.exchange.market.named(name)
        symbol.must_have(what)
        return write(symbol) or {}
    having = (one for one in call.exchange.market.symbols.values() if what not in one.lacks)
    rows: Iterable[Json | None] = map(write, having)
    return [row for row in rows if row is not None]


def _depth_weight(params: Mapping[str, str]) -> int:
    limit = whole(params, "limit", 500)
    return next((w for most, w in ((50, 2), (100, 5), (500, 10)) if limit <= most), 20)


def _kline_weight(params: Mapping[str, str]) -> int:
    limit = whole(params, "limit", 500)
    return next((w for most, w in ((99, 1), (499, 2), (1_000, 5)) if limit <= most), 10)


def _per_symbol(one: int, every: int) -> Callable[[Mapping[str, str]], int]:
    return lambda params: one if params.get("symbol") else every


ROUTES: dict[tuple[str, str], Route] = {
    ("GET", "/fapi/v1/ping"): Route(ping),
    ("GET", "/fapi/v1/time"): Route(time),
    ("GET", "/fapi/v1/exchangeInfo"): Route(info),
    ("GET", "/fapi/v1/depth"): Route(depth, weight=_depth_weight),
    ("GET", "/fapi/v1/trades"): Route(trades, weight=5),
    ("GET", "/fapi/v1/aggTrades"): Route(agg_trades, weight=20),
    ("GET", "/fapi/v1/klines"): Route(klines, weight=_kline_weight),
    ("GET", "/fapi/v1/markPriceKlines"): Route(mark_klines, weight=_kline_weight),
    ("GET", "/fapi/v1/premiumIndex"): Route(premium_index, weight=_per_symbol(1, 10)),
    ("GET", "/fapi/v1/fundingRate"): Route(funding_rate),
    ("GET", "/fapi/v1/fundingInfo"): Route(funding_info),
    ("GET", "/fapi/v1/ticker/24hr"): Route(ticker_day, weight=_per_symbol(1, 40)),
    ("GET", "/fapi/v1/ticker/bookTicker"): Route(ticker_book, weight=_per_symbol(2, 5)),
    ("GET", "/fapi/v1/ticker/price"): Route(ticker_price, weight=_per_symbol(1, 2)),
    ("GET", "/fapi/v2/ticker/price"): Route(ticker_price, weight=_per_symbol(1, 2)),
    ("GET", "/fapi/v1/openInterest"): Route(open_interest),
}
