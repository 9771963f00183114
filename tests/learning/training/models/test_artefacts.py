"""An artefact serves only as it was written; whatever else is found is refused with its reason."""

from hashlib import sha256
from pathlib import Path

import msgspec
import numpy as np
import pytest

from quantum_os.ai.models import lightgbm_library
from quantum_os.ai.models.artefact import Artefact, ArtefactRefused, read_artefact
from quantum_os.ai.models.loading import Schema, admitted, load_model
from quantum_os.ai.models.manifest import MANIFEST, FileHash, encoded
from quantum_os.ai.models.novelty import load_novelty
from quantum_os.learning.training.artefact_writing import write_artefact
from tests.learning.training.models.lessons import FEATURES

SCHEMA = Schema(("spare", *FEATURES), "5" * 16)


def rewritten(artefact: Artefact, old: str, new: str) -> Artefact:
    """The same artefact with other parameters and hashes that fit: made badly, not damaged."""
    files = {}
    for name, content in artefact.files.items():
        assert old.encode() in content
        files[name] = content.replace(old.encode(), new.encode(), 1)
    hashes = tuple(FileHash(name, sha256(c).hexdigest()) for name, c in sorted(files.items()))
    manifest = msgspec.structs.replace(artefact.manifest, files=hashes)
    return Artefact(sha256(encoded(manifest)).hexdigest(), manifest, files)


def test_what_is_written_is_read(artefact: Artefact, tmp_path: Path) -> None:
    folder = write_artefact(tmp_path, artefact)
    assert read_artefact(folder) == artefact
    assert load_model(folder, SCHEMA).id == folder.name == artefact.id
    assert write_artefact(tmp_path, artefact) == folder
    assert [each.name for each in tmp_path.iterdir()] == [artefact.id]


@pytest.mark.parametrize("place", [0.0, 0.3, 0.99])
def test_one_flipped_byte_anywhere_is_refused(
    artefact: Artefact, tmp_path: Path, place: float
) -> None:
    folder = write_artefact(tmp_path, artefact)
    for file in sorted(folder.iterdir()):
        kept = file.read_bytes()
        spoilt = bytearray(kept)
        spoilt[int(place * len(kept))] ^= 1
        file.write_bytes(spoilt)
        with pytest.raises(ArtefactRefused, match="sha256"):
            load_model(folder)
        file.write_bytes(kept)
    load_model(folder)


def test_a_file_too_many_or_too_few_is_refused(artefact: Artefact, tmp_path: Path) -> None:
    folder = write_artefact(tmp_path, artefact)
    (folder / "more.json").write_text("{}")
    with pytest.raises(ArtefactRefused, match=r"more\.json"):
        load_model(folder)
    (folder / "more.json").unlink()
    name = artefact.manifest.files[0].name
    (folder / name).unlink()
    with pytest.raises(ArtefactRefused, match=name):
        load_model(folder)
    (folder / MANIFEST).unlink()
    with pytest.raises(ArtefactRefused, match="No such file"):
        load_model(folder)


def test_features_that_are_not_served_are_refused(artefact: Artefact, tmp_path: Path) -> None:
    folder = write_artefact(tmp_path, artefact)
    with pytest.raises(ArtefactRefused, match="not served: push"):
        load_model(folder, Schema(("pull", "noise", "echo"), "5" * 16))
    with pytest.raises(ArtefactRefused, match="feature schema 5555555555555555, served is 6"):
        load_model(folder, Schema(FEATURES, "6" * 16))


def test_other_answers_than_the_stored_ones_are_refused(artefact: Artefact) -> None:
    sample = artefact.manifest.sample
    moved = ((sample.outputs[0][0] + 1e-6, sample.outputs[0][1]), *sample.outputs[1:])
    for outputs, reason in ((moved, "stored answers"), ((), "no answers")):
        told = msgspec.structs.replace(sample, outputs=outputs)
        manifest = msgspec.structs.replace(artefact.manifest, sample=told)
        with pytest.raises(ArtefactRefused, match=reason):
            admitted(msgspec.structs.replace(artefact, manifest=manifest))


def test_a_wrong_call_of_the_library_is_caught(artefacts: dict[str, Artefact]) -> None:
    """A library asked for another kind of answer says success; only the numbers tell."""

    class Misasked(lightgbm_library.Booster):
        def raw_scores(self, x: np.ndarray) -> np.ndarray:
            return self._predict(x, 0, 1)[:, 0]

    from quantum_os.ai.models.forest import Forest
    from quantum_os.ai.models.loading import _refuse_other_answers, unverified

    artefact = artefacts["forest"]
    forest = Forest((Misasked(artefact.files["long.txt"]), Misasked(artefact.files["short.txt"])))
    model = msgspec.structs.replace(unverified(artefact), core=forest)
    with pytest.raises(ArtefactRefused, match="wrong library, wrong call"):
        _refuse_other_answers(artefact, model)


@pytest.mark.parametrize(
    ("family", "old", "new"),
    [
        ("logistic", '"offsets":[', '"offsets":[null,'),
        ("logistic", '"offsets":[', '"offsets":[1e999,'),
        ("logistic", '"weights":[[', '"weights":[[0.1,'),
        ("logistic", '"width":[', '"width":[0.0,'),
        ("sequence", '"joins":[{"weights":[[', '"joins":[{"weights":[[0.3,'),
        ("sequence", '"centre":[', '"centre":[1.0,'),
        ("forest", "feature_names=pull push", "feature_names=push pull"),
        ("forest", "leaf_value=-", "leaf_value=n"),
        ("forest", "threshold=", "threshold=0.5 "),
        ("forest", "num_leaves=1", "num_leaves=2"),
        ("forest", "tree_sizes=1", "tree_sizes=2"),
        ("forest", "split_feature=0", "split_feature=9"),
        ("forest", "left_child=1", "left_child=0"),
        ("forest", "right_child=2", "right_child=3"),
        ("forest", "decision_type=2", "decision_type=1"),
        ("forest", "num_cat=0", "num_cat=1"),
        ("forest", "objective=binary", "objective=lambda"),
        ("forest", "version=v4", "version=v9"),
        ("forest", "end of trees", "no end of trees"),
    ],
)
def test_parameters_that_are_not_right_are_refused(
    artefacts: dict[str, Artefact], family: str, old: str, new: str
) -> None:
    with pytest.raises(ArtefactRefused):
        admitted(rewritten(artefacts[family], old, new))


def test_a_model_that_says_the_same_of_everything_is_refused(
    artefacts: dict[str, Artefact],
) -> None:
    from quantum_os.ai.models.logistic import FILE, LogisticWeights

    artefact = artefacts["logistic"]
    read = msgspec.json.decode(artefact.files[FILE], type=LogisticWeights)
    nothing = ((0.0,) * len(FEATURES),) * 2
    constant = msgspec.structs.replace(read, weights=nothing)
    spoilt = msgspec.structs.replace(artefact, files={FILE: msgspec.json.encode(constant)})
    from quantum_os.ai.models.loading import unverified

    told = unverified(spoilt).predict_proba(np.array(artefact.manifest.sample.inputs))
    sample = msgspec.structs.replace(
        artefact.manifest.sample, outputs=tuple(map(tuple, told.tolist()))
    )
    manifest = msgspec.structs.replace(artefact.manifest, sample=sample)
    with pytest.raises(ArtefactRefused, match="constant model"):
        admitted(msgspec.structs.replace(spoilt, manifest=manifest))


def test_a_veto_is_no_model_and_a_model_no_veto(
    artefacts: dict[str, Artefact], tmp_path: Path
) -> None:
    veto, forest = (write_artefact(tmp_path, artefacts[f]) for f in ("novelty", "forest"))
    load_novelty(veto)
    with pytest.raises(ArtefactRefused, match="gives no probabilities"):
        load_model(veto)
    with pytest.raises(ArtefactRefused, match="family is forest"):
        load_novelty(forest)


def test_no_time_stands_in_a_manifest(artefact: Artefact) -> None:
    told = msgspec.to_builtins(artefact.manifest)
    assert not {"created", "finished", "time", "host", "path"} & told.keys()
