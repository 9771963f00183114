"""The money path on one bus, over a venue on the wire: execution, exits and ledger."""

import asyncio
from collections.abc import Callable
from decimal import Decimal
from typing import TypeVar

import msgspec

from quantum_os.events.base import Event
from quantum_os.events.system import ProcessStarted
from quantum_os.events.units import NS_PER_DAY, Mode, Ns, Usd
from quantum_os.execution.orders import Orders
from quantum_os.execution.reconcile import Reconcile
from quantum_os.exits.brain import Brain
from quantum_os.exits.guard import Guard, GuardConfig
from quantum_os.kernel.bus import Bus
from quantum_os.kernel.clock import WallClock
from quantum_os.kernel.drive import Driver
from quantum_os.kernel.envelope import decode_event
from quantum_os.kernel.timers import Timers
from quantum_os.portfolio.ledger import Ledger
from tests.execution.desk import POLICY, policy_updated
from tests.execution.venues.binance.scene import Scene

E = TypeVar("E", bound=Event)


class Fund:
    """Driven by what the edge says and by the clock; `wall` gives the time, ns."""

    def __init__(self, scene: Scene, wall: Callable[[], int] | None = None) -> None:
        self.scene = scene
        self.orders, self.ledger = Orders(), Ledger()
        self.guard = Guard(GuardConfig(POLICY.exits.naked_limit_s, POLICY.exits.stop_min))
        timers = Timers()
        modules = (
            timers,
            self.orders,
            scene.venue,
            Reconcile(),
            Brain(),
            self.guard,
            self.ledger,
        )
        self.said: list[Event] = []
        self._driver = Driver(Bus(modules, scene.journal), timers)
        self._wall = wall or WallClock().now
        self.begin()

    def begin(self) -> None:
        now = Ns(self._wall())
        started = ProcessStarted(
            epoch=1,
            build="b",
            config_hash="c",
            mode=Mode.TESTNET,
            venue="binance",
            namespace="n",
            seed=1,
            deposit=Usd(Decimal(10_000)),
            started_at=now,
        )
        valid = Ns(now + NS_PER_DAY)
        self.hears(started, msgspec.structs.replace(policy_updated(), valid_until=valid))

    def hears(self, *events: Event) -> None:
        for event in events:
            self._driver.offer(self._wall(), event, "test")

    async def live(self) -> None:
        taken = 0
        while True:
            while taken < len(self.scene.said):
                self._driver.offer(self._wall(), self.scene.said[taken], "venue")
                taken += 1
            self._driver.offer(self._wall(), None, "test")
            await asyncio.sleep(0.005)

    def says(self, kind: type[E]) -> list[E]:
        return [
            event
            for envelope in self.scene.journal.read()
            if isinstance(event := decode_event(envelope.stream, envelope.payload), kind)
        ]
