"""Who else sees an event as it is journaled: logs and screens, which may look and not touch."""

from collections.abc import Callable, Iterator

from quantum_os.kernel.envelope import Envelope
from quantum_os.kernel.journal import Journal


class TappedJournal:
    """A journal that shows each envelope to its taps once the inner journal has taken it."""

    def __init__(self, inner: Journal, *taps: Callable[[Envelope], None]) -> None:
        self._inner = inner
        self._taps = taps

    def append(self, envelope: Envelope) -> None:
        self._inner.append(envelope)
        for tap in self._taps:
            tap(envelope)

    @property
    def flushed_seq(self) -> int:
        return self._inner.flushed_seq

    async def barrier(self, seq: int) -> None:
        await self._inner.barrier(seq)

    def read(self, start: int = 1) -> Iterator[Envelope]:
        return self._inner.read(start)

    def trim(self, before: int) -> None:
        self._inner.trim(before)

    def close(self) -> None:
        self._inner.close()
