"""`quantum-os simulate`: the whole fund through seeded hours of faults, held to every invariant."""

import os
from collections.abc import Sequence
from contextlib import closing
from typing import NoReturn

import msgspec
import rich_click as click

from quantum_os.cli.build import build
from quantum_os.cli.console import err, out, print_json, progress_bar, refuse
from quantum_os.cli.exit_codes import ExitCode
from quantum_os.cli.options import json_option
from quantum_os.simulator.campaign import (
    LOADS,
    Player,
    Summary,
    minimised,
    play_all,
    play_one,
    slowest,
    summed,
)
from quantum_os.simulator.faults import Kind
from quantum_os.simulator.play import Outcome

SEEDS = 20
KINDS_IN_A_ROW = 3
SHOWN_MAX = 10
"""Bad seeds that are shown whole; the others are named."""


class Report(Summary, frozen=True):
    """The summary with the build that was simulated and the load."""

    build: str = ""
    load: str = ""
    start: int = 0


@click.command()
@click.option(
    "--seeds",
    type=click.IntRange(1, 1_000_000),
    default=SEEDS,
    show_default=True,
    help="How many seeds are played.",
)
@click.option(
    "--start",
    type=click.IntRange(0, 2**31),
    default=0,
    show_default=True,
    help="The first seed; with --seeds 1 it is played alone.",
)
@click.option(
    "--jobs",
    type=click.IntRange(1, 256),
    help="Processes that play beside each other. [default: one a core]",
)
@click.option(
    "--load",
    type=click.Choice(list(LOADS)),
    default="ci",
    show_default=True,
    help="ci plays one hour of faults a seed, soak four.",
)
@click.option(
    "--minimise",
    is_flag=True,
    help="Turn kinds of faults off one by one until the first bad seed has only those it needs.",
)
@json_option
def simulate(
    seeds: int, start: int, jobs: int | None, load: str, minimise: bool, as_json: bool
) -> None:
    """Play the whole fund in a made-up world that lies, stalls, tears and heals.

    Each seed is an hour of an exchange, a network, a disk and a clock that fail in their own ways,
    of crashes in mid-step and restarts, and then a minute without faults in which all must be well
    again. The code is that which trades; only its edges are replaced. Invariants are checked after
    every step, and the journal is played once more at the end. The same seed is the same hour to
    the last bit.

    Exit code 1 when an invariant was broken or a seed did not heal.
    """
    numbers = range(start, start + seeds)
    outcomes: list[Outcome] = []
    try:
        plays = play_all(numbers, jobs or os.cpu_count() or 1, LOADS[load])
        with closing(plays), progress_bar("simulate", 0, seeds) as moved:
            for outcome in plays:
                outcomes.append(outcome)
                moved(len(outcomes))
    except KeyboardInterrupt:
        refuse("interrupted; nothing was concluded", ExitCode.INTERRUPTED)
    summary = summed(outcomes)
    report = Report(**msgspec.structs.asdict(summary), build=build(), load=load, start=start)
    if as_json:
        print_json(report)
    else:
        _tell(report, outcomes)
    bad = [each for each in sorted(outcomes, key=lambda one: one.seed) if not each.is_good]
    if bad:
        _end(bad, report, minimise=minimise)
    if minimise:
        err.print("no seed is bad: there is nothing to minimise")


def _end(bad: Sequence[Outcome], report: Report, *, minimise: bool) -> NoReturn:
    for outcome in bad[:SHOWN_MAX]:
        _tell_bad(outcome, report.build)
    if len(bad) > SHOWN_MAX:
        rest = ", ".join(str(each.seed) for each in bad[SHOWN_MAX:])
        err.print(f"and seeds {rest}", highlight=False, soft_wrap=True)
    if minimise:
        tell_smallest(bad[0].seed, LOADS[report.load], report.build)
    raise SystemExit(ExitCode.FAILED)


def _tell(report: Report, outcomes: Sequence[Outcome]) -> None:
    total = sum(report.faults.values())
    many = report.seeds > 1
    least = f" ({report.events_least:,} at least in a seed)" if many else ""
    _say(
        f"{report.seeds:,} seed{'s' * many}, {report.sim_hours:,.1f} simulated hours, "
        f"{report.events:,} events{least}, {report.lives:,} lives, {report.orders:,} orders"
    )
    met = f", each of those in {report.pairs_least} of the seeds at least" if many else ""
    _say(
        f"{total:,} faults of {report.kinds} of {len(Kind)} kinds; "
        f"{report.pairs:,} of {report.pairs_possible:,} "
        f"pairs of kinds met in a seed{met}"
    )
    rows = [f"{kind} {count:,}" for kind, count in report.faults.items()]
    for place in range(0, len(rows), KINDS_IN_A_ROW):
        columns = (f"{row:<28}" for row in rows[place : place + KINDS_IN_A_ROW])
        _say("  " + "".join(columns).rstrip())
    for outcome in slowest(outcomes):
        _say(f"slow: {outcome.slowest_ms:.0f} ms in seed {outcome.seed}: {outcome.slowest_step}")
    healed = report.seeds - report.liveness_failures
    colour = "red" if report.bad_seeds else "green"
    _say(
        f"[{colour}]{report.violations} violations[/]; {healed} of {report.seeds} healed within 60 "
        f"simulated seconds; hash {report.hash}, build {report.build}"
    )


def _say(line: str) -> None:
    out.print(line, highlight=False, soft_wrap=True)


def _tell_bad(outcome: Outcome, code: str) -> None:
    again = f"quantum-os simulate --seeds 1 --start {outcome.seed}"
    err.print(f"\nseed {outcome.seed} of build {code}: {again}", style="red", highlight=False)
    for each in outcome.violations:
        text = f"  at {each.at_s:.3f} s invariant {each.number} ({each.name}): {each.text}"
        err.print(text, highlight=False, markup=False, soft_wrap=True)
    for left in outcome.unhealed:
        err.print(
            f"  not healed, invariant {left.number}: {left.text}",
            highlight=False,
            markup=False,
            soft_wrap=True,
        )
    if outcome.violations:
        _tell_events("up to the first violation", outcome.before)
    if outcome.unhealed:
        _tell_events("of the run", outcome.last)


def _tell_events(which: str, lines: Sequence[str]) -> None:
    err.print(f"  the last {len(lines)} events {which}:", highlight=False)
    for line in lines:
        err.print(f"    {line}", highlight=False, markup=False, soft_wrap=True)


def tell_smallest(seed: int, chaos_s: int, code: str, play: Player = play_one) -> None:
    """Says which kinds a bad seed needs, as each is found out, and what to keep of it."""

    def tell(kind: Kind, off: bool) -> None:
        err.print(f"  {kind}: {'not needed' if off else 'needed'}", highlight=False)

    err.print(f"\nseed {seed} is played once for each kind of fault that it saw:", highlight=False)
    outcome, off = minimised(seed, chaos_s, tell, play)
    needed = ", ".join(sorted(kind.value for kind in Kind if kind not in off))
    how = f"with these kinds alone: {needed}" if needed else "without any fault"
    err.print(f"seed {seed} is bad {how}", highlight=False, soft_wrap=True)
    kept = {"seed": seed, "without": sorted(kind.value for kind in off), "found": ""}
    err.print(f"to keep it, as tests/seeds/{seed}.json:", highlight=False)
    err.print(msgspec.json.encode(kept).decode(), highlight=False, markup=False, soft_wrap=True)
    _tell_bad(outcome, code)
