"""EDGE. Which models there are, as rows: an artefact that trainings left is written down once."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import msgspec

from quantum_os.ai.models.artefact import ArtefactRefused, read_artefact
from quantum_os.ai.models.ensemble import ARTEFACTS
from quantum_os.ai.models.manifest import MANIFEST
from quantum_os.kernel.clock import monotonic_ns
from quantum_os.storage.database.desk_tables import MODELS
from quantum_os.storage.projections.change import Row
from quantum_os.storage.store import Store

EVERY_NS = 5_000_000_000
"""How often the folder is looked at."""

TRAINED = "trained"
"""The status of a model that nobody has given a slot to yet."""

IN_THE_FILE = frozenset({"sample"})
"""What of a manifest a row leaves out: the stored vector is for whoever loads the model."""


class ModelIndex:
    """Follows the folders of trainings below one folder into the store.

    What is not as it was written has no row: it is read again at the next look. A row that is there
    already stays as it is, for its status may have moved on.
    """

    def __init__(self, store: Store, folder: Path) -> None:
        self._store = store
        self._folder = folder
        self._known: set[str] = set()
        self._due_at = 0

    async def turn(self) -> int:
        """Writes down what is new, if it is time; gives how many. Raises what the database does."""
        if monotonic_ns() < self._due_at:
            return 0
        self._due_at = monotonic_ns() + EVERY_NS
        rows = await asyncio.to_thread(lambda: list(self._new()))
        if rows:
            await self._store.note({MODELS: rows})
        self._known |= {row["model_id"] for row in rows}
        return len(rows)

    def _new(self) -> Iterator[Row]:
        """Reads each artefact that has no row yet; the same one may lie in several trainings."""
        found = sorted(self._folder.glob(f"*/{ARTEFACTS}/*/{MANIFEST}"))
        places = {file.parent.name: file for file in found if file.parent.name not in self._known}
        for file in places.values():
            try:
                artefact = read_artefact(file.parent)
                made_at = file.stat().st_mtime_ns
            except (ArtefactRefused, OSError):
                continue
            card = msgspec.to_builtins(artefact.manifest)
            yield {
                "model_id": artefact.id,
                "slot": artefact.manifest.name,
                "sha256": artefact.id,
                "status": TRAINED,
                "parent": None,
                "manifest": {k: v for k, v in card.items() if k not in IN_THE_FILE},
                "created_at": made_at,
                "promoted_at": None,
                "retired_at": None,
            }
