"""What an inspection says of one file: its verdict, the evidence, and the bars to distrust."""

from enum import StrEnum

import msgspec

from quantum_os.events.units import Flag


class Verdict(StrEnum):
    """What follows for whoever wants to trade on a file.

    OK may still hold single bars to distrust: the fund takes no entries on those. NOT_JUDGED files
    hold no bars of a perpetual; some of them witness for or against others.
    """

    OK = "ok"
    SUSPICIOUS = "suspicious"
    NOT_JUDGED = "not judged"


class Evidence(StrEnum):
    """Why a file is not what its name says.

    UNREADABLE: rows that no tape may have. OFF_GRID: prices and volume between the contract's ticks
    and steps. DISAGREES: another file of the same contract says otherwise. SPOT_TWIN: bars equal to
    the spot market's. APART: for days on one side of the mark or of another venue.
    """

    UNREADABLE = "unreadable"
    OFF_GRID = "off_grid"
    DISAGREES = "disagrees"
    SPOT_TWIN = "spot_twin"
    APART = "apart"


class Finding(msgspec.Struct, frozen=True):
    """One piece of evidence: `count` of `of` bars, the first and the last of them (ISO-8601 UTC).

    `against` is the file it was compared with; empty where the file speaks against itself.
    """

    evidence: Evidence
    count: int
    of: int
    first: str
    last: str
    reason: str
    against: str = ""


class Comparison(msgspec.Struct, frozen=True):
    """What a file was held against: how many bars both have, and how many of those differ.

    `differ` is None where bars of different markets are compared: there they always do.
    """

    against: str
    shared: int
    differ: int | None = None


class Episode(msgspec.Struct, frozen=True):
    """A flag as the fund raises it at run time, and why; `at` is the close of the bar."""

    at: str
    flag: Flag
    reason: str


class FileReport(msgspec.Struct, frozen=True):
    """One file inspected. `flagged_bars` are those on which the fund would take no entry.

    `compared` lists the files it was held against; without any, a file that keeps to its contract's
    grid may still be another market's, and `note` says so.
    """

    path: str
    kind: str
    venue: str
    symbol: str
    timeframe: str
    bars: int
    start: str
    end: str
    verdict: Verdict
    findings: tuple[Finding, ...] = ()
    flagged_bars: int = 0
    flags: dict[str, int] = {}
    episodes: tuple[Episode, ...] = ()
    compared: tuple[Comparison, ...] = ()
    note: str = ""
