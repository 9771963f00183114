"""Decides what a run shows, in words that follow its figures and say no more than they do."""

from enum import StrEnum

import msgspec

from quantum_os.formulas.deflated_sharpe import SURE
from quantum_os.learning.report.figure import Unit, written, written_interval

NOTHING_USD = 0.005
"""A result nearer to 0 than half a cent is none."""


class Finding(StrEnum):
    """What can be said at most; none of them promises anything of the future."""

    NO_TRADE = "no trade"
    SYNTHETIC = "synthetic"
    TOO_LITTLE = "too little to judge"
    LOSS_SHOWN = "loss shown"
    NO_EDGE = "no edge shown"
    LUCK_MAY_EXPLAIN = "luck may explain it"
    EDGE_SHOWN = "edge shown on this data"


HEADLINES: dict[Finding, str] = {
    Finding.NO_TRADE: "No trade was made: the gates refused every signal. That is a result.",
    Finding.SYNTHETIC: "A made-up market: nothing is shown about any real one.",
    Finding.TOO_LITTLE: "Too little to judge.",
    Finding.LOSS_SHOWN: "These trades lose money, and chance does not explain it.",
    Finding.NO_EDGE: "No edge shown.",
    Finding.LUCK_MAY_EXPLAIN: "A gain that luck may explain.",
    Finding.EDGE_SHOWN: "An edge is shown on this data.",
}


class Weighed(msgspec.Struct, frozen=True):
    """The figures that a verdict rests on. Money in USD, fractions as fractions, None: unknown."""

    net: float
    deposit: float
    days: int
    trades: int
    synthetic: bool = False
    expectancy_r: float | None = None
    interval_r: tuple[float, float] | None = None
    no_interval: str = ""
    deflated: float | None = None
    trials: int = 1
    equal_weight: float | None = None
    bitcoin: float | None = None


class Verdict(msgspec.Struct, frozen=True):
    """The first lines of a report."""

    finding: Finding
    headline: str
    sentences: tuple[str, ...]


def verdict(weighed: Weighed) -> Verdict:
    """Says what was made, what it rests on, and whether it is more than chance and many trials."""
    finding = finding_of(weighed)
    said = [_result(weighed), _expectancy(weighed), _trials(weighed), _benchmark(weighed)]
    return Verdict(finding, HEADLINES[finding], tuple(sentence for sentence in said if sentence))


def finding_of(weighed: Weighed) -> Finding:
    """The strongest claim that the figures bear; what is unknown never makes it stronger."""
    if not weighed.trades:
        return Finding.NO_TRADE
    if weighed.synthetic:
        return Finding.SYNTHETIC
    if weighed.interval_r is None:
        return Finding.TOO_LITTLE
    low, high = weighed.interval_r
    if high < 0:
        return Finding.LOSS_SHOWN
    if not low > 0:
        return Finding.NO_EDGE
    if weighed.net > 0 and weighed.deflated is not None and weighed.deflated >= SURE:
        return Finding.EDGE_SHOWN
    return Finding.LUCK_MAY_EXPLAIN


def _result(weighed: Weighed) -> str:
    """Made, lost, or neither: the word is the sign of the number."""
    span = f"in {weighed.days} {_plural('day', weighed.days)}"
    if abs(weighed.net) < NOTHING_USD:
        return f"The run neither made nor lost anything {span}."
    word = "made" if weighed.net > 0 else "lost"
    share = written(abs(weighed.net) / weighed.deposit, Unit.FRACTION) if weighed.deposit else "all"
    return (
        f"The run {word} {written(abs(weighed.net), Unit.USD)} ({share} of the deposit) {span}, "
        "after fees, slippage and funding."
    )


def _expectancy(weighed: Weighed) -> str:
    if not weighed.trades or weighed.expectancy_r is None:
        return ""
    count = f"{weighed.trades:,} {_plural('trade', weighed.trades)}"
    worth = written(weighed.expectancy_r, Unit.R, signed=True)
    said = f"Its {count} were worth {worth} each on average"
    if weighed.interval_r is None:
        return f"{said}; how sure that is cannot be told: {weighed.no_interval}."
    bounds = written_interval(weighed.interval_r, Unit.R)
    low, high = weighed.interval_r
    if low <= 0 <= high:
        return f"{said}; the 95 % interval, {bounds}, includes 0: chance alone may have made this."
    return f"{said}; the 95 % interval, {bounds}, does not include 0."


def _trials(weighed: Weighed) -> str:
    if not weighed.trades or weighed.synthetic:
        return ""
    if weighed.trials == 1:
        return "It is the only trial in this project folder; what was tried elsewhere is unknown."
    of_many = f"It is one of {weighed.trials} distinct trials in this project folder"
    if weighed.deflated is None:
        return f"{of_many}; how much of it so many trials explain is unknown."
    odds = written(weighed.deflated, Unit.PROBABILITY)
    return f"{of_many}; that it is better than the luck of so many has a probability of {odds}."


def _benchmark(weighed: Weighed) -> str:
    parts = [
        f"{name} returned {written(value, Unit.FRACTION, signed=True)}"
        for name, value in (
            ("buying and holding the same symbols", weighed.equal_weight),
            ("bitcoin alone", weighed.bitcoin),
        )
        if value is not None
    ]
    return f"Over the same time {' and '.join(parts)}." if parts else ""


def _plural(word: str, count: int) -> str:
    return word if count == 1 else word + "s"
