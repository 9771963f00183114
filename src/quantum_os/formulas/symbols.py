"""Decides which spelling of a linear perpetual means which ccxt unified symbol."""

import re

_JOINED = re.compile(r"(?P<base>[A-Z0-9]{1,20})-?(?P<quote>USDT|USDC)")
_UNIFIED = re.compile(r"(?P<base>[A-Z0-9]{1,20})/(?P<quote>USDT|USDC):(?P=quote)")

_BASE = re.compile(r"(?!.*USD[TC]$)[A-Z0-9]{1,20}")


def unified(name: str) -> str:
    """Gives `BTC/USDT:USDT` for `BTCUSDT`, `BTC-USDT` or itself.

    Raises ValueError for anything else: `BTC/USDT` is the spot pair in ccxt's language, and lower
    case or non-ASCII names belong to no listed perpetual.
    """
    match = _UNIFIED.fullmatch(name) or _JOINED.fullmatch(name)
    if match is None:
        raise ValueError(
            f"{name!r} is not a linear perpetual; write BTCUSDT, BTC-USDT or BTC/USDT:USDT"
        )
    return f"{match['base']}/{match['quote']}:{match['quote']}"


def perpetual(name: str) -> str:
    """Gives the symbol that a person means: `BTC` is `BTC/USDT:USDT`, and `btcusdt` is fine.

    People only: a file or a venue that spells a symbol so is not understood. Raises ValueError.
    """
    said = name.upper()
    return unified(f"{said}USDT" if _BASE.fullmatch(said) else said)


def joined(symbol: str) -> str:
    """Gives `BTCUSDT` for `BTC/USDT:USDT`: how venues and the replaced system spell it."""
    return symbol.partition(":")[0].replace("/", "")
