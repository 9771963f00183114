"""EDGE. When each callback runs: by a time that no clock measures, in an order that is shuffled.

The production code runs on it unchanged. Nothing is waited for: where nothing is ready, the time of
the next timer has come.
"""

import asyncio
import heapq
from asyncio import events
from collections.abc import Callable, Coroutine, Generator
from contextvars import Context, copy_context
from typing import Any, TypeVar

from quantum_os.kernel.clock import perf_ns
from quantum_os.simulator.draws import Draws

NS_PER_S = 1_000_000_000

T = TypeVar("T")


class Deed:
    """A callback that waits for its turn, and for its time where it has one."""

    __slots__ = ("args", "callback", "context", "due")

    def __init__(
        self,
        callback: Callable[..., object],
        args: tuple[Any, ...],
        context: Context | None,
        due: int = 0,
    ) -> None:
        self.callback: Callable[..., object] | None = callback
        self.args = args
        self.context = context if context is not None else copy_context()
        self.due = due

    def cancel(self) -> None:
        self.callback = None
        self.args = ()

    def cancelled(self) -> bool:
        return self.callback is None

    def when(self) -> float:
        return self.due / NS_PER_S


class NumberedTask(asyncio.Task[T]):
    """A task that a set keeps by its number, not by its address: sets have an order then."""

    def __init__(self, number: int, coro: Any, **given: Any) -> None:
        self.number = number
        super().__init__(coro, **given)

    def __hash__(self) -> int:
        return self.number

    def __eq__(self, other: object) -> bool:
        return self is other


class VirtualLoop(asyncio.AbstractEventLoop):
    """One thread of work. `ns` is the time since it began; `after_turn` runs after each callback,
    and `slowest` is the one that took longest, with the real ns that it took.

    Work for other threads is done by itself, after a time that `thread_s` gives. Where a signature
    is not that of asyncio's, a `Deed` is given for a handle: it has all that the code asks of one.
    """

    def __init__(self, draws: Draws) -> None:
        self.ns = 0
        self.turns = 0
        self.slowest = (0, "")
        self.complaints: list[dict[str, Any]] = []
        self.thread_s: Callable[[], float] = lambda: 0.0
        self.after_turn: Callable[[], None] = _nothing
        self._draws = draws
        self._ready: list[Deed] = []
        self._later: list[tuple[int, int, Deed]] = []
        self._number = 0
        self._tasks = 0
        self._stopping = False
        self._running = False

    def time(self) -> float:
        return self.ns / NS_PER_S

    def monotonic_ns(self) -> int:
        """The same time for whoever measures durations; never 0, which means never."""
        return self.ns + NS_PER_S

    def call_soon(  # type: ignore[override]
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> Any:
        deed = Deed(callback, args, context)
        self._ready.append(deed)
        return deed

    def call_soon_threadsafe(  # type: ignore[override]
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> Any:
        return self.call_soon(callback, *args, context=context)

    def call_later(  # type: ignore[override]
        self,
        delay: float,
        callback: Callable[..., object],
        *args: Any,
        context: Context | None = None,
    ) -> Any:
        self._number += 1
        due = self.ns + round(delay * NS_PER_S)
        deed = Deed(callback, args, context, due)
        heapq.heappush(self._later, (due, self._number, deed))
        return deed

    def call_at(  # type: ignore[override]
        self,
        when: float,
        callback: Callable[..., object],
        *args: Any,
        context: Context | None = None,
    ) -> Any:
        return self.call_at_ns(round(when * NS_PER_S), callback, *args, context=context)

    def call_at_ns(
        self, due: int, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> Deed:
        """Runs a callback at a time of this loop, ns."""
        self._number += 1
        deed = Deed(callback, args, context, due)
        heapq.heappush(self._later, (due, self._number, deed))
        return deed

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=self)

    def create_task(
        self,
        coro: Generator[Any, None, T] | Coroutine[Any, Any, T],
        *,
        name: str | None = None,
        context: Context | None = None,
    ) -> asyncio.Task[T]:
        self._tasks += 1
        return NumberedTask(self._tasks, coro, loop=self, name=name, context=context)

    def run_in_executor(  # type: ignore[override]
        self, executor: object, func: Callable[..., T], *args: Any
    ) -> asyncio.Future[T]:
        future: asyncio.Future[T] = self.create_future()

        def work() -> None:
            if future.cancelled():
                return
            try:
                result = func(*args)
            except Exception as error:  # noqa: BLE001  it is raised where it is waited for
                future.set_exception(error)
            else:
                future.set_result(result)

        self.call_later(self.thread_s(), work)
        return future

    def run_until_complete(self, future: Any) -> Any:
        """Runs until it is done; raises RuntimeError when nothing is left that could do it."""
        main: asyncio.Future[Any] = asyncio.ensure_future(future, loop=self)
        main.add_done_callback(self._main_done)
        self.run_forever()
        if not main.done():
            raise RuntimeError("nothing is left to do, and the main task waits")
        return main.result()

    def run_forever(self) -> None:
        self._stopping, self._running = False, True
        events._set_running_loop(self)
        try:
            while not self._stopping and self._turn():
                pass
        finally:
            events._set_running_loop(None)
            self._running = False

    def stop(self) -> None:
        self._stopping = True

    def is_running(self) -> bool:
        return self._running

    def is_closed(self) -> bool:
        return False

    def close(self) -> None:
        self._ready.clear()
        self._later.clear()

    def get_debug(self) -> bool:
        return False

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Keeps what nobody has looked at: a task that failed, a callback that raised."""
        self.complaints.append(context)

    def _main_done(self, main: asyncio.Future[Any]) -> None:
        self.stop()

    def _turn(self) -> bool:
        """Runs what is ready, shuffled; False when nothing is and nothing will be."""
        later = self._later
        if not self._ready:
            while later and later[0][2].callback is None:
                heapq.heappop(later)
            if not later:
                return False
            self.ns = max(self.ns, later[0][0])
        while later and later[0][0] <= self.ns:
            self._ready.append(heapq.heappop(later)[2])
        ready, self._ready = self._ready, []
        if len(ready) > 1:
            self._draws.shuffle(ready)
        for place, deed in enumerate(ready):
            if deed.callback is not None:
                self._run(deed)
            if self._stopping:
                self._ready = ready[place + 1 :] + self._ready
                break
        return True

    def _run(self, deed: Deed) -> None:
        callback = deed.callback
        assert callback is not None
        self.turns += 1
        began = perf_ns()
        try:
            deed.context.run(callback, *deed.args)
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException as error:  # noqa: BLE001  as every loop: it goes on, and tells
            self.call_exception_handler({"message": f"{callback!r} raised", "exception": error})
        took = perf_ns() - began
        if took > self.slowest[0]:
            self.slowest = (took, f"{_name(deed)} at {self.time():.3f} s")
        self.after_turn()


def _name(deed: Deed) -> str:
    """What a callback belongs to: a task by what it runs, else its own name."""
    owner = getattr(deed.callback, "__self__", None)
    if isinstance(owner, asyncio.Task):
        return str(getattr(owner.get_coro(), "__qualname__", "a task"))
    return str(getattr(deed.callback, "__qualname__", deed.callback.__class__.__name__))


def _nothing() -> None:
    return
