"""What other processes send and hand over, bent: the remote venue's wire, and models' artefacts."""

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import msgspec
import pytest

from quantum_os.ai.models.artefact import ArtefactRefused, read_artefact
from quantum_os.ai.models.manifest import MANIFEST, DataSpan, Family, FileHash, Manifest, Sample
from quantum_os.ai.models.manifest import encoded as manifest_bytes
from quantum_os.events.base import stream_of
from quantum_os.events.catalog import EVENTS
from quantum_os.events.execution import Fill
from quantum_os.execution.venues.remote_sim.wire import (
    FRAME_MAX_BYTES,
    READ_BYTES,
    Frame,
    Hello,
    Kind,
    Query,
    Refused,
    Unpacker,
    Welcome,
    WireError,
    content_of,
    event_of,
    framed,
    pack,
)
from quantum_os.kernel.envelope import encode_event
from tests.events.examples import example_of
from tests.fuzzing.campaign import CASES, SEED, Tally, broken_by, campaign
from tests.fuzzing.dice import Dice
from tests.fuzzing.mutations import Bytes

FILL = Frame(Kind.FACT, 3, 9, stream_of(Fill), encode_event(example_of(Fill)))
STREAM = b"".join(
    map(pack, (framed(Kind.HELLO, Hello(2, 5)), FILL, framed(Kind.QUERY, Query("c", "BTC")), FILL))
)
CONTENTS: dict[Kind, type[msgspec.Struct]] = {
    Kind.HELLO: Hello,
    Kind.WELCOME: Welcome,
    Kind.QUERY: Query,
    Kind.REFUSED: Refused,
}

Receive = Callable[[bytes], list[Frame]]


def receive(data: bytes) -> list[Frame]:
    """What a session does with bytes: cuts them into frames, and reads what each carries."""
    unpacker, found = Unpacker(), []
    for start in range(0, len(data), 64):
        for frame in unpacker.feed(data[start : start + 64]):
            found.append(frame)
            if frame.kind in CONTENTS:
                content_of(frame, CONTENTS[frame.kind])
            elif frame.kind is Kind.FACT:
                event_of(frame, EVENTS)
        held = len(unpacker._buffer)
        if held > FRAME_MAX_BYTES + READ_BYTES:
            raise MemoryError(f"{held} bytes are held")
    return found


def wire(parse: Receive) -> Tally:
    return campaign(Bytes([STREAM, pack(FILL)], Dice(SEED, "wire")), parse, WireError)


def test_the_wire_of_a_remote_venue() -> None:
    tally = wire(receive)
    assert min(tally.read, tally.refused) > CASES // 20


def lets_the_decoder_speak(data: bytes) -> list[Frame]:
    """A canary: whatever the decoder raises goes through."""
    length = int.from_bytes(data[:4], "big")
    return [msgspec.msgpack.decode(data[4 : 4 + length], type=Frame)]


def test_canary_a_bad_receiver_is_found() -> None:
    broken_by(lambda: wire(lets_the_decoder_speak))


MODEL = b"tree\nnum_leaves=2\n"
CARD = Manifest(
    family=Family.FOREST,
    name="m",
    features=("ret_1", "vol_20"),
    schema_hash="s",
    depth=1,
    step_ns=300_000_000_000,
    parameters={"trees": 2, "rate": 0.1, "kind": "x", "flag": True},
    seed=1,
    code_hash="c",
    data=DataSpan(0, 10, 11, 5, "d"),
    metrics={"auc": 0.5, "none": None},
    calibration=(),
    sample=Sample(((0.1, 0.2),), ((0.5,),)),
    files=(FileHash("model.txt", sha256(MODEL).hexdigest()),),
)

Load = Callable[[Path], object]


def artefacts(folder: Path, load: Load) -> Tally:
    """The manifest is bent; half of the folders are named by the hash of what became of it."""
    dice = Dice(SEED, "artefacts")
    place = folder / "model"
    place.mkdir()

    def parse(raw: bytes) -> object:
        nonlocal place
        name = sha256(raw).hexdigest() if dice.chance(80) else "0" * 64
        place = place.rename(folder / name)
        (place / MANIFEST).write_bytes(raw)
        (place / "model.txt").write_bytes(MODEL)
        return load(place)

    cases = Bytes([manifest_bytes(CARD)], dice)
    return campaign(cases, parse, ArtefactRefused, number=CASES // 2)


def test_the_manifest_of_an_artefact(tmp_path: Path) -> None:
    assert artefacts(tmp_path, read_artefact).refused > CASES // 10


def reads_by_the_letter(folder: Path) -> object:
    """A canary: lets the decoder speak for itself."""
    return msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)


def test_canary_a_bad_loader_is_found(tmp_path: Path) -> None:
    broken_by(lambda: artefacts(tmp_path, reads_by_the_letter))


@pytest.mark.parametrize("name", ["../model.txt", "/etc/hostname", "a/b", ".."])
def test_a_manifest_that_names_a_file_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    card = msgspec.structs.replace(CARD, files=(FileHash(name, "0" * 64),))
    raw = manifest_bytes(card)
    folder = tmp_path / sha256(raw).hexdigest()
    folder.mkdir()
    (folder / MANIFEST).write_bytes(raw)
    with pytest.raises(ArtefactRefused):
        read_artefact(folder)
