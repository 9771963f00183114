"""How each candidate ended: read from the few fields of the events that say so."""

import msgspec

from quantum_os.events.ai import CandidateRefused
from quantum_os.events.base import stream_of
from quantum_os.events.execution import ExecutionResult, ResultStatus
from quantum_os.events.risk import RiskRefusal
from quantum_os.kernel.envelope import Envelope

ENDINGS = (stream_of(CandidateRefused), stream_of(RiskRefusal), stream_of(ExecutionResult))
"""The streams that end a candidate; of one decision only one of them is ever said."""

REFUSED = "refused"
_ENDED = {
    ResultStatus.FILLED: "filled",
    ResultStatus.PARTIAL: "filled",
    ResultStatus.REJECTED: REFUSED,
    ResultStatus.SKIPPED_DRAIN: REFUSED,
    ResultStatus.SKIPPED_STALE: "expired",
    ResultStatus.SUPERSEDED: "superseded",
}


class CandidateEnd(msgspec.Struct, frozen=True):
    """One end, in the words of the conservation of intents; `code` is a gate or a reason."""

    seq: int
    decision_id: str
    ended: str
    code: str
    value: float | None
    limit: float | None


class _Said(msgspec.Struct, frozen=True):
    """What the three streams have in common, and what only some of them say."""

    decision_id: str
    status: ResultStatus | None = None
    reason: str = ""
    code: str = ""
    value: float | None = None
    limit: float | None = None


_decoder = msgspec.msgpack.Decoder(_Said)


def end_of(envelope: Envelope) -> CandidateEnd:
    """Gives the end that an event of ENDINGS tells."""
    said = _decoder.decode(envelope.payload)
    ended = REFUSED if said.status is None else _ENDED[said.status]
    code = said.code or said.reason
    return CandidateEnd(envelope.seq, said.decision_id, ended, code, said.value, said.limit)
