"""EDGE. The training worker: a process that reads a job, trains, and tells how far it is."""

import os
import shutil
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Event, Lock, Thread

import msgspec
import numpy as np
import scipy.linalg

from quantum_os.ai.models.artefact import ArtefactRefused
from quantum_os.learning.training.caps import hold, memory_bytes
from quantum_os.learning.training.dataset import BadDataset, Dataset
from quantum_os.learning.training.folds import TooLittleHistory
from quantum_os.learning.training.job import (
    OUT_OF_MEMORY,
    Alive,
    Broken,
    Finished,
    Job,
    Message,
    Progressed,
    Refused,
    too_little_memory,
)
from quantum_os.learning.training.models.lesson import NothingToLearn
from quantum_os.learning.training.places import FITS, is_begun
from quantum_os.learning.training.recipe import Recipe
from quantum_os.learning.training.training import train
from quantum_os.learning.trials import read_trials
from quantum_os.market.feeds.tape_error import TapeError

BEAT_S = 2.0
"""Seconds between two signs of life."""

DATA_SHARE = 0.15
"""Of the progress bar, for building the dataset."""

Tell = Callable[[float, str], None]
Load = Callable[[Job, Tell], Dataset]
"""Builds the dataset of a job, telling how far it is."""

REFUSALS = (TapeError, BadDataset, TooLittleHistory, NothingToLearn)


class Line:
    """Where messages go: the worker's first stdout. What libraries print goes to stderr."""

    def __init__(self) -> None:
        self._out = os.dup(1)
        self._lock = Lock()
        os.dup2(2, 1)

    def say(self, message: Message) -> None:
        """Writes one line; a parent that is gone ends the worker at once."""
        with self._lock:
            try:
                os.write(self._out, msgspec.json.encode(message) + b"\n")
            except BrokenPipeError:
                os._exit(1)


def work(load: Load) -> None:
    """Reads one job from stdin and does it; the last message says how it ended."""
    job = msgspec.json.decode(sys.stdin.buffer.read(), type=Job)
    hold(job.limits)
    line, over = Line(), Event()
    beating = Thread(target=_beat, args=(line, over), daemon=True)
    beating.start()
    _make_room()
    end = _done(job, load, line)
    over.set()
    beating.join()
    line.say(end)


def _make_room() -> None:
    """Lets the linear algebra of numpy and of scipy take its buffer while there is memory: it takes
    32 MB when first asked, and where they are not to be had it asks again without end.
    """
    for eigh in (np.linalg.eigh, scipy.linalg.eigh):
        eigh(np.eye(128))


def _done(job: Job, load: Load, line: Line) -> Message:
    """Trains, and says how it ended. A job that is refused leaves nothing behind."""
    folder = Path(job.folder)
    begun = is_begun(folder)
    try:
        _trained(job, load, folder, line)
    except REFUSALS as error:
        if not begun:
            _remove(folder)
        return Refused(str(error))
    except MemoryError:
        return too_little_memory(job.limits)
    except (ArtefactRefused, OSError) as error:
        return Broken(str(error))
    except Exception as error:  # noqa: BLE001 - whatever a library raises is told, and fails the job
        if any(words in str(error) for words in OUT_OF_MEMORY):
            return too_little_memory(job.limits)
        traceback.print_exc()
        return Broken(f"{type(error).__name__}: {error}")
    return Finished()


def _remove(folder: Path) -> None:
    """Takes away what a refused job began, and its folder if nothing else is in it."""
    shutil.rmtree(folder / FITS, ignore_errors=True)
    with suppress(OSError):
        folder.rmdir()


def _trained(job: Job, load: Load, folder: Path, line: Line) -> None:
    def told(share: float, what: str) -> None:
        line.say(Progressed(DATA_SHARE + (1.0 - DATA_SHARE) * share, what))

    data = load(job, lambda share, what: line.say(Progressed(DATA_SHARE * share, what)))
    recipe = Recipe(
        policy=job.policy.decision,
        seed=job.seed,
        code_hash=job.code_hash,
        folds=job.folds,
        synthetic=job.made_up is not None,
        leakage=not job.quick,
        paths=not job.quick,
        tried=job.tried,
    )
    folder.mkdir(parents=True, exist_ok=True)
    train(data, recipe, folder, read_trials(Path(job.trials)), told)


def _beat(line: Line, over: Event) -> None:
    while not over.wait(BEAT_S):
        line.say(Alive(memory_bytes()))
