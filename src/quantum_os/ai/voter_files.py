"""How a voter is taken from a file of its own: the bytes that are hashed are the bytes that run."""

import inspect
import os
import sys
from pathlib import Path
from types import ModuleType

from quantum_os.ai.foreign_code import admitted, content_hash, somebody_elses
from quantum_os.ai.voter_card import FoundVoter, Origin, VoterCard, VoterError


def names_a_file(reference: str) -> bool:
    """True for `path/file.py:Class`, and for what only forgot the class."""
    return ":" in reference or reference.endswith(".py")


def voter_in_file(reference: str) -> FoundVoter:
    """Loads `path/file.py:Class` and holds it to the contract; raises VoterError.

    The file stands alone: what it imported from its own folder would not be in its hash.
    """
    where, colon, class_name = reference.rpartition(":")
    path = Path(os.path.abspath(where if colon else reference))
    source = _read(path)
    code = content_hash([(path.name, source)])
    module = _loaded(path, source, code)
    if not colon or not hasattr(module, class_name):
        raise VoterError(f"{path}: {_missing(module, class_name if colon else '')}")
    voter = admitted(getattr(module, class_name), f"{path.name}:{class_name}", str(path))
    return FoundVoter(
        voter,
        VoterCard(voter.name, voter.version, Origin.FILE, f"{path}:{class_name}", code),
    )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise VoterError(f"{path}: {error.strerror or error}") from error


def _loaded(path: Path, source: bytes, code: str) -> ModuleType:
    """Runs the file as a module of its own; never from a cache, which may be older than it."""
    module = ModuleType(f"quantum_os_voter_{path.stem}_{code}")
    module.__file__ = str(path)
    before = set(sys.modules)
    sys.modules[module.__name__] = module  # where its own classes look their types up
    with somebody_elses(path.name, str(path)):
        exec(compile(source, path, "exec", dont_inherit=True), vars(module))  # noqa: S102
    _refuse_neighbours(path, set(sys.modules) - before - {module.__name__})
    return module


def _refuse_neighbours(path: Path, imported: set[str]) -> None:
    for name in sorted(imported):
        file = getattr(sys.modules[name], "__file__", None)
        if file is not None and Path(file).parent == path.parent:
            raise VoterError(
                f"{path.name} imports {name} from its own folder: a voter in a file stands alone; "
                f"install the two as a package instead"
            )


def _missing(module: ModuleType, class_name: str) -> str:
    """Says which classes the file has that could be meant."""
    own = [
        name
        for name, value in vars(module).items()
        if inspect.isclass(value) and value.__module__ == module.__name__
    ]
    known = ", ".join(own) or "none"
    wanted = f"has no {class_name}" if class_name else "name the class, as in file.py:Class"
    return f"{wanted}; its classes: {known}"
