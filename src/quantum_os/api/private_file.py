"""How a file that only its owner may read is replaced: whole, at once, and on the disk."""

import os
from pathlib import Path


def write_private(path: Path, content: bytes) -> None:
    """Replaces a file at once, readable by its owner alone; raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        os.write(file, content)
        os.fsync(file)
    finally:
        os.close(file)
    draft.replace(path)
