"""Whether every intent ends exactly once, and none is lost on the way (law 8)."""

import msgspec

from quantum_os.events.execution import ExecutionResult, ResultStatus
from quantum_os.events.risk import RiskPermit, RiskRefusal
from quantum_os.events.sizing import IntentReceived, TradeIntent
from quantum_os.events.units import Ns
from quantum_os.execution.intake import DELIVERIES_REMEMBERED
from quantum_os.execution.trades import remember
from quantum_os.kernel.reactor import Reactor

INTENTS_OPEN_MAX = 10_000
"""Intents in flight at once; more is a consumer that has died."""


class ConservationState(msgspec.Struct):
    """Intents by end: total = filled + refused + expired + superseded + in flight.

    `received` (from outside), `offered` and `permitted` count the intents in flight, by id and
    stage. An id stands more than once while a repeated offer of the same intent waits for its end.
    """

    total: int = 0
    filled: int = 0
    refused: int = 0
    expired: int = 0
    superseded: int = 0
    offered: dict[str, int] = {}
    permitted: dict[str, int] = {}
    received: dict[str, int] = {}
    deliveries: dict[str, Ns] = {}

    @property
    def in_flight(self) -> int:
        return sum(sum(each.values()) for each in (self.received, self.offered, self.permitted))


class IntentCounts(msgspec.Struct, frozen=True):
    """Law 8: total = filled + refused + expired + superseded + in flight; `residual` must be 0."""

    total: int
    filled: int
    refused: int
    expired: int
    superseded: int
    in_flight: int
    residual: int


class UnconservedIntent(AssertionError):
    """An intent ended that was not in flight: it ended twice, or was never offered."""


class Conservation(Reactor[ConservationState]):
    """Keeps the books of intents; a second end of one is a broken promise and faults loudly.

    Partial counts as filled; rejected and skipped_drain as refused; skipped_stale as expired.
    """

    name = "execution.conservation"

    def __init__(self) -> None:
        super().__init__(ConservationState())

    @property
    def residual(self) -> int:
        """Intents that nobody can account for; anything but 0 is a defect."""
        state = self.state
        ended = state.filled + state.refused + state.expired + state.superseded
        return state.total - ended - state.in_flight

    @property
    def counts(self) -> IntentCounts:
        """Every intent so far, by its end."""
        state = self.state
        return IntentCounts(
            total=state.total,
            filled=state.filled,
            refused=state.refused,
            expired=state.expired,
            superseded=state.superseded,
            in_flight=state.in_flight,
            residual=self.residual,
        )

    def on_received(self, event: IntentReceived) -> None:
        """Counts an intent from outside; a message that comes again is no second one."""
        now = Ns(self.now)
        if remember(self.state.deliveries, event.delivery, now, DELIVERIES_REMEMBERED):
            self._open(self.state.received, event.intent_id)

    def on_intent(self, event: TradeIntent) -> None:
        """Counts an intent, unless it has come from outside and been counted there."""
        if event.intent_id in self.state.received:
            _take(self.state.received, event.intent_id, "offered")
            _add(self.state.offered, event.intent_id)
        else:
            self._open(self.state.offered, event.intent_id)

    def on_permit(self, event: RiskPermit) -> None:
        """Moves an intent from offered to permitted; a repeated permit moves nothing."""
        intent_id = event.intent.intent_id
        if intent_id in self.state.offered:
            _take(self.state.offered, intent_id, "permitted")
            _add(self.state.permitted, intent_id)

    def on_refusal(self, event: RiskRefusal) -> None:
        _take(self.state.offered, event.intent_id, "refused")
        self.state.refused += 1

    def on_result(self, event: ExecutionResult) -> None:
        is_permitted = event.intent_id in self.state.permitted
        stage = self.state.permitted if is_permitted else self.state.received
        _take(stage, event.intent_id, event.status)
        match event.status:
            case ResultStatus.FILLED | ResultStatus.PARTIAL:
                self.state.filled += 1
            case ResultStatus.REJECTED | ResultStatus.SKIPPED_DRAIN:
                self.state.refused += 1
            case ResultStatus.SKIPPED_STALE:
                self.state.expired += 1
            case ResultStatus.SUPERSEDED:
                self.state.superseded += 1

    def _open(self, stage: dict[str, int], intent_id: str) -> None:
        self.state.total += 1
        _add(stage, intent_id)
        if self.state.in_flight > INTENTS_OPEN_MAX:
            raise OverflowError(f"more than {INTENTS_OPEN_MAX} intents are in flight")


def _add(stage: dict[str, int], intent_id: str) -> None:
    stage[intent_id] = stage.get(intent_id, 0) + 1


def _take(stage: dict[str, int], intent_id: str, end: str) -> None:
    left = stage.get(intent_id, 0) - 1
    if left < 0:
        raise UnconservedIntent(f"intent {intent_id} is {end} but was not in flight")
    if left:
        stage[intent_id] = left
    else:
        del stage[intent_id]
