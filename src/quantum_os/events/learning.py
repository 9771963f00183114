"""What was learnt, and what must be learnt again: who serves, who is set aside, who must train."""

from quantum_os.events.ai import Finding, ModelState
from quantum_os.events.base import Event
from quantum_os.events.units import Ns


class ModelPromoted(Event, frozen=True):
    """From this bar on a slot is served by another model; `previous` is "" for the first.

    `knows_until` is when the last label it learnt from was resolved, before any bar it speaks of.
    `evidence` is how its family did out of sample as far as was known then, by the names of a
    training's report; empty where nothing had been asked. `approvals` names who agreed: nobody else
    has to where an operator named the training.
    """

    slot: str
    model_id: str
    previous: str
    bar_close: Ns
    knows_until: Ns
    evidence: dict[str, float]
    approvals: tuple[str, ...]


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
