"""Where real prices come from, and when they are no longer believed."""

import msgspec

from quantum_os.market.feeds.live.bar_gathering import CLOSE_WAIT_S
from quantum_os.market.feeds.live.freshness import STALE_S


class FeedSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The live feed of paper, testnet and live; it decides nothing that is traded."""

    venues: tuple[str, ...] = ("binance", "bybit")
    """the exchanges that are heard; the first one's prices are traded unless `run.price_venue`
    names another"""
    timeframe: str = "5m"
    """the bars that are heard, and built into decision bars"""
    hot_ms: int = 250
    """ms: how often at most a symbol with a position or an order is told of"""
    cold_ms: int = 5_000
    """ms: how often at most any other symbol is told of"""
    stale_s: float = STALE_S
    """seconds of silence after which a topic is suspected; by 15 it is found out"""
    close_wait_s: float = CLOSE_WAIT_S
    """seconds after a bar's end in which the last bars and venues are waited for"""
    emulator: str = ""
    """`HOST:PORT` of an emulator to hear instead of the exchanges themselves"""
    emulator_ca: str = ""
    """the emulator's certificate authority, a PEM file"""
    follow_emulator: bool = False
    """whether the fund's time is what the emulator last said, at whatever pace its market goes;
    testnet at an emulator only"""
