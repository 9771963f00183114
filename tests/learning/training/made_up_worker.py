"""A training worker whose market is made up, and which breaks down on demand: its data says how."""

import os
import signal
from threading import Event

import numpy as np

from quantum_os.learning.training.dataset import Dataset
from quantum_os.learning.training.folds import TooLittleHistory
from quantum_os.learning.training.job import Job
from quantum_os.learning.training.worker import Tell, work
from tests.learning.training.models.lessons import taught


def market(job: Job, tell: Tell) -> Dataset:
    print("libraries print, too", flush=True)
    tell(0.5, "data")
    match job.data[0]:
        case "refused":
            raise TooLittleHistory("too little: use more data")
        case "broken":
            raise ZeroDivisionError("a mistake of ours")
        case "dead":
            os._exit(9)
        case "greedy":
            np.ones(job.limits.memory_bytes // 8 + 1)
        case "aborted":
            print("terminate called: std::bad_alloc", flush=True)
            os.abort()
        case "frozen":
            os.kill(os.getpid(), signal.SIGSTOP)
        case "endless":
            Event().wait()
    return taught(700, 3)


if __name__ == "__main__":
    work(market)
