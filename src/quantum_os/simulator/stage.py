"""What every simulated fund is: its settings, its policy, its symbols, and when it begins."""

from typing import Any

from quantum_os.events.market import Instrument
from quantum_os.events.units import NS_PER_DAY, NS_PER_HOUR, NS_PER_MINUTE, Mode
from quantum_os.lineup import Plan
from quantum_os.market.feeds.synthetic import START_NS
from quantum_os.market.instrument_book import packaged_instruments
from quantum_os.settings import load_settings, policy_of

VENUE = "binance"
SYMBOLS = ("BTC/USDT:USDT", "ETH/USDT:USDT", "SOL/USDT:USDT")
PRICES = (60_000.0, 3_000.0, 150.0)
"""What each symbol costs at first, USDT."""

BAR = "1m"
BAR_NS = NS_PER_MINUTE
WARM_BARS = 1_470
"""Bars before the first life: a day, and what an ATR takes, until everything is known."""

OPENS_NS = START_NS + 8 * NS_PER_DAY + 15 * NS_PER_HOUR + 30 * NS_PER_MINUTE
"""When the world begins: half an hour before funding is paid, on no special day."""

DEPOSIT = 100_000.0
BUILD = "simulated"

_REGIMES = ("CALM", "NORMAL", "RANGE", "TREND_UP", "TREND_DOWN", "VOLATILE", "EXTREME", "UNKNOWN")
_HOLD_H = 0.15
"""Positions end soon, so that an hour holds many."""

_NEVER = 1_000_000
"""The voter is not worth its vote, and is not to be set aside for it: somebody has to trade."""

_POLICY: dict[str, Any] = {
    "decision": {"timeframe": BAR, "horizon_h": 0.25},
    "supervision": {"outcomes_min": _NEVER, "constant_answers": _NEVER, "runaway_from": 1.0},
    "sizing": {"risk_base": 0.0004},
    "exits": {"max_hold_h": dict.fromkeys(_REGIMES, _HOLD_H)},
    "execution": {
        "cooldown_s": 5.0,
        "min_hold_s": 60.0,
        "churn_trades_per_day": 100_000,
        "churn_losses": 100_000,
        "symbol_loss_day": 1.0,
    },
    "risk": {
        "streak_pause": 100_000,
        "streak_freeze": 100_000,
        "stop_hits_window_s": 20.0,
        "orders_per_minute": 60,
    },
    "tiers": {"PROOF": {"entries_per_day": 100_000}},
}
"""Many small trades; what guards money, margin and positions stays as it is packaged."""


def instruments() -> tuple[Instrument, ...]:
    """The contracts that are traded."""
    return tuple(each for each in packaged_instruments() if each.symbol in SYMBOLS)


def staged() -> Plan:
    """Gives the plan that all seeds share; the command line would make it of the same settings."""
    document: dict[str, Any] = {
        "run": {"deposit": DEPOSIT, "fast_decisions": True, "symbols": list(SYMBOLS)},
        "policy": _POLICY,
    }
    settings = load_settings(None, document, {"PATH": ""})
    return Plan(
        settings=settings.fund,
        policy=policy_of(settings, Mode.TESTNET),
        instruments=instruments(),
        venues=(VENUE,),
        price_venue=VENUE,
        symbols=SYMBOLS,
        unfunded=(),
        step_ns=0,
        data_hash="simulated",
        mode=Mode.TESTNET,
    )
