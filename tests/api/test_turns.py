"""A crowd gets a little of one turn of the loop, then nothing for a multiple of what it took."""

import asyncio
from itertools import pairwise

from quantum_os.api.turns import REST_MAX_NS, Turns
from quantum_os.kernel.clock import perf_ns

WORK_NS = 2_000_000
CROWD = 5


def work() -> None:
    until = perf_ns() + WORK_NS
    while perf_ns() < until:
        pass


async def test_who_asks_alone_does_not_wait() -> None:
    alone = asyncio.create_task(Turns().turn())
    await asyncio.sleep(0)
    assert alone.done()


async def test_between_two_of_a_crowd_the_others_have_a_multiple_of_their_time() -> None:
    turns, began = Turns(rest=3.0, free=0.0), []

    async def one(number: int) -> None:
        await turns.turn()
        began.append((perf_ns(), number))
        work()

    await asyncio.gather(*(one(number) for number in range(CROWD)))
    assert [number for _, number in began] == list(range(CROWD)), "in the order of asking"
    gaps = [later - earlier for (earlier, _), (later, _) in pairwise(began)]
    assert min(gaps) >= 3 * WORK_NS


async def test_who_has_gone_costs_nobody_a_turn() -> None:
    turns, begun = Turns(free=0.0), []

    async def one(number: int) -> None:
        await turns.turn()
        begun.append(number)

    tasks = [asyncio.create_task(one(number)) for number in range(4)]
    await asyncio.sleep(0)
    tasks[1].cancel()
    tasks[2].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert begun == [0, 3]
    await one(4)
    assert begun == [0, 3, 4]


async def test_a_page_that_is_opened_is_no_crowd() -> None:
    """Its requests begin in turns too, but nothing rests between them; after them it does."""
    turns, turn = Turns(rest=50.0, free=4.0), 0
    began: list[tuple[int, int]] = []

    async def one() -> None:
        await turns.turn()
        began.append((turn, perf_ns()))
        work()

    crowd = asyncio.gather(*(one() for _ in range(6)))
    while not crowd.done():
        turn += 1
        await asyncio.sleep(0)
    free = [later - earlier for (earlier, _), (later, _) in pairwise(began[:4])]
    assert max(free) <= 5
    assert began[-1][1] - began[-2][1] >= REST_MAX_NS
