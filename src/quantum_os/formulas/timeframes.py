"""How long a bar is, by the name traders give it."""

from quantum_os.events.units import NS_PER_DAY, NS_PER_HOUR, NS_PER_MINUTE

TIMEFRAMES: dict[str, int] = {
    "1m": NS_PER_MINUTE,
    "3m": 3 * NS_PER_MINUTE,
    "5m": 5 * NS_PER_MINUTE,
    "15m": 15 * NS_PER_MINUTE,
    "30m": 30 * NS_PER_MINUTE,
    "1h": NS_PER_HOUR,
    "2h": 2 * NS_PER_HOUR,
    "4h": 4 * NS_PER_HOUR,
    "1d": NS_PER_DAY,
}
"""Name -> length in ns."""


def timeframe_ns(name: str) -> int:
    """Gives the length of a bar in ns; raises ValueError for an unknown name."""
    try:
        return TIMEFRAMES[name]
    except KeyError:
        raise ValueError(f"unknown timeframe {name!r}: one of {', '.join(TIMEFRAMES)}") from None
