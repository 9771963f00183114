"""What each gate measures and how its refusal is said: a row per gate, and where stages differ."""

from enum import StrEnum

import msgspec

from quantum_os.events.ai import Gate
from quantum_os.learning.explain.amounts import Unit, pair


class Stage(StrEnum):
    """Where in an order's life a gate stands."""

    MIND = "mind"
    PLAN = "exit plan"
    SIZE = "size"
    RISK = "risk"
    EXECUTION = "execution"


class Words(msgspec.Struct, frozen=True):
    """How one gate speaks: what it measures, and its refusal with and without figures.

    `sign` is how the value must stand to the limit.
    """

    measures: str
    refusal: str
    unit: Unit = Unit.NOTHING
    sign: str = "<="
    unmeasured: str = ""


_EQUITY = Unit.FRACTION
_MIND_AND_PLAN = {
    Gate.NO_VOTE: Words("a voter takes a side", "no voter takes a side"),
    Gate.WARMUP: Words("indicators are known", "it is still warming up"),
    Gate.FLAGGED: Words(
        "quality flags on the price",
        "its price is not to be trusted",
        Unit.COUNT,
    ),
    Gate.EDGE: Words(
        "expected profit after costs",
        "it is worth {value} after costs, and {limit} is asked for",
        Unit.R,
        sign=">=",
    ),
    Gate.BREAKEVEN: Words(
        "chance of TP1 before the stop",
        "its chance of TP1 before the stop is {value}, and its costs ask for {limit}",
        Unit.PROBABILITY,
        sign=">=",
    ),
    Gate.CONFIDENCE: Words(
        "confidence (.5 is break-even)",
        "its confidence is {value}, and the mode asks for {limit}",
        Unit.PROBABILITY,
        sign=">=",
    ),
    Gate.STRATEGY_STATUS: Words("the strategy may trade", "its strategy may not trade"),
    Gate.NOT_TRADABLE: Words("may be entered", "the symbol may not be entered"),
    Gate.STOP_TOO_TIGHT_FOR_COST: Words(
        "stop distance against costs",
        "its stop would stand {value} away, and its costs ask for {limit}",
        Unit.FRACTION,
        sign=">=",
    ),
    Gate.VOL_TOO_HIGH: Words(
        "stop distance",
        "its stop would have to stand {value} away, and {limit} is the most",
        Unit.FRACTION,
    ),
    Gate.UNKNOWN_INPUT: Words("everything needed is known", "an input is missing"),
    Gate.NO_EDGE_AFTER_COSTS: Words(
        "worth of the rounded plan",
        "its whole plan is worth {value} after rounding, and {limit} is asked for",
        Unit.R,
        sign=">=",
    ),
}
_SIZE = {
    Gate.SIZE_VANISHED: Words(
        "product of the size factors",
        "its size factors multiply to {value}, and below {limit} a trade is not worth its work",
        Unit.PROBABILITY,
        sign=">=",
    ),
    Gate.MIN_NOTIONAL: Words(
        "worth of the position",
        "it would be worth {value}, and the venue takes no less than {limit}",
        Unit.USD,
        sign=">=",
    ),
}
_FITNESS = {
    Gate.MODE_BLOCKED: Words(
        "size factor of the mode", "the mode enters nothing: its size is {value}", sign=">"
    ),
    Gate.LATCHED: Words("latches closed", "a latch is closed", Unit.COUNT),
    Gate.PAUSED: Words("not paused", "an operator has paused entries"),
    Gate.POLICY_STALE: Words(
        "time past the policy's end",
        "the policy ran out {value} ago",
        Unit.SECONDS,
        unmeasured="no policy is in force",
    ),
    Gate.EQUITY_UNKNOWN: Words(
        "age of the account",
        "the account was last known {value} ago, and {limit} is the most",
        Unit.SECONDS,
        unmeasured="the account is not known",
    ),
    Gate.DATA_STALE: Words(
        "age of the price",
        "its price is {value} old, and {limit} is the most",
        Unit.SECONDS,
        unmeasured="its price is not known",
    ),
    Gate.NOT_RECONCILED: Words("books agree", "our books and the venue's do not agree"),
    Gate.PRICE_VENUE: Words("prices of where we trade", "the prices are not of our venue"),
    Gate.CALENDAR: Words("the calendar allows it", "the calendar bars entries"),
    Gate.ORDER_RATE: Words(
        "orders of the last minute",
        "{value} orders were sent in the last minute, and there must be fewer than {limit}",
        Unit.COUNT,
        sign="<",
    ),
}
_TIMING = {
    Gate.STALE_INTENT: Words(
        "time past the intent's end", "the intent ran out {value} ago", Unit.SECONDS
    ),
    Gate.DUPLICATE_INTENT: Words("asked for once", "the same intent was permitted before"),
    Gate.SAME_SIDE: Words(
        "nothing open on this side", "a position on the same side is open or on its way"
    ),
    Gate.OPPOSITE: Words(
        "nothing open on the other side", "a position on the other side is open or on its way"
    ),
    Gate.MIN_HOLD: Words(
        "age of the opposite position",
        "the opposite position is {value} old, and is held {limit} at least",
        Unit.SECONDS,
        sign=">=",
    ),
    Gate.COOLDOWN: Words(
        "rest since the last trade",
        "the symbol was traded {value} ago, and rests {limit}",
        Unit.SECONDS,
        sign=">=",
    ),
    Gate.CHURN: Words(
        "round trips of 24 h",
        "the symbol made {value} round trips in 24 h, and there must be fewer than {limit}",
        Unit.COUNT,
        sign="<",
    ),
    Gate.MAX_POSITIONS: Words(
        "positions, with this one",
        "it would be position {value}, and {limit} may be open at once",
        Unit.COUNT,
    ),
    Gate.TRADE_COUNT: Words(
        "entries today, with this one",
        "it would be entry {value} of the UTC day, and {limit} are allowed",
        Unit.COUNT,
    ),
}
_CAPACITY = {
    Gate.RISK_PER_TRADE: Words(
        "risk at the stop",
        "it would risk {value} of equity, and {limit} is the most",
        _EQUITY,
    ),
    Gate.SYMBOL_MARGIN: Words(
        "margin of the symbol",
        "the symbol would tie up {value} of equity, and {limit} is the most",
        _EQUITY,
    ),
    Gate.SIDE_MARGIN: Words(
        "margin of its side",
        "its side would tie up {value} of equity, and {limit} is the most",
        _EQUITY,
    ),
    Gate.CLUSTER_MARGIN: Words(
        "margin of the cluster",
        "crypto together would tie up {value} of equity, and {limit} is the most",
        _EQUITY,
    ),
    Gate.GROSS_MARGIN: Words(
        "margin of everything",
        "all positions would tie up {value} of equity, and {limit} is the most",
        _EQUITY,
    ),
    Gate.GROSS_NOTIONAL: Words(
        "worth of everything",
        "all positions would be worth {value} the equity, and {limit} is the most",
        Unit.TIMES,
    ),
    Gate.MARGIN_BAND: Words(
        "margin in use",
        "margin in use would be {value} of equity, and beyond {limit} nothing new is opened",
        _EQUITY,
    ),
    Gate.LEVERAGE: Words(
        "leverage", "it asks for {value} leverage, and {limit} is the most", Unit.TIMES
    ),
    Gate.BRACKET: Words(
        "worth of the position",
        "it would be worth {value} the equity, and the venue's bracket ends at {limit}",
        Unit.TIMES,
    ),
    Gate.LIQUIDATION_DISTANCE: Words(
        "way to the stop, and buffer",
        "its stop would stand {value} away, and half the way to liquidation is {limit}",
        Unit.FRACTION,
    ),
    Gate.HEAT: Words(
        "risk of all open stops",
        "the open stops would risk {value} of equity, and {limit} is the most",
        _EQUITY,
    ),
}
_LOSSES = {
    Gate.DAILY_LOSS: Words(
        "loss of the day",
        "the day has lost {value} of equity, and entries stop at {limit}",
        _EQUITY,
        sign="<",
    ),
    Gate.WEEKLY_LOSS: Words(
        "loss of the week",
        "the week has lost {value} of equity, and entries stop at {limit}",
        _EQUITY,
        sign="<",
    ),
    Gate.DRAWDOWN: Words(
        "loss from the peak",
        "the account stands {value} below its peak, and entries stop at {limit}",
        _EQUITY,
        sign="<",
    ),
    Gate.SYMBOL_LOSS: Words(
        "loss of the symbol today",
        "the symbol has lost {value} of equity today, and entries stop at {limit}",
        _EQUITY,
        sign="<",
    ),
    Gate.STREAK: Words(
        "losses in a row",
        "{value} trades in a row have lost, and entries rest from {limit} on",
        Unit.COUNT,
        sign="<",
    ),
    Gate.EXPECTANCY_BRAKE: Words(
        "best case of the strategy",
        "its strategy has lost its edge: at best it makes {value} a trade",
        Unit.R,
        sign=">=",
        unmeasured="its strategy has lost its edge",
    ),
}
_QUOTES = {
    Gate.SPREAD: Words(
        "spread",
        "the spread is {value}, and {limit} is the most",
        Unit.BPS,
        unmeasured="the spread is unknown",
    ),
    Gate.FUNDING: Words(
        "funding rate of 8 h",
        "the funding rate is {value}, and {limit} is the most",
        Unit.FRACTION,
        unmeasured="the funding rate is unknown",
    ),
    Gate.MARK_INDEX_GAP: Words(
        "gap between mark and index",
        "mark and index are {value} apart, and {limit} is the most",
        Unit.FRACTION,
        unmeasured="mark or index is unknown",
    ),
}

WORDS: dict[Gate, Words] = {
    **_MIND_AND_PLAN,
    **_SIZE,
    **_FITNESS,
    **_TIMING,
    **_CAPACITY,
    **_LOSSES,
    **_QUOTES,
}
"""Every gate; a test holds this table to the vocabulary."""

_CAPS = {
    Gate.GROSS_NOTIONAL: "the worth of everything",
    Gate.SYMBOL_MARGIN: "the symbol's margin",
    Gate.SIDE_MARGIN: "its side's margin",
    Gate.CLUSTER_MARGIN: "the margin of all crypto",
    Gate.GROSS_MARGIN: "the margin of everything",
    Gate.SIZE_VANISHED: "its share of the bar's volume",
}
"""What the caps of `sizing/caps.py` hold down; each tells the room it leaves in USD."""


def _no_room(gate: Gate) -> Words:
    refusal = f"the cap on {_CAPS[gate]} leaves {{value}} for it"
    return Words("room under a cap", refusal, Unit.USD, sign=">")


_AT_STAGE: dict[tuple[Stage, Gate], Words] = {
    (Stage.MIND, Gate.DATA_STALE): Words(
        WORDS[Gate.DATA_STALE].measures,
        WORDS[Gate.DATA_STALE].refusal,
        Unit.MS,
        unmeasured=WORDS[Gate.DATA_STALE].unmeasured,
    ),
    (Stage.PLAN, Gate.NOT_TRADABLE): Words(
        "one tick",
        "one tick is {value} of the price, too coarse for a stop {limit} away",
        Unit.FRACTION,
    ),
    (Stage.PLAN, Gate.LIQUIDATION_DISTANCE): Words(
        "way to liquidation",
        "liquidation would come {value} away, before the stop at {limit}",
        Unit.FRACTION,
        sign=">=",
    ),
    (Stage.SIZE, Gate.EXPECTANCY_BRAKE): Words(
        "risk that the record allows",
        "its strategy's record allows no risk: {value} of equity",
        Unit.FRACTION,
        sign=">",
    ),
    **{(Stage.SIZE, gate): _no_room(gate) for gate in _CAPS if gate is not Gate.SIZE_VANISHED},
}
"""Where a gate measures something else at one stage."""

_CHURN_PAUSE = Words(
    "rest after losses in a row",
    "the symbol has rested {value} since its losses, and rests {limit}",
    Unit.HOURS,
    sign=">=",
)


def words_of(gate: Gate, stage: Stage, *, limit: float | None, note: str = "") -> Words:
    """Gives how a gate speaks at a stage.

    Sizing tells a cap without room by a limit of 0, churn a pause after losses by its note.
    """
    if stage is Stage.SIZE and gate is Gate.SIZE_VANISHED and limit == 0:
        return _no_room(gate)
    if gate is Gate.CHURN and note:
        return _CHURN_PAUSE
    return _AT_STAGE.get((stage, gate), WORDS[gate])


def refusal_said(
    gate: Gate, stage: Stage, *, value: float | None, limit: float | None, note: str = ""
) -> str:
    """Says in words what a gate refused: a sentence without its capital and full stop."""
    words = words_of(gate, stage, limit=limit, note=note)
    said, allowed = pair(value, limit, words.unit)
    template = words.refusal
    if value is None and "{value}" in template:
        template = words.unmeasured or f"{words.measures}: not known"
    text = template.format(value=said, limit=allowed)
    return f"{text} ({note})" if note else text


def figures(
    gate: Gate, stage: Stage, *, value: float | None, limit: float | None, note: str = ""
) -> tuple[str, str]:
    """Gives value and limit of a check as they stand in a table; the limit shows its direction."""
    words = words_of(gate, stage, limit=limit, note=note)
    said, allowed = pair(value, limit, words.unit)
    return said, "-" if limit is None else f"{words.sign} {allowed}"
