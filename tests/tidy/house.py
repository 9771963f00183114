"""Which files are ours: everything git tracks, or would track once added."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "quantum_os"


def files() -> list[Path]:
    """Lists our files, sorted; without git, everything outside hidden folders."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    try:
        asked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return _files_without_git()
    if asked.returncode != 0:
        return _files_without_git()
    named = (ROOT / name for name in asked.stdout.split("\0") if name)
    return sorted(path for path in named if path.is_file())


def texts(*folders: str, suffix: str = "") -> dict[str, str]:
    """Reads our text files below the folders (all of them by default), by relative path."""
    found: dict[str, str] = {}
    for path in files():
        name = path.relative_to(ROOT).as_posix()
        if not name.endswith(suffix) or (folders and not name.startswith(folders)):
            continue
        content = path.read_bytes()
        if b"\0" not in content:
            found[name] = content.decode("utf-8")
    return found


def _files_without_git() -> list[Path]:
    everything = (path for path in ROOT.rglob("*") if path.is_file())
    return sorted(path for path in everything if not _is_made_by_tools(path))


def _is_made_by_tools(path: Path) -> bool:
    folders = path.relative_to(ROOT).parts[:-1]
    return any(folder.startswith((".", "__pycache__")) and folder != ".ci" for folder in folders)
