"""EDGE. Where in its folder a training keeps what, and whether a folder holds one."""

from pathlib import Path

import msgspec

from quantum_os.ai.models.ensemble import CARD
from quantum_os.learning.training.report import TrainingReport

FITS = ".fits"
"""Fits of a training that is not done yet."""
REPORT = "report.json"


def is_begun(folder: Path) -> bool:
    """Whether a folder holds a training, done or not."""
    return any((folder / name).exists() for name in (FITS, REPORT, CARD))


def read_report(file: Path) -> TrainingReport:
    """Reads `report.json`; raises OSError and msgspec.MsgspecError."""
    return msgspec.json.decode(file.read_bytes(), type=TrainingReport)
