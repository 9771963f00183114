"""Decides what of a build is kept on disk: finished stretches of time, each with its hash.

A part holds its rows and the state of the kernels behind its last bar, so that a build that was
killed goes on with the next part. Arrays only, and nothing that could run.
"""

import io
import os
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from quantum_os.kernel.unreadable import UNREADABLE

MANIFEST = "manifest.json"
Arrays = dict[str, NDArray[np.generic]]


class Part(msgspec.Struct, frozen=True):
    """One finished stretch: its file, the hash of its bytes, its rows, and what was left out."""

    file: str
    sha256: str
    rows: int
    dropped: dict[str, int]


class Manifest(msgspec.Struct, frozen=True):
    """What a cache folder holds; `is_whole` once every part is there."""

    data_hash: str
    parts: tuple[Part, ...] = ()
    is_whole: bool = False


class PartStore:
    """The parts of one dataset in a folder of its own; a damaged one and all behind it are gone."""

    def __init__(self, folder: Path, data_hash: str) -> None:
        self._folder = folder
        self._manifest = Manifest(data_hash)
        folder.mkdir(parents=True, exist_ok=True)

    def resume(self) -> Manifest:
        """Gives what is there and sound, from the first part on; the rest is built again."""
        found = self._read()
        sound = []
        for part in found.parts:
            if not self._is_sound(part):
                break
            sound.append(part)
        is_whole = found.is_whole and len(sound) == len(found.parts)
        self._manifest = Manifest(found.data_hash, tuple(sound), is_whole)
        return self._manifest

    def add(self, arrays: Mapping[str, NDArray[np.generic]], dropped: dict[str, int]) -> None:
        """Writes the next part, complete or not at all."""
        buffer = io.BytesIO()
        np.savez(buffer, allow_pickle=False, **arrays)
        content = buffer.getvalue()
        file = f"part-{len(self._manifest.parts):05d}.npz"
        _written(self._folder / file, content)
        part = Part(file, sha256(content).hexdigest(), len(arrays["bar_close"]), dropped)
        self._keep(msgspec.structs.replace(self._manifest, parts=(*self._manifest.parts, part)))

    def finish(self) -> Manifest:
        """Notes that every part is there."""
        self._keep(msgspec.structs.replace(self._manifest, is_whole=True))
        return self._manifest

    def load(self, part: Part, *, prefix: str = "", without: str = "") -> Arrays:
        """Reads the arrays of a part whose names begin with `prefix`, not with `without`."""
        with np.load(self._folder / part.file, allow_pickle=False) as file:
            return {
                name: file[name]
                for name in file.files
                if name.startswith(prefix) and not (without and name.startswith(without))
            }

    def _read(self) -> Manifest:
        try:
            found = msgspec.json.decode((self._folder / MANIFEST).read_bytes(), type=Manifest)
        except (*UNREADABLE, OSError):
            return self._manifest
        return found if found.data_hash == self._manifest.data_hash else self._manifest

    def _is_sound(self, part: Part) -> bool:
        try:
            content = (self._folder / part.file).read_bytes()
        except OSError:
            return False
        return sha256(content).hexdigest() == part.sha256

    def _keep(self, manifest: Manifest) -> None:
        _written(self._folder / MANIFEST, msgspec.json.encode(manifest))
        self._manifest = manifest


def _written(path: Path, content: bytes) -> None:
    unfinished = path.with_suffix(".part")
    with unfinished.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
