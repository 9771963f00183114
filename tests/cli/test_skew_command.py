"""`quantum-os skew` as a user types it."""

import shutil
from pathlib import Path

import msgspec
import numpy as np

from quantum_os.events.ai import AiFeatures
from quantum_os.kernel.envelope import Envelope, encode_event
from quantum_os.storage.frames import framed, read_frames
from tests.cli.console import quantum_os


def bent_run(run: Path, into: Path) -> Path:
    """A copy of a run in which the last value that was served is a single bit away."""
    shutil.copytree(run, into)
    file = into / "context.bin"
    frames = [read.frame for read in read_frames(file) if read.frame is not None]
    at = max(place for place, frame in enumerate(frames) if frame.stream == "ai.features")
    frame = frames[at]
    event = msgspec.msgpack.decode(frame.payload, type=AiFeatures)
    columns = [list(column) for column in event.columns]
    assert columns[-2][-1] is not None
    columns[-2][-1] = float(np.nextafter(columns[-2][-1], 9.0))
    changed = msgspec.structs.replace(event, columns=tuple(map(tuple, columns)))
    frames[at] = msgspec.structs.replace(frame, payload=encode_event(changed))
    whole = [
        Envelope(
            each.seq, each.ts, each.cause, each.trace, each.source, each.stream, each.payload, 0
        )
        for each in frames
    ]
    file.write_bytes(b"".join(map(framed, whole)))
    return into


def test_a_run_was_served_what_a_training_would_make(run_folder: Path) -> None:
    said = quantum_os("skew", run_folder)
    assert said.code == 0, said.err
    assert "identical" in said.out
    found = quantum_os("skew", run_folder, "--json").json()
    assert found["differences"] == 0
    assert found["first"] is None
    assert found["values"] == found["bars"] * 21 * 4


def test_one_bit_ends_with_1_and_is_named(run_folder: Path, tmp_path: Path) -> None:
    bent = bent_run(run_folder, tmp_path / "bent")
    said = quantum_os("skew", bent)
    assert said.code == 1
    assert "first: lower_wick of " in said.out
    first = quantum_os("skew", bent, "--json").json()["first"]
    assert first["feature"] == "lower_wick"
    assert first["served"] != first["computed"]


def test_a_day_may_be_chosen(run_folder: Path) -> None:
    whole = quantum_os("skew", run_folder, "--json").json()
    start = whole["bars"]
    assert start > 24
    said = quantum_os("skew", run_folder, "--from", "2030-01-01", "--to", "2030-01-02")
    assert said.code == 2
    assert "no features were served in this time" in said.err


def test_what_is_no_run_is_one_line(tmp_path: Path) -> None:
    said = quantum_os("skew", tmp_path)
    assert said.code == 2
    assert len(said.lines) == 1
