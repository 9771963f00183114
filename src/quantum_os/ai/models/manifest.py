"""What a model says of itself: what it was made from, by what, and how to know that it still is."""

from enum import StrEnum

import msgspec

from quantum_os.formulas.calibration import Calibrator
from quantum_os.formulas.drift import Reference

FORMAT = 1
"""Raised when a manifest of the old form would be read wrongly."""

MANIFEST = "manifest.json"

Value = str | int | float | bool


class Family(StrEnum):
    """How a model computes; each has a file of its own in this folder."""

    FOREST = "forest"
    LOGISTIC = "logistic"
    SEQUENCE = "sequence"
    NOVELTY = "novelty"


class FileHash(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file beside the manifest, and the sha256 of its bytes in hex."""

    name: str
    sha256: str


class DataSpan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The rows that a model has seen. Times in ns UTC.

    `labels_until` is when the last of its labels was resolved: the model knows the market up to
    then, and may speak only of bars that close later.
    """

    start: int
    end: int
    labels_until: int
    rows: int
    data_hash: str


class Sample(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Inputs [rows][F] with the outputs [rows][...] that the model gave for them when it was made.

    A library that is called wrongly can answer with success and garbage; these numbers catch it.
    """

    inputs: tuple[tuple[float, ...], ...]
    outputs: tuple[tuple[float, ...], ...]


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The identity card of an artefact. No time of making is in it: same data, same bytes.

    `depth` bars of `features` are the inputs, the oldest bar first; `step_ns` lies between two
    bars. `calibration` holds one map per side, LONG first; a novelty score has none. `reference` is
    what drift is held against: how the features were distributed, and what the model says.
    """

    family: Family
    name: str
    features: tuple[str, ...]
    schema_hash: str
    depth: int
    step_ns: int
    parameters: dict[str, Value]
    seed: int
    code_hash: str
    data: DataSpan
    metrics: dict[str, float | None]
    calibration: tuple[Calibrator, ...]
    sample: Sample
    files: tuple[FileHash, ...]
    format: int = FORMAT
    reference: Reference | None = None

    @property
    def width(self) -> int:
        """How many numbers a row of inputs has."""
        return self.depth * len(self.features)


def encoded(manifest: Manifest) -> bytes:
    """Gives the bytes that are hashed and written; the same manifest gives the same bytes."""
    return msgspec.json.format(msgspec.json.encode(manifest, order="sorted")) + b"\n"
