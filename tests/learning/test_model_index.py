"""Each whole artefact of a training becomes one row; a damaged one has none until it is mended."""

from pathlib import Path

from quantum_os.ai.models.artefact import Artefact
from quantum_os.ai.models.ensemble import ARTEFACTS
from quantum_os.ai.models.manifest import MANIFEST
from quantum_os.learning.model_index import ModelIndex
from quantum_os.learning.training.artefact_writing import write_artefact
from quantum_os.storage.database.address import Address
from quantum_os.storage.database.engines import open_async
from quantum_os.storage.store import Store
from tests.learning.training.models.conftest import artefacts, market
from tests.storage.conftest import dialect, postgres_template, ready, sqlite_template
from tests.storage.reading import rows

__all__ = ["artefacts", "dialect", "market", "postgres_template", "ready", "sqlite_template"]


class Index(ModelIndex):
    """One that need not wait for its seconds."""

    async def turn(self) -> int:
        self._due_at = 0
        return await super().turn()


async def test_a_whole_artefact_is_one_row_wherever_it_lies(
    ready: Address, artefacts: dict[str, Artefact], tmp_path: Path
) -> None:
    forest, logistic = artefacts["forest"], artefacts["logistic"]
    for training in ("first", "second"):
        write_artefact(tmp_path / training / ARTEFACTS, forest)
    folder = write_artefact(tmp_path / "second" / ARTEFACTS, logistic)
    broken = folder / logistic.manifest.files[0].name
    whole = broken.read_bytes()
    broken.write_bytes(whole[:-1] + b"?")
    store = Store(open_async(ready))
    index = Index(store, tmp_path)
    assert [await index.turn(), await index.turn()] == [1, 0]
    assert [row["model_id"] for row in rows(ready, "models")] == [forest.id]
    broken.write_bytes(whole)
    assert await index.turn() == 1
    assert await Index(store, tmp_path).turn() == 2, "a next process says the same again"
    await store.close()
    found = {row["slot"]: row for row in rows(ready, "models")}
    assert found.keys() == {"forest", "logistic"}
    row = found["logistic"]
    assert (row["sha256"], row["status"], row["promoted_at"]) == (logistic.id, "trained", None)
    assert row["created_at"] == (folder / MANIFEST).stat().st_mtime_ns
    assert row["manifest"]["features"] == list(logistic.manifest.features)
    assert "sample" not in row["manifest"]


async def test_without_a_folder_there_is_nothing_to_say(ready: Address, tmp_path: Path) -> None:
    store = Store(open_async(ready))
    assert await Index(store, tmp_path / "none").turn() == 0
    await store.close()
