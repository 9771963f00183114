"""On the virtual loop time costs nothing, and the same seed runs everything in the same order."""

import asyncio

from quantum_os.kernel.clock import measure_by, monotonic_ns
from quantum_os.simulator.draws import Draws
from quantum_os.simulator.loop import VirtualLoop


def loop_of(seed: int) -> VirtualLoop:
    return VirtualLoop(Draws(seed, "turns"))  # type: ignore[abstract]


def order_of(seed: int) -> list[int]:
    """In which order ten tasks that are ready at once run."""
    loop, ran = loop_of(seed), []

    async def runs(number: int) -> None:
        await asyncio.sleep(1.0)
        ran.append(number)

    async def main() -> None:
        await asyncio.gather(*(runs(number) for number in range(10)))

    loop.run_until_complete(main())
    return ran


def test_what_is_ready_together_runs_in_an_order_of_the_seed() -> None:
    assert order_of(1) == order_of(1)
    assert order_of(1) != order_of(2)
    assert sorted(order_of(2)) == list(range(10))


def test_a_day_passes_at_once() -> None:
    loop = loop_of(1)

    async def main() -> int:
        measure_by(loop.monotonic_ns)
        began = monotonic_ns()
        await asyncio.sleep(86_400)
        return monotonic_ns() - began

    assert loop.run_until_complete(main()) == 86_400 * 10**9


def test_a_timeout_comes_when_it_is_due() -> None:
    loop = loop_of(1)

    async def main() -> float:
        try:
            async with asyncio.timeout(5.0):
                await asyncio.sleep(60.0)
        except TimeoutError:
            pass
        return loop.time()

    assert loop.run_until_complete(main()) == 5.0


def test_work_for_a_thread_is_done_by_itself() -> None:
    loop = loop_of(1)
    assert loop.run_until_complete(asyncio.to_thread(sum, [1, 2, 3])) == 6


def test_what_fails_unseen_is_kept() -> None:
    loop = loop_of(1)

    def fails() -> None:
        raise ValueError("nobody looks")

    async def main() -> None:
        loop.call_soon(fails)
        await asyncio.sleep(1.0)

    loop.run_until_complete(main())
    assert [str(each["exception"]) for each in loop.complaints] == ["nobody looks"]
