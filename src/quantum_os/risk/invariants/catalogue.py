"""What the 36 invariants are called and say, whose doing a broken one is, and who checks it."""

from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from quantum_os.events.risk import InvariantKind

BROKEN, HALT = InvariantKind.BROKEN, InvariantKind.HALT


class Invariant(msgspec.Struct, frozen=True):
    """One of the 36. `family` is the file beside this one that checks it over events.

    Without a family no event shows it: it is checked where docs/certification.md says.
    """

    number: int
    name: str
    kind: InvariantKind
    sentence: str
    family: str = ""


_ALL = (
    Invariant(
        1,
        "covered",
        HALT,
        "an open position has a confirmed stop of its size within 3 s, or is being closed",
        "protection",
    ),
    Invariant(
        2,
        "stop sane",
        HALT,
        "a stop is on the losing side, loses no more than allowed, and is hit before liquidation",
        "protection",
    ),
    Invariant(
        3,
        "one lineage",
        BROKEN,
        "an intent becomes one accepted order at most, filled to what was permitted at most",
        "orders",
    ),
    Invariant(
        4,
        "own names",
        BROKEN,
        "a client id follows from epoch, intent, leg and try; no two orders share one",
        "orders",
    ),
    Invariant(
        5,
        "record first",
        BROKEN,
        "an order is on record before its first byte is sent",
        "orders",
    ),
    Invariant(
        6,
        "positions agree",
        HALT,
        "a position is the sum of its fills, and the venue lists the same within 30 s",
        "books",
    ),
    Invariant(
        7,
        "cash agrees",
        HALT,
        "deposits, results, fees and funding are the wallet to the cent; with marks, the equity",
        "books",
    ),
    Invariant(
        8,
        "terminal is terminal",
        BROKEN,
        "an order that has ended gets no more instructions, and its result tells its fills",
        "orders",
    ),
    Invariant(
        9,
        "booked once",
        BROKEN,
        "each trade of the venue is booked exactly once, each closed position told once",
        "books",
    ),
    Invariant(
        10,
        "exposure",
        BROKEN,
        "what is held and may still fill stays within every limit when more is permitted",
        "exposure",
    ),
    Invariant(
        11,
        "leverage",
        BROKEN,
        "leverage stays within the bracket and margin within equity after the worst-case fill",
        "exposure",
    ),
    Invariant(
        12,
        "kill switch",
        BROKEN,
        "no entry is ordered and none leaves after a latch has closed",
        "kill_switch",
    ),
    Invariant(
        13,
        "kill switch lasts",
        BROKEN,
        "a latch that was closed before a restart is closed after it",
        "kill_switch",
    ),
    Invariant(
        14,
        "exits go through",
        BROKEN,
        "an exit that was asked for becomes an order, whatever is latched, stale or unknown",
        "exits",
    ),
    Invariant(
        15,
        "exits only reduce",
        BROKEN,
        "an order that only reduces never enlarges or turns a position",
        "exits",
    ),
    Invariant(
        16,
        "no stale intent",
        BROKEN,
        "no entry is ordered past its intent's end, nor sent past its deadline",
        "freshness",
    ),
    Invariant(
        17,
        "no blind entry",
        BROKEN,
        "nothing is permitted on old or doubtful data, or before the books were compared",
        "freshness",
    ),
    Invariant(
        18,
        "replayable",
        BROKEN,
        "what was acknowledged is in the journal, and replaying it gives the live state",
    ),
    Invariant(
        19,
        "deterministic",
        BROKEN,
        "the same inputs give the same decisions, byte for byte",
    ),
    Invariant(
        20,
        "nothing dropped",
        BROKEN,
        "offered = numbered + conflated, numbered = delivered + dead-lettered",
    ),
    Invariant(
        21,
        "bounded queues",
        BROKEN,
        "queues stay within their bounds, and orders are never conflated",
    ),
    Invariant(
        22,
        "no gap",
        BROKEN,
        "sequence numbers follow each other without a gap, and time never runs back",
        "numbering",
    ),
    Invariant(
        23,
        "unknown resolves",
        HALT,
        "an order that is unknown is known again within 60 s of a venue that answers",
        "venue",
    ),
    Invariant(
        24,
        "no orphans",
        HALT,
        "no order of ours rests at the venue for more than 10 s without a record that owns it",
        "venue",
    ),
    Invariant(
        25,
        "entries withdrawn",
        HALT,
        "10 s after a latch has closed no entry of ours rests at the venue",
        "venue",
    ),
    Invariant(
        26,
        "no gap between stops",
        BROKEN,
        "a stop is taken back only when another covers the position, or it is being closed",
        "protection",
    ),
    Invariant(
        27,
        "retry budget",
        BROKEN,
        "tries and instructions stay within their budgets",
        "budgets",
    ),
    Invariant(
        28,
        "exit budget",
        BROKEN,
        "entries leave the part of the budget alone that is reserved for exits",
        "budgets",
    ),
    Invariant(
        29,
        "one sender",
        BROKEN,
        "only the newest life sends, under its own epoch",
        "identity",
    ),
    Invariant(
        30,
        "one account",
        BROKEN,
        "mode, venue and account never change within a journal",
        "identity",
    ),
    Invariant(
        31,
        "possible numbers",
        BROKEN,
        "prices and quantities of orders are positive, on the grid and near the market",
        "numbers",
    ),
    Invariant(
        32,
        "loss stops last",
        BROKEN,
        "a stop for losses ends by its own terms or by an operator who was written down",
        "audit",
    ),
    Invariant(
        33,
        "audited",
        BROKEN,
        "each act of a person is written down first, in a chain that is whole",
        "audit",
    ),
    Invariant(
        34,
        "no secrets",
        BROKEN,
        "no secret stands in logs, metrics, errors, journal or core dumps",
    ),
    Invariant(
        35,
        "health tells",
        BROKEN,
        "what is dead shows in health within 5 s, and health is never ok while this list is not",
    ),
    Invariant(
        36,
        "it recovers",
        HALT,
        "60 s after the last fault the fund trades as before",
    ),
)

INVARIANTS: Mapping[int, Invariant] = MappingProxyType({each.number: each for each in _ALL})
"""All 36 by number (reliability.md 2)."""
