"""What can go wrong in a simulated world, how often in each seed, and what did go wrong."""

from collections import Counter
from collections.abc import Collection, Iterator
from enum import StrEnum
from itertools import combinations

from quantum_os.events.units import NS_PER_HOUR
from quantum_os.simulator.draws import Draws

ON_SHARE = 0.55
"""Probability that a seed knows a kind of fault at all: fewer kinds show more of each."""


class Kind(StrEnum):
    """Every fault; the groups are those of the fault model: requests, streams, market, process."""

    # a request to the exchange
    HANG_BEFORE = "hang_before"
    HANG_AFTER = "hang_after"
    RESET_BEFORE = "reset_before"
    RESET_AFTER = "reset_after"
    NO_CONNECTION = "no_connection"
    HALF_BODY = "half_body"
    EMPTY_BODY = "empty_body"
    HTML_502 = "html_502"
    UNKNOWN_503 = "unknown_503"
    UNAVAILABLE_503 = "unavailable_503"
    CODE_1007 = "code_1007"
    UNMAPPED_CODE = "unmapped_code"
    REFUSED_ENTRY = "refused_entry"
    REFUSED_STOP = "refused_stop"
    NO_MARGIN = "no_margin"
    SLOW_REQUEST = "slow_request"
    SLOW_ANSWER = "slow_answer"
    HIDDEN_ORDER = "hidden_order"
    LIMITED_429 = "limited_429"
    BANNED_418 = "banned_418"
    # a frame of the user stream
    LOST_FRAME = "lost_frame"
    REPEATED_FRAME = "repeated_frame"
    LATE_FRAME = "late_frame"
    POISON_FRAME = "poison_frame"
    STREAM_CUT = "stream_cut"
    STREAM_DEAF = "stream_deaf"
    LISTEN_KEY_ENDED = "listen_key_ended"
    # the market and what it is heard by
    FLASH_MOVE = "flash_move"
    FEED_STALL = "feed_stall"
    LOST_TICK = "lost_tick"
    REPEATED_TICK = "repeated_tick"
    CROSSED_QUOTE = "crossed_quote"
    STRAY_TICK = "stray_tick"
    LATE_BAR = "late_bar"
    MISSING_BAR = "missing_bar"
    FEED_CUT = "feed_cut"
    FEED_REFUSED = "feed_refused"
    FEED_DEAF = "feed_deaf"
    FEED_POISON = "feed_poison"
    # what the exchange does by itself, or somebody else with our key
    CHILD_REJECTED = "child_rejected"
    DELEVERAGED = "deleveraged"
    LIQUIDATED = "liquidated"
    FOREIGN_TRADE = "foreign_trade"
    FOREIGN_LEVERAGE = "foreign_leverage"
    FUNDING = "funding"
    FILTERS_CHANGED = "filters_changed"
    # the disk
    SLOW_WRITE = "slow_write"
    FAILED_WRITE = "failed_write"
    FAILED_FSYNC = "failed_fsync"
    TORN_SNAPSHOT = "torn_snapshot"
    FAILED_SNAPSHOT = "failed_snapshot"
    FAILED_SPOOL = "failed_spool"
    # the process and its machine
    CRASH = "crash"
    CRASH_IN_STEP = "crash_in_step"
    CRASH_IN_RECOVERY = "crash_in_recovery"
    STOPPED = "stopped"
    LOOP_STALL = "loop_stall"
    CLOCK_STEP = "clock_step"
    VOTER_BROKEN = "voter_broken"
    # the people
    PAUSE = "pause"
    FLATTEN = "flatten"
    KILL = "kill"


PER_CHANCE: dict[Kind, tuple[float, float]] = {
    Kind.HANG_BEFORE: (0.002, 0.05),
    Kind.HANG_AFTER: (0.002, 0.05),
    Kind.RESET_BEFORE: (0.002, 0.05),
    Kind.RESET_AFTER: (0.002, 0.05),
    Kind.NO_CONNECTION: (0.002, 0.08),
    Kind.HALF_BODY: (0.002, 0.05),
    Kind.EMPTY_BODY: (0.002, 0.03),
    Kind.HTML_502: (0.002, 0.05),
    Kind.UNKNOWN_503: (0.002, 0.05),
    Kind.UNAVAILABLE_503: (0.002, 0.05),
    Kind.CODE_1007: (0.002, 0.05),
    Kind.UNMAPPED_CODE: (0.0005, 0.004),
    Kind.REFUSED_ENTRY: (0.01, 0.15),
    Kind.REFUSED_STOP: (0.01, 0.15),
    Kind.NO_MARGIN: (0.01, 0.1),
    Kind.SLOW_REQUEST: (0.005, 0.1),
    Kind.SLOW_ANSWER: (0.005, 0.1),
    Kind.HIDDEN_ORDER: (0.02, 0.4),
    Kind.LOST_FRAME: (0.005, 0.1),
    Kind.REPEATED_FRAME: (0.01, 0.3),
    Kind.LATE_FRAME: (0.01, 0.3),
    Kind.POISON_FRAME: (0.002, 0.03),
    Kind.LOST_TICK: (0.01, 0.2),
    Kind.REPEATED_TICK: (0.01, 0.2),
    Kind.CROSSED_QUOTE: (0.005, 0.05),
    Kind.STRAY_TICK: (0.0005, 0.004),
    Kind.LATE_BAR: (0.02, 0.2),
    Kind.MISSING_BAR: (0.01, 0.05),
    Kind.FEED_REFUSED: (0.05, 0.5),
    Kind.FEED_POISON: (0.0002, 0.002),
    Kind.CHILD_REJECTED: (0.05, 0.5),
    Kind.SLOW_WRITE: (0.001, 0.02),
    Kind.FAILED_WRITE: (0.001, 0.02),
    Kind.TORN_SNAPSHOT: (0.05, 0.5),
    Kind.FAILED_SNAPSHOT: (0.05, 0.3),
    Kind.FAILED_SPOOL: (0.05, 0.5),
    Kind.CRASH_IN_RECOVERY: (0.05, 0.5),
}
"""The least and the largest probability with which a kind strikes each time that it could."""

PER_HOUR: dict[Kind, tuple[float, float]] = {
    Kind.LIMITED_429: (0.5, 3.0),
    Kind.BANNED_418: (0.5, 2.0),
    Kind.STREAM_CUT: (1.0, 20.0),
    Kind.STREAM_DEAF: (1.0, 6.0),
    Kind.LISTEN_KEY_ENDED: (0.5, 3.0),
    Kind.FLASH_MOVE: (0.5, 4.0),
    Kind.FEED_STALL: (0.5, 4.0),
    Kind.FEED_CUT: (0.5, 6.0),
    Kind.FEED_DEAF: (0.5, 4.0),
    Kind.DELEVERAGED: (0.5, 4.0),
    Kind.LIQUIDATED: (0.5, 2.0),
    Kind.FOREIGN_TRADE: (0.5, 4.0),
    Kind.FOREIGN_LEVERAGE: (1.0, 12.0),
    Kind.FUNDING: (1.0, 6.0),
    Kind.FILTERS_CHANGED: (0.5, 3.0),
    Kind.FAILED_FSYNC: (0.5, 2.0),
    Kind.CRASH: (0.5, 6.0),
    Kind.CRASH_IN_STEP: (0.5, 6.0),
    Kind.STOPPED: (0.5, 2.0),
    Kind.LOOP_STALL: (1.0, 10.0),
    Kind.CLOCK_STEP: (0.5, 3.0),
    Kind.VOTER_BROKEN: (0.3, 1.0),
    Kind.PAUSE: (0.3, 1.5),
    Kind.FLATTEN: (0.3, 1.0),
    Kind.KILL: (0.3, 1.0),
}
"""How often a kind comes by itself, at least and at most."""


class Faults:
    """The faults of one seed. A kind that is left out disturbs the chance of no other.

    `healed` ends them all. `struck` counts what did happen, `total` all of it.
    """

    def __init__(self, seed: int, without: Collection[Kind] = ()) -> None:
        self.struck: Counter[Kind] = Counter()
        self.total = 0
        self.healed = False
        self.rates: dict[Kind, float] = {}
        self._draws: dict[Kind, Draws] = {}
        for kind in Kind:
            draws = self._draws[kind] = Draws(seed, "fault", kind.value)
            is_on = draws.hits(ON_SHARE)
            rate = draws.skewed(*(PER_CHANCE.get(kind) or PER_HOUR[kind]))
            self.rates[kind] = rate if is_on and kind not in without else 0.0

    def strikes(self, kind: Kind) -> bool:
        """Whether a fault that could strike now does; one that does is counted."""
        rate = self.rates[kind]
        if self.healed or not rate or not self._draws[kind].hits(rate):
            return False
        self._count(kind)
        return True

    def comes(self, kind: Kind) -> bool:
        """Counts a fault that was due by itself, and has found something to strike."""
        if self.healed:
            return False
        self._count(kind)
        return True

    def _count(self, kind: Kind) -> None:
        self.struck[kind] += 1
        self.total += 1

    def draws(self, kind: Kind) -> Draws:
        """The chance of what a fault of this kind does."""
        return self._draws[kind]

    def due(self, length_ns: int) -> Iterator[tuple[int, Kind]]:
        """When faults come by themselves in a time of this length, ns from its beginning."""
        for kind in PER_HOUR:
            if not self.rates[kind]:
                continue
            draws, at = self._draws[kind], 0
            mean_ns = NS_PER_HOUR / self.rates[kind]
            while (at := at + draws.wait(mean_ns)) < length_ns:
                yield at, kind

    def pairs(self) -> Counter[tuple[Kind, Kind]]:
        """Which kinds this seed has seen together."""
        return Counter(combinations(sorted(self.struck), 2))
