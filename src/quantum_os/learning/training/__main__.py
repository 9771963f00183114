"""EDGE. The training worker's own start: the job comes through stdin, its data from tapes."""

from pathlib import Path

from quantum_os.learning.training.dataset import BadDataset, Dataset
from quantum_os.learning.training.dataset_build import build
from quantum_os.learning.training.dataset_options import options_of
from quantum_os.learning.training.job import Job
from quantum_os.learning.training.made_up_tape import write_made_up_tape
from quantum_os.learning.training.places import FITS
from quantum_os.learning.training.worker import Tell, work


def tapes(job: Job, tell: Tell) -> Dataset:
    """Builds the dataset of the job's tapes, or goes on with one that was begun; raises TapeError
    and BadDataset.
    """
    fits = Path(job.folder) / FITS
    paths = [Path(path) for path in job.data]
    if job.made_up is not None:
        paths = [write_made_up_tape(fits / "tape", job.made_up)]
    try:
        options = options_of(job.policy.decision, job.round_trip_cost, symbols=job.symbols)
    except ValueError as error:
        raise BadDataset(str(error)) from error
    return build(paths, options, tell, cache=fits / "dataset")


if __name__ == "__main__":
    work(tapes)
