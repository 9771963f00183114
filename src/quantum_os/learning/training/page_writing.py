"""EDGE. Where the page of a training goes, and from what it is made again: its `report.json`."""

from pathlib import Path

from quantum_os.ai.models.ensemble import CARD
from quantum_os.learning.report.written import PAGE, library_source, put
from quantum_os.learning.training.page.layout import training_page
from quantum_os.learning.training.places import REPORT
from quantum_os.learning.training.report import TrainingReport


def holds_training(folder: Path) -> bool:
    """Whether a folder is what a training wrote, and not a run."""
    return (folder / CARD).is_file() and (folder / REPORT).is_file()


def write_page(folder: Path, report: TrainingReport) -> Path:
    """Writes `report.html`, whole or not at all; raises NoLibrary and OSError."""
    page = folder / PAGE
    put(page, training_page(report, library_source()))
    return page
