"""What must hold between the fund and the world, as nobody but the world can see it.

The fund's own watch (`risk/invariants`) sees its events. This sees the bytes that left, the disk,
and the exchange's books, and hears what the fund's watch says.
"""

from collections import deque
from collections.abc import Iterable
from itertools import takewhile

import msgspec

from quantum_os.emulator.account import TradingAccount
from quantum_os.emulator.orders import Json
from quantum_os.events.base import stream_of
from quantum_os.events.execution import Leg, OrderRequested, ReconcileState
from quantum_os.events.risk import InvariantKind, InvariantViolated, SafetyCleared, SafetyTripped
from quantum_os.events.system import ModuleStateChanged, SafetyFault
from quantum_os.events.units import NS_PER_S, Side
from quantum_os.formulas.client_ids import parse
from quantum_os.kernel.envelope import Envelope
from quantum_os.risk.latches import Cause
from quantum_os.simulator.eager import VoterBroke
from quantum_os.simulator.exchange import Reply
from quantum_os.simulator.faults import Kind
from quantum_os.simulator.mortality import Tether
from quantum_os.simulator.wire import Sent
from quantum_os.simulator.world import World

LAST, WIDTH = 50, 240
"""Events that are shown of a bad seed, and how much of each."""

NAKED_NS = 3 * NS_PER_S
CALM_NS = 30 * NS_PER_S
"""How long nothing must have gone wrong before a rule of seconds is held to its seconds."""

ORDERS = frozenset({"/fapi/v1/order", "/fapi/v1/algoOrder"})
_REQUESTED = stream_of(OrderRequested)
_MODULE_STATE = stream_of(ModuleStateChanged)


Heard = tuple[float, Envelope]
"""An event, and the simulated second in which it was numbered."""


class Violation(msgspec.Struct, frozen=True):
    """An invariant that did not hold; `number` is that of the catalogue, 0 for none of it."""

    number: int
    name: str
    text: str
    at_s: float


class Truth:
    """Watches one world. `violations` keeps the first of each kind, in the order of their time."""

    def __init__(self, world: World) -> None:
        self.violations: dict[tuple[int, str], Violation] = {}
        self._last: deque[Heard] = deque(maxlen=LAST)
        self._before: tuple[Heard, ...] = ()
        self.events = 0
        self.kinds: dict[str, int] = {}
        self._world = world
        self._requested: dict[str, OrderRequested] = {}
        self._durable = 0
        self._recorded: set[str] = set()
        self._entered: dict[str, str] = {}
        self._seq = world.disk.rows[-1].seq
        self._killed = False
        self._reconciled = False
        self._naked: dict[str, int] = {}
        self._troubles = 0
        self._trouble_at = 0
        self.is_down = True
        self._silent_life: Tether | None = None
        self._silent_until = 0
        world.wire.on_sent = self._sent
        world.wire.on_silenced = self._silenced
        self._say = world.exchange.desks.say
        world.exchange.desks.say = self._said

    def breaks(self, number: int, name: str, text: str) -> None:
        """Notes that an invariant does not hold."""
        if not self.violations:
            self._before = tuple(self._last)
        at_s = self._world.loop.time()
        self.violations.setdefault((number, name), Violation(number, name, text, at_s))

    def before(self) -> tuple[str, ...]:
        """The events up to the first violation as lines; none where nothing was broken."""
        return _lines(self._before)

    def last(self) -> tuple[str, ...]:
        """The newest events as lines, but for how modules begin and end."""
        return _lines(self._last)

    @property
    def is_calm(self) -> bool:
        """Whether nothing has gone wrong for a while, and the process is there."""
        return not self.is_down and self._world.loop.ns - self._trouble_at > CALM_NS

    def life_begins(self) -> None:
        self._reconciled = False
        self._seq = self._world.disk.rows[-1].seq

    def tap(self, envelope: Envelope) -> None:
        """Hears every event as it is numbered."""
        self.events += 1
        if envelope.stream != _MODULE_STATE:
            self._last.append((self._world.loop.time(), envelope))
        reader = _READERS.get(envelope.stream)
        if reader is not None:
            getattr(self, reader)(envelope.event())

    def look(self) -> None:
        """Looks at the world after a turn: positions without cover, troubles, the disk."""
        troubles = self._world.faults.total
        if troubles != self._troubles or self.is_down or self._is_shut_out:
            self._troubles, self._trouble_at = troubles, self._world.loop.ns
        rows = self._world.disk.rows
        if rows and rows[-1].seq != self._durable:
            self._read_disk()

    @property
    def _is_shut_out(self) -> bool:
        """While the exchange wants silence nothing may leave, no stop either: lasting trouble."""
        return self._world.loop.ns < self._silent_until or self._world.exchange.door.left_s > 0

    def look_at_cover(self) -> None:
        """Counts for how long a position has had no stop at the exchange."""
        account, now = self._world.exchange.account, self._world.loop.ns
        for symbol, held in account.ledger.positions.items():
            if self._is_covered(symbol):
                self._naked.pop(symbol, None)
                continue
            since = self._naked.setdefault(symbol, now)
            if now - max(since, self._trouble_at + CALM_NS) > NAKED_NS and self.is_calm:
                self.breaks(1, "covered", f"{symbol} {held.qty} is naked since {since / 1e9:.3f} s")
        for symbol in [each for each in self._naked if each not in account.ledger.positions]:
            del self._naked[symbol]

    @property
    def naked(self) -> list[str]:
        """The symbols that are held without cover now."""
        account = self._world.exchange.account
        return [
            symbol
            for symbol, held in account.ledger.positions.items()
            if held.qty and not self._is_covered(symbol)
        ]

    def _is_covered(self, symbol: str) -> bool:
        account = self._world.exchange.account
        held = account.ledger.positions[symbol].qty
        side = Side.SELL if held > 0 else Side.BUY
        stops = (
            order.qty or abs(held)
            for order in account.open_algos(symbol)
            if order.reduce_only and order.side is side
        )
        return sum(stops, held * 0) >= abs(held)

    def _silenced(self, tether: Tether, answer: Reply) -> None:
        """Until when this life has been asked to be silent."""
        seconds = int(answer.headers.get("Retry-After", "0"))
        until = self._world.loop.ns + seconds * NS_PER_S
        if tether is not self._silent_life or until > self._silent_until:
            self._silent_life, self._silent_until = tether, until

    def _sent(self, sent: Sent) -> None:
        """Judges a request before its first byte leaves."""
        left = self._silent_until - self._world.loop.ns
        if sent.tether is self._silent_life and left > 0:
            self.breaks(27, "silence", f"{sent.path} left {left / 1e9:.1f} s too early")
        if sent.method != "POST" or sent.path not in ORDERS:
            return
        name = sent.params.get("newClientOrderId") or sent.params.get("clientAlgoId") or ""
        self._read_disk()
        ours = parse(name)
        if ours is None:
            self.breaks(4, "own names", f"{name!r} is no id of ours")
            return
        if ours.leg is not Leg.ENTRY:
            return
        order = self._requested.get(name)
        if name not in self._recorded:
            self.breaks(5, "record first", f"{name} left before its record was durable")
        if order is not None and order.expires and self._world.wall() >= order.expires:
            late = (self._world.wall() - order.expires) / 1e9
            self.breaks(16, "fresh intents", f"{name} left {late:.3f} s after its deadline")
        if self._killed:
            self.breaks(12, "kill switch", f"{name} left after the switch was pulled")
        if not self._reconciled:
            self.breaks(17, "reconciled first", f"{name} left before the books were compared")
        if ours.epoch != self._world.epoch:
            self.breaks(29, "newest epoch", f"{name} is of another life than {self._world.epoch}")

    def _said(self, account: TradingAccount, name: str, body: Json) -> None:
        """Hears what the exchange says of the account, at the moment at which it is true."""
        order = body.get("o")
        if isinstance(order, dict):
            if name == "ORDER_TRADE_UPDATE" and order.get("x") == "NEW":
                self._accepted(str(order.get("c")))
            if name == "ALGO_UPDATE" and order.get("X") == "CANCELED":
                self._stop_gone(str(order.get("s")), str(order.get("caid")))
        self._say(account, name, body)

    def _accepted(self, name: str) -> None:
        """Two accepted orders of one intent are two trades where one was meant."""
        ours = parse(name)
        if ours is None or ours.leg is not Leg.ENTRY:
            return
        known = self._entered.get(ours.parent_id)
        if known is not None:
            self.breaks(3, "one lineage", f"{name} was accepted after {known}")
        self._entered[ours.parent_id] = name

    def _stop_gone(self, wire_name: str, client_id: str) -> None:
        """A stop may go where another one covers, or where nothing is left to be covered."""
        account = self._world.exchange.account
        symbol = self._world.exchange.desks.contracts.named(wire_name).symbol
        held = account.ledger.positions.get(symbol)
        if held is None or not held.qty or self._is_covered(symbol):
            return
        if self.is_calm:
            self.breaks(26, "no gap", f"{client_id} was taken back and {symbol} {held.qty} is bare")

    def _read_disk(self) -> None:
        """Reads what has become durable since the last look; numbers follow one another."""
        newest_first = reversed(self._world.disk.rows)
        fresh = list(takewhile(lambda row: row.seq > self._durable, newest_first))
        for row in reversed(fresh):
            if self._durable and row.seq != self._durable + 1:
                text = f"the journal goes from {self._durable} to {row.seq}"
                self.breaks(22, "gap-free", text)
            self._durable = row.seq
            if row.stream == _REQUESTED:
                event = row.event()
                assert isinstance(event, OrderRequested)
                self._recorded.add(event.client_id)

    def _on_requested(self, event: OrderRequested) -> None:
        self._requested[event.client_id] = event

    def _on_tripped(self, event: SafetyTripped) -> None:
        self.kinds[event.cause] = self.kinds.get(event.cause, 0) + 1
        if event.cause == Cause.OPERATOR_KILL:
            self._killed = True

    def _on_cleared(self, event: SafetyCleared) -> None:
        if event.cause == Cause.OPERATOR_KILL:
            self._killed = False

    def _on_reconciled(self, event: ReconcileState) -> None:
        self._reconciled = self._reconciled or event.ok

    def _on_fault(self, event: SafetyFault) -> None:
        if event.error.startswith(VoterBroke.__name__):
            self._world.faults.comes(Kind.VOTER_BROKEN)
        elif event.critical or event.module != "ai.engine":
            self.breaks(0, "broken promise", f"{event.module}: {event.error}\n{event.traceback}")

    def _on_violated(self, event: InvariantViolated) -> None:
        """What the fund's own watch says: its laws always, its seconds where nothing was wrong."""
        if event.kind is InvariantKind.BROKEN or self.is_calm:
            self.breaks(event.number, event.name, f"{event.subject}: {event.values}")


def _lines(events: Iterable[Heard]) -> tuple[str, ...]:
    return tuple(
        f"{at_s:9.3f} {each.seq} {each.source} {each.event()!r}"[:WIDTH] for at_s, each in events
    )


_READERS = {
    stream_of(OrderRequested): "_on_requested",
    stream_of(SafetyTripped): "_on_tripped",
    stream_of(SafetyCleared): "_on_cleared",
    stream_of(ReconcileState): "_on_reconciled",
    stream_of(SafetyFault): "_on_fault",
    stream_of(InvariantViolated): "_on_violated",
}
