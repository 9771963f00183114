"""EDGE. How a parent watches a training worker: hears it, and ends one that hangs or overruns."""

import os
import selectors
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from typing import IO

import msgspec

from quantum_os.kernel.clock import monotonic_ns
from quantum_os.learning.training.caps import environment
from quantum_os.learning.training.job import (
    OUT_OF_MEMORY,
    Alive,
    Broken,
    Job,
    Limits,
    Message,
    Progressed,
    Refused,
    too_little_memory,
)

WORKER = (sys.executable, "-m", "quantum_os.learning.training")

END_MAX_S = 10.0
"""For a worker that has said its last word."""
LAST_WORDS = 2_000
"""Bytes of its stderr that are told when a worker dies without a word."""


class TrainingRefused(ValueError):
    """The data or the options make no training; nothing was written."""


class TrainingFailed(RuntimeError):
    """The worker broke down, hung or overran; what it fitted is kept for `--resume`."""


def run_worker(
    job: Job, tell: Callable[[float, str], None], command: Sequence[str] = WORKER
) -> None:
    """Trains in a process of its own; raises TrainingRefused and TrainingFailed with the reason.

    `tell` hears the share that is done. The worker is gone when this returns or raises.
    """
    with tempfile.TemporaryFile() as words:
        worker = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=words,
            env=environment(dict(os.environ)),
        )
        end: Message | None = Broken("it was not heard to its end")
        try:
            end = _heard(worker, job, tell)
        finally:
            _ended(worker, by_itself=not isinstance(end, Broken))
        if end is None:
            end = _death(worker, words, job.limits)
    if isinstance(end, Refused):
        raise TrainingRefused(end.reason)
    if isinstance(end, Broken):
        raise TrainingFailed(end.reason)


def _heard(
    worker: "subprocess.Popen[bytes]", job: Job, tell: Callable[[float, str], None]
) -> Message | None:
    """Gives the last message; None from a worker that died before it said how it ended."""
    assert worker.stdin is not None
    assert worker.stdout is not None
    try:
        worker.stdin.write(msgspec.json.encode(job))
        worker.stdin.close()
    except BrokenPipeError:
        return None
    for message in _messages(worker.stdout, job.limits):
        if isinstance(message, Progressed):
            tell(message.share, message.what)
        elif not isinstance(message, Alive):
            return message
    return None


def _messages(out: IO[bytes], limits: Limits) -> Iterator[Message]:
    """Gives messages until the end of the pipe; a silence and the deadline are messages, too."""
    decoder: msgspec.json.Decoder[Message] = msgspec.json.Decoder(Message)
    until, waiting = monotonic_ns() + int(limits.deadline_s * 1e9), b""
    with selectors.DefaultSelector() as ready:
        ready.register(out, selectors.EVENT_READ)
        while True:
            left = (until - monotonic_ns()) / 1e9
            if left <= 0:
                yield Broken(f"it was not done after {limits.deadline_s:.0f} s")
                return
            if not ready.select(min(limits.silence_s, left)):
                if left > limits.silence_s:
                    yield Broken(f"it gave no sign of life for {limits.silence_s:.0f} s")
                    return
                continue
            part = os.read(out.fileno(), 65_536)
            if not part:
                return
            *lines, waiting = (waiting + part).split(b"\n")
            yield from map(decoder.decode, lines)


def _ended(worker: "subprocess.Popen[bytes]", *, by_itself: bool) -> None:
    """Waits for a worker that is done, and kills one that is not: what it wrote is whole."""
    assert worker.stdout is not None
    worker.stdout.close()
    try:
        worker.wait(END_MAX_S if by_itself else 0.0)
    except subprocess.TimeoutExpired:
        worker.kill()
        worker.wait()


def _death(worker: "subprocess.Popen[bytes]", words: IO[bytes], limits: Limits) -> Broken:
    """What a worker died of that could not say it itself."""
    words.seek(max(0, words.seek(0, os.SEEK_END) - LAST_WORDS))
    said = words.read().decode(errors="replace").strip()
    if any(name in said for name in OUT_OF_MEMORY):
        return too_little_memory(limits)
    last = said.splitlines()[-1] if said else "it left no word"
    return Broken(f"the worker died (exit code {worker.returncode}): {last}")
