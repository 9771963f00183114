"""What goes on when a process dies: exchange, market, disk, time, and the chance of it all."""

from collections.abc import Callable, Collection

import msgspec

from quantum_os.events.units import NS_PER_HOUR, NS_PER_S
from quantum_os.kernel.ids import fingerprint
from quantum_os.kernel.lanes import Lanes
from quantum_os.kernel.reactor import Module
from quantum_os.simulator.disk import Disk
from quantum_os.simulator.draws import Draws
from quantum_os.simulator.eager import Eager
from quantum_os.simulator.exchange import SimulatedExchange, Time
from quantum_os.simulator.faults import Faults, Kind
from quantum_os.simulator.loop import VirtualLoop
from quantum_os.simulator.market_stream import MarketStream
from quantum_os.simulator.mischief import Mischief
from quantum_os.simulator.prelude import prelude
from quantum_os.simulator.prices import Prices
from quantum_os.simulator.stage import BAR_NS, SYMBOLS
from quantum_os.simulator.wire import Wire

SNAPSHOT_MS = (2.0, 60.0)
"""How long a thread takes for a snapshot or a record of the spool."""

Variant = Callable[[tuple[Module, ...]], tuple[Module, ...]]
"""Puts known-bad modules in the place of good ones."""


class World:
    """The world of one seed. `skew_ns` is how far the machine's clock is from the exchange's.

    `lanes` makes those of each life.
    """

    def __init__(
        self,
        seed: int,
        without: Collection[Kind] = (),
        variant: Variant = lambda modules: modules,
    ) -> None:
        self.seed, self.variant = seed, variant
        self.lanes: Callable[[], Lanes] = Lanes
        self.prelude = prelude()
        self.faults = Faults(seed, without)
        # Sockets, signals and processes are left out: nothing in a simulation asks for them.
        self.loop = VirtualLoop(Draws(seed, "turns"))  # type: ignore[abstract]
        threads = Draws(seed, "threads")
        self.loop.thread_s = lambda: threads.skewed(*SNAPSHOT_MS) / 1_000
        self.exchange = SimulatedExchange(seed, Time(self.loop))
        self.wire = Wire(self.loop, self.exchange, self.faults, seed)
        self.market_stream = MarketStream(self.loop, self.exchange, self.faults, seed)
        self.prices = Prices(self.loop, self.exchange, self.faults, seed, self.prelude.last)
        self.disk = Disk(self.faults, self.prelude.snapshot, self.prelude.rows)
        self.skew_ns = round(Draws(seed, "skew").between(-0.2, 0.2) * NS_PER_S)
        self.epoch = -1
        self.voter = Eager(breaks_once_in=_odds(self.faults.rates[Kind.VOTER_BROKEN]))
        self.mischief = Mischief(self.exchange, self.faults)

    def shut(self, status: int, seconds: float) -> bool:
        """Lets the exchange answer nothing but 429 or 418 for a while."""
        self.exchange.door.shut(seconds, status)
        return True

    def fingerprint(self) -> str:
        """Stands for all that happened: what was journaled, what was traded, what went wrong."""
        rows = [(row.seq, row.digest) for row in self.disk.rows]
        account = self.exchange.account
        traded = [(trade.order_id, str(trade.price), str(trade.qty)) for trade in account.trades]
        struck = sorted(self.faults.struck.items())
        return fingerprint(msgspec.json.encode((rows, traded, struck, self.loop.ns)))

    def wall(self) -> int:
        """What the process believes to be the time, ns UTC."""
        return self.exchange.time.now() + self.skew_ns


def _odds(per_hour: float) -> int:
    """One move in how many breaks the voter, so that it breaks so often an hour."""
    moves = NS_PER_HOUR // BAR_NS * len(SYMBOLS)
    return round(moves / per_hour) if per_hour else 0
