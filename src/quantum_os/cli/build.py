"""Which code this is: its version, and a hash of every source file it runs on."""

from hashlib import blake2b
from importlib import resources
from importlib.resources.abc import Traversable

from quantum_os import __version__

_SOURCES = (".py", ".toml", ".json")


def code_hash() -> str:
    """Gives 12 hex digits over the package's own files, in name order."""
    digest = blake2b(digest_size=6)
    for name, file in sorted(_files(resources.files("quantum_os"), "")):
        digest.update(name.encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()


def build() -> str:
    """Gives the build that a run is stamped with, e.g. `0.1.0+5f1c0a9be2d4`."""
    return f"{__version__}+{code_hash()}"


def _files(folder: Traversable, prefix: str) -> list[tuple[str, Traversable]]:
    found: list[tuple[str, Traversable]] = []
    for entry in folder.iterdir():
        name = f"{prefix}/{entry.name}"
        if entry.is_dir():
            found += _files(entry, name)
        elif entry.name.endswith(_SOURCES):
            found.append((name, entry))
    return found
