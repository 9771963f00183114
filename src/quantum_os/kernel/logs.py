"""How the process speaks to people: one line per notable event, written by a journal tap."""

import logging
import sys

import structlog

from quantum_os.kernel.envelope import Envelope
from quantum_os.kernel.iso_time import iso

NOTABLE = frozenset(
    {
        "trade.intent",
        "risk.refusal",
        "fill",
        "trade.closed",
        "invariant.violated",
        "incident.closed",
        "safety.tripped",
        "safety.cleared",
        "safety.fault",
        "alert.raised",
        "alert.resolved",
        "policy.updated",
        "process.started",
    }
)
"""Streams logged at INFO; every other one at DEBUG."""

SHOWN_MAX = 400
"""Characters of an event's body on its line."""


def configure(level: str = "INFO") -> None:
    """Sends logs to stderr as `time - module - LEVEL - message key=value`; call it once."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _line,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )


def _line(_: object, __: str, fields: structlog.typing.EventDict) -> str:
    """Writes ASCII whatever the terminal can show: a log line must never be what fails.

    Control characters are spelt out: what others say can neither end a line nor move a cursor.
    """
    moment, level = fields.pop("timestamp"), str(fields.pop("level")).upper()
    source, text = fields.pop("source", "quantum_os"), fields.pop("event")
    rest = " ".join(f"{key}={value}" for key, value in fields.items())
    line = f"{moment} - {source} - {level} - {text} {rest}".rstrip()
    return line.encode("ascii", "backslashreplace").decode("ascii").translate(_SPELT)


_SPELT = {code: f"\\x{code:02x}" for code in (*range(32), 127)}
"""How each control character is written."""


class LogTap:
    """Writes each event once, with its cause and number: notable ones at INFO, the rest at DEBUG.

    Events before `quiet_before` (UTC ns) are the past being caught up with: they are not written.
    """

    def __init__(self, quiet_before: int = 0) -> None:
        self._quiet_before = quiet_before
        self._log = structlog.get_logger()

    def __call__(self, envelope: Envelope) -> None:
        if envelope.ts < self._quiet_before:
            return
        is_notable = envelope.stream in NOTABLE
        write = self._log.info if is_notable else self._log.debug
        write(
            envelope.stream,
            source=envelope.source,
            at=iso(envelope.ts),
            seq=envelope.seq,
            cause=envelope.cause,
            **({"body": str(envelope.event())[:SHOWN_MAX]} if is_notable else {}),
        )
