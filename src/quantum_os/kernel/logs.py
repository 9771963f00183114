"""How the process speaks to people: one line per notable event, written by a journal tap."""

import logging
import sys
from collections.abc import Iterator

import structlog

from quantum_os.kernel.envelope import Envelope
from quantum_os.kernel.iso_time import iso
from quantum_os.kernel.journal import Journal

NOTABLE = frozenset(
    {
        "trade.intent",
        "risk.refusal",
        "fill",
        "trade.closed",
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
    """Writes ASCII whatever the terminal can show: a log line must never be what fails."""
    moment, level = fields.pop("timestamp"), str(fields.pop("level")).upper()
    source, text = fields.pop("source", "quantum_os"), fields.pop("event")
    rest = " ".join(f"{key}={value}" for key, value in fields.items())
    line = f"{moment} - {source} - {level} - {text} {rest}".rstrip()
    return line.encode("ascii", "backslashreplace").decode("ascii")


class LoggedJournal:
    """A journal that logs each event once, with its cause and number, before it passes it on."""

    def __init__(self, inner: Journal) -> None:
        self._inner = inner
        self._log = structlog.get_logger()

    def append(self, envelope: Envelope) -> None:
        self._inner.append(envelope)
        write = self._log.info if envelope.stream in NOTABLE else self._log.debug
        write(
            envelope.stream,
            source=envelope.source,
            at=iso(envelope.ts),
            seq=envelope.seq,
            cause=envelope.cause,
            body=str(envelope.event())[:SHOWN_MAX] if envelope.stream in NOTABLE else "",
        )

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
