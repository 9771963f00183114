"""Many seeds on several cores: what they came to together, and the shortest way to a bad one."""

import gc
import signal
from collections import Counter
from collections.abc import Callable, Collection, Generator, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from itertools import combinations
from multiprocessing import active_children, get_context

import msgspec

from quantum_os.kernel.ids import fingerprint
from quantum_os.kernel.logs import configure
from quantum_os.simulator.faults import Kind
from quantum_os.simulator.play import CHAOS_S, Outcome, Play
from quantum_os.simulator.prelude import prelude

LOADS: dict[str, int] = {"ci": CHAOS_S, "soak": 4 * CHAOS_S}
"""Simulated seconds of faults in each seed."""

SLOWEST = 5

Player = Callable[[int, Collection[Kind], int], Outcome]
"""Plays a seed without some kinds, for so many simulated seconds of faults."""


class Summary(msgspec.Struct, frozen=True):
    """What a campaign came to; `pairs` counts the seeds that saw two kinds together."""

    seeds: int
    sim_hours: float
    events: int
    lives: int
    orders: int
    faults: dict[str, int]
    kinds: int
    pairs: int
    pairs_possible: int
    pairs_least: int
    violations: int
    liveness_failures: int
    bad_seeds: tuple[int, ...]
    events_least: int
    hash: str


def play_one(seed: int, without: Collection[Kind] = (), chaos_s: int = CHAOS_S) -> Outcome:
    """Plays one seed."""
    return Play(seed, without, chaos_s=chaos_s).played()


def play_all(seeds: Sequence[int], jobs: int, chaos_s: int) -> Generator[Outcome, None, None]:
    """Gives outcomes as they come, whatever their order; the workers log nothing.

    Whoever stops asking closes it: seeds that are being played are given up.
    """
    context = get_context("spawn")
    pool = ProcessPoolExecutor(min(jobs, len(seeds)), mp_context=context, initializer=_warm)
    try:
        plays = {pool.submit(play_one, seed, (), chaos_s): seed for seed in seeds}
        for done in as_completed(plays):
            error = done.exception()
            if error is not None:
                error.add_note(f"while seed {plays[done]} was played")
                raise error
            yield done.result()
    except BaseException:
        for worker in active_children():
            worker.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def summed(outcomes: Iterable[Outcome]) -> Summary:
    """Counts everything; the hash follows from those of the seeds, in their order."""
    ordered = sorted(outcomes, key=lambda each: each.seed)
    faults: Counter[str] = Counter()
    pairs: Counter[tuple[Kind, Kind]] = Counter()
    for outcome in ordered:
        faults.update(outcome.faults)
        pairs.update(combinations(sorted(outcome.faults), 2))
    possible = len(Kind) * (len(Kind) - 1) // 2
    return Summary(
        seeds=len(ordered),
        sim_hours=round(sum(each.sim_s for each in ordered) / 3_600, 2),
        events=sum(each.events for each in ordered),
        lives=sum(each.lives for each in ordered),
        orders=sum(each.orders for each in ordered),
        faults=dict(sorted(faults.items())),
        kinds=len(faults),
        pairs=len(pairs),
        pairs_possible=possible,
        pairs_least=min(pairs.values(), default=0),
        violations=sum(len(each.violations) for each in ordered),
        liveness_failures=sum(bool(each.unhealed) for each in ordered),
        bad_seeds=tuple(each.seed for each in ordered if not each.is_good),
        events_least=min((each.events for each in ordered), default=0),
        hash=fingerprint(msgspec.json.encode([each.hash for each in ordered])),
    )


def slowest(outcomes: Iterable[Outcome]) -> list[Outcome]:
    """The seeds with the slowest single steps, the slowest first."""
    return sorted(outcomes, key=lambda each: -each.slowest_ms)[:SLOWEST]


def minimised(
    seed: int,
    chaos_s: int = CHAOS_S,
    tell: Callable[[Kind, bool], None] = lambda kind, off: None,
    play: Player = play_one,
) -> tuple[Outcome, frozenset[Kind]]:
    """Turns kinds off one by one for as long as the seed stays bad in the same way.

    Gives the last bad outcome and the kinds that are off. A good seed is given as it is.
    """
    bad = play(seed, (), chaos_s)
    off = frozenset(kind for kind in Kind if kind not in bad.faults)
    wanted = _complaints(bad)
    if bad.is_good:
        return bad, frozenset()
    for kind in bad.faults:
        tried = play(seed, off | {kind}, chaos_s)
        still = bool(_complaints(tried) & wanted)
        tell(kind, still)
        if still:
            bad, off = tried, off | {kind}
    return bad, off


def _complaints(outcome: Outcome) -> set[str]:
    """What is wrong, without the figures."""
    broken = {f"{each.number} {each.name}" for each in outcome.violations}
    return broken | {f"{each.number} not healed" for each in outcome.unhealed}


def _warm() -> None:
    """Ctrl-C is for the process that waits: it ends its workers.

    What was loaded stays for good, so nobody needs to look through it for garbage.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    configure("CRITICAL")
    prelude()
    gc.freeze()
