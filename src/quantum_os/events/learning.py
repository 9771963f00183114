"""What was learnt, and what must be learnt again: requests to train, and models set aside."""

from quantum_os.events.ai import Finding, ModelState
from quantum_os.events.base import Event
from quantum_os.events.units import Ns


class ModelQuarantined(Event, frozen=True):
    """A model decides nothing any more: what it says is not what it was trusted for."""

    slot: str
    model_id: str
    previous: ModelState
    reason: str
    evidence: tuple[Finding, ...]
    at: Ns


class ModelRetrain(Event, frozen=True):
    """A slot needs a new model. `priority` 0 is the most urgent; one `dedupe_key` is one job."""

    job_id: str
    slot: str
    reason_code: str
    evidence: tuple[Finding, ...]
    priority: int
    dedupe_key: str
    asked_at: Ns
