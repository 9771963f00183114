"""Decides how the contracts are listed: filters, statuses, brackets and the venue's limits."""

from quantum_os.emulator.contracts import Contract, Contracts
from quantum_os.emulator.limits import ORDERS_1M_MAX, ORDERS_10S_MAX, WEIGHT_1M_MAX
from quantum_os.emulator.order_form import PRICE_BAND
from quantum_os.emulator.orders import Json

ONBOARDED_MS = 1_569_398_400_000
"""2019-09-25: the day Binance lists for its oldest contract, given to all of them."""

RATE_LIMITS: list[Json] = [
    {
        "rateLimitType": "REQUEST_WEIGHT",
        "interval": "MINUTE",
        "intervalNum": 1,
        "limit": WEIGHT_1M_MAX,
    },
    {"rateLimitType": "ORDERS", "interval": "MINUTE", "intervalNum": 1, "limit": ORDERS_1M_MAX},
    {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": ORDERS_10S_MAX},
]


def exchange_info(contracts: Contracts, now_ms: int) -> Json:
    """The whole of exchangeInfo."""
    return {
        "timezone": "UTC",
        "serverTime": now_ms,
        "futuresType": "U_MARGINED",
        "rateLimits": RATE_LIMITS,
        "exchangeFilters": [],
        "assets": [{"asset": "USDT", "marginAvailable": True, "autoAssetExchange": "-10000"}],
        "symbols": [_symbol(contract) for contract in contracts.all],
    }


def brackets_of(contract: Contract) -> Json:
    """The leverage table of a contract."""
    return {
        "symbol": contract.name,
        "notionalCoef": 1.0,
        "brackets": [
            {
                "bracket": number,
                "initialLeverage": bracket.leverage_max,
                "notionalCap": int(bracket.cap),
                "notionalFloor": int(bracket.floor),
                "maintMarginRatio": float(bracket.mmr),
                "cum": float(bracket.cum),
            }
            for number, bracket in enumerate(contract.instrument.brackets, 1)
        ],
    }


def contract_info(contract: Contract, now_ms: int) -> Json:
    """The contractInfo event: a contract's status and brackets have changed."""
    return {
        "e": "contractInfo",
        "E": now_ms,
        "s": contract.name,
        "ps": contract.name,
        "ct": "PERPETUAL",
        "dt": contract.delivery_ms,
        "ot": ONBOARDED_MS,
        "cs": contract.instrument.status,
        "bks": [
            {
                "bs": number,
                "bnf": int(bracket.floor),
                "bnc": int(bracket.cap),
                "mmr": float(bracket.mmr),
                "cf": float(bracket.cum),
                "mi": 1,
                "ma": bracket.leverage_max,
            }
            for number, bracket in enumerate(contract.instrument.brackets, 1)
        ],
    }


def _symbol(contract: Contract) -> Json:
    instrument = contract.instrument
    return {
        "symbol": contract.name,
        "pair": contract.name,
        "contractType": "PERPETUAL",
        "deliveryDate": contract.delivery_ms,
        "onboardDate": ONBOARDED_MS,
        "status": instrument.status,
        "maintMarginPercent": "2.5000",
        "requiredMarginPercent": "5.0000",
        "baseAsset": contract.base,
        "quoteAsset": "USDT",
        "marginAsset": "USDT",
        "pricePrecision": contract.price_digits,
        "quantityPrecision": contract.qty_digits,
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "underlyingType": "COIN",
        "underlyingSubType": [],
        "triggerProtect": "0.0500",
        "liquidationFee": "0.012500",
        "marketTakeBound": str(PRICE_BAND),
        "maxMoveOrderLimit": 10000,
        "filters": _filters(contract),
        "orderTypes": [
            *("LIMIT", "MARKET", "STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET"),
            "TRAILING_STOP_MARKET",
        ],
        "timeInForce": ["GTC", "IOC", "FOK", "GTX", "GTD"],
        "permissionSets": ["GRID", "COPY"],
    }


def _filters(contract: Contract) -> list[Json]:
    instrument = contract.instrument
    lot = {"stepSize": contract.qty(instrument.step), "minQty": contract.qty(instrument.min_qty)}
    return [
        {
            "filterType": "PRICE_FILTER",
            "minPrice": contract.price(instrument.tick),
            "maxPrice": "10000000",
            "tickSize": contract.price(instrument.tick),
        },
        {"filterType": "LOT_SIZE", **lot, "maxQty": contract.qty(instrument.max_qty)},
        {"filterType": "MARKET_LOT_SIZE", **lot, "maxQty": contract.qty(instrument.market_max_qty)},
        {"filterType": "MAX_NUM_ORDERS", "limit": contract.orders_max},
        {"filterType": "MAX_NUM_ALGO_ORDERS", "limit": contract.algos_max},
        {"filterType": "MIN_NOTIONAL", "notional": str(instrument.min_notional)},
        {
            "filterType": "PERCENT_PRICE",
            "multiplierUp": str(1 + PRICE_BAND),
            "multiplierDown": str(1 - PRICE_BAND),
            "multiplierDecimal": "4",
        },
    ]
