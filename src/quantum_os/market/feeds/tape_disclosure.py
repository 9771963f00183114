"""Decides what readers of results are told about a tape: what it lacks, what was left out."""

from quantum_os.events.market import RawKind
from quantum_os.market.feeds.tape_facts import Facts, iso
from quantum_os.market.feeds.tape_files import TapeFile, TapeKind
from quantum_os.market.feeds.tape_series import Series


def assumptions(series: tuple[Series, ...], facts: tuple[Facts, ...]) -> tuple[str, ...]:
    """Says what the tape does not hold and the results therefore assume."""
    said = ["no bid, ask or depth on the tape: quotes come from the venue's model"]
    for kind, meaning in (
        (RawKind.FUNDING, "no funding is paid or received"),
        (RawKind.MARK, "the mark is the last price"),
    ):
        having = {(one.venue, one.symbol) for one in facts if one.kind is kind}
        for venue in dict.fromkeys(one.venue for one in series):
            lacking = [
                one.symbol
                for one in series
                if one.venue == venue and (venue, one.symbol) not in having
            ]
            if lacking:
                said.append(f"no {kind} tape for {venue} {', '.join(lacking)}: {meaning}")
    for fact in facts:
        for begin, finish in fact.seams:
            said.append(
                f"no {fact.kind} stamps for {fact.venue} {fact.symbol} "
                f"from {iso(begin)} to {iso(finish)}"
            )
    for one in series:
        if one.missing:
            said.append(
                f"{one.venue} {one.symbol}: {one.missing} bars missing "
                f"between {iso(one.first)} and {iso(one.last)}"
            )
    return tuple(said)


def notices(files: list[TapeFile], series: tuple[Series, ...]) -> tuple[str, ...]:
    """Counts the files that were found and left out, with the reason."""
    traded = {(one.venue, one.symbol) for one in series}
    spot = sum(file.kind is TapeKind.SPOT for file in files)
    other = sum(file.kind is TapeKind.OTHER for file in files)
    facts = sum(
        file.kind in (TapeKind.FUNDING, TapeKind.MARK) and (file.venue, file.symbol) not in traded
        for file in files
    )
    counted = (
        (spot, "spot files left out: a spot price never stands for a perpetual"),
        (other, "files left out: their names are not those of a tape"),
        (facts, "funding and mark files left out: no bars for their symbols"),
    )
    return tuple(f"{count} {reason}" for count, reason in counted if count)
