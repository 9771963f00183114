"""How a voter is taken from an installed package: by its entry point, hashed with all its files."""

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from quantum_os.ai.foreign_code import admitted, content_hash, somebody_elses
from quantum_os.ai.voter_card import FoundVoter, Origin, VoterCard, VoterError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "quantum_os.voters"
"""The entry point group in which a package names its voters."""

PACKAGE_BYTES_MAX = 256 * 1024 * 1024
"""Bytes of a package that are hashed; one that is larger carries its data elsewhere."""

_MADE_BY_PYTHON = (".pyc", ".pyo")


def installed() -> "list[EntryPoint]":
    """Lists the entry points of all installed packages, by name; loads none of them."""
    from importlib.metadata import entry_points

    found = entry_points(group=GROUP)
    return sorted(found, key=lambda entry: (entry.name, distribution(entry)))


def distribution(entry: "EntryPoint") -> str:
    """Gives `package version` of what installed an entry point."""
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist is not None else "unknown"


def voter_installed(entry: "EntryPoint") -> FoundVoter:
    """Loads an entry point and holds its voter to the contract; raises VoterError."""
    what = f"{entry.name} of {distribution(entry)}"
    with somebody_elses(what):
        thing: object = entry.load()
    voter = admitted(thing, what)
    if voter.name != entry.name:
        raise VoterError(
            f"{what}: the voter calls itself {voter.name!r}; let the entry point and the voter "
            f"have one name"
        )
    card = VoterCard(
        name=voter.name,
        version=voter.version,
        origin=Origin.INSTALLED,
        source=entry.value,
        hash=content_hash(_files(entry.module, what)),
        distribution=distribution(entry),
    )
    return FoundVoter(voter, card)


def _files(module: str, what: str) -> list[tuple[str, bytes]]:
    """Reads every file of the package that holds a module, or the one file that it is."""
    file, folders = _home(module)
    if not folders:
        return [(file.name, file.read_bytes())]
    found: list[tuple[str, bytes]] = []
    total_bytes = 0
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path.suffix not in _MADE_BY_PYTHON:
                total_bytes += path.stat().st_size
                if total_bytes > PACKAGE_BYTES_MAX:
                    raise VoterError(f"{what}: its package is larger than {PACKAGE_BYTES_MAX} B")
                found.append((path.relative_to(folder).as_posix(), path.read_bytes()))
    return found


def _home(module: str) -> tuple[Path, list[Path]]:
    """Gives the file of the outermost package with code of its own, and its folders, if any.

    A namespace that several packages share has no code; the first part below it counts.
    """
    parts = module.split(".")
    for depth in range(1, len(parts) + 1):
        spec = find_spec(".".join(parts[:depth]))
        if spec is not None and spec.has_location and spec.origin is not None:
            folders = spec.submodule_search_locations or ()
            return Path(spec.origin), [Path(folder) for folder in folders]
    raise VoterError(f"{module} has no file to hash")
