"""Decides whether a model's files are the ones that were written, byte by byte, before any is used.

An artefact is a folder named by the sha256 of its manifest, which holds the sha256 of every other
file: one name stands for all of it, and one flipped byte anywhere is found.
"""

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import msgspec

from quantum_os.ai.models.manifest import FORMAT, MANIFEST, Manifest
from quantum_os.kernel.unreadable import UNREADABLE

FILE_BYTES_MAX = 64 * 1024 * 1024
"""No model of ours is larger; what is, is not read into memory."""


class ArtefactRefused(ValueError):
    """An artefact that must not serve; the message names it and says why."""


class Artefact(msgspec.Struct, frozen=True):
    """A verified manifest with the bytes of its files; `id` is the sha256 of the manifest."""

    id: str
    manifest: Manifest
    files: Mapping[str, bytes]


def read_artefact(folder: Path) -> Artefact:
    """Reads and verifies a folder; raises ArtefactRefused for all that is not as it was written."""
    raw = _bytes_of(folder / MANIFEST)
    identity = sha256(raw).hexdigest()
    if identity != folder.name:
        raise ArtefactRefused(
            f"{folder}: its manifest has the sha256 {identity}, not the one that names the folder; "
            "train again or restore the folder"
        )
    manifest = _manifest(folder, raw)
    listed = {MANIFEST, *(file.name for file in manifest.files)}
    there = {path.name for path in folder.iterdir()}
    if there != listed:
        odd = ", ".join(sorted(there ^ listed))
        raise ArtefactRefused(f"{folder}: files that are missing, or not in its manifest: {odd}")
    return Artefact(
        identity, manifest, {f.name: _verified(folder, f.name, f.sha256) for f in manifest.files}
    )


def _manifest(folder: Path, raw: bytes) -> Manifest:
    try:
        manifest = msgspec.json.decode(raw, type=Manifest)
    except (*UNREADABLE, ValueError) as error:
        raise ArtefactRefused(f"{folder}: its manifest cannot be read: {error}") from error
    if manifest.format != FORMAT:
        raise ArtefactRefused(
            f"{folder}: it has format {manifest.format}, this build reads {FORMAT}; train again"
        )
    return manifest


def _verified(folder: Path, name: str, expected: str) -> bytes:
    if Path(name).name != name:
        raise ArtefactRefused(f"{folder}: {name!r} is no plain file name")
    content = _bytes_of(folder / name)
    if sha256(content).hexdigest() != expected:
        raise ArtefactRefused(
            f"{folder}: {name} is not the file that was written (its sha256 differs)"
        )
    return content


def _bytes_of(path: Path) -> bytes:
    try:
        if path.stat().st_size > FILE_BYTES_MAX:
            raise ArtefactRefused(f"{path}: it is larger than {FILE_BYTES_MAX} bytes")
        return path.read_bytes()
    except OSError as error:
        raise ArtefactRefused(f"{path}: {error.strerror or error}") from error
