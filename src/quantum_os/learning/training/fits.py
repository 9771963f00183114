"""EDGE. Which fits are made already: an interrupted training goes on where it stopped."""

from pathlib import Path

import msgspec

from quantum_os.ai.models.artefact import Artefact, ArtefactRefused, read_artefact
from quantum_os.kernel.ids import fingerprint
from quantum_os.learning.training.artefact_writing import Making, artefact_of, write_artefact
from quantum_os.learning.training.models.lesson import Fitter, Lesson


class Fits:
    """Fitted models in a folder, by what they were fitted with, on and from.

    A fit is found again only under the same family, parameters, seed, rows, data and code.
    """

    def __init__(self, folder: Path, code_hash: str) -> None:
        self._folder = folder
        self._code_hash = code_hash

    def of(self, fitter: Fitter, lesson: Lesson) -> Artefact:
        """Gives the uncalibrated model, fitted now or before; raises NothingToLearn."""
        note = self._folder / "keys" / self._key(fitter, lesson)
        found = self._found(note)
        if found is not None:
            return found
        made = artefact_of(fitter, lesson, fitter.fit(lesson), Making(self._code_hash))
        write_artefact(self._folder, made)
        note.parent.mkdir(parents=True, exist_ok=True)
        note.write_text(made.id, encoding="ascii")
        return made

    def _found(self, note: Path) -> Artefact | None:
        """What cannot be read any more was never made."""
        try:
            return read_artefact(self._folder / note.read_text(encoding="ascii"))
        except (OSError, ArtefactRefused):
            return None

    def _key(self, fitter: Fitter, lesson: Lesson) -> str:
        told = {
            "family": fitter.family,
            "parameters": dict(fitter.parameters),
            "seed": lesson.seed,
            "rows": fingerprint(lesson.rows.tobytes()),
            "data": lesson.data.data_hash,
            "schema": lesson.data.schema_hash,
            "code": self._code_hash,
        }
        return fingerprint(msgspec.json.encode(told, order="sorted"))
