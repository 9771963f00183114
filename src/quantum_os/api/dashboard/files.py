"""Which files the dashboard is made of: those in `static`, read once, named by what they hold."""

from functools import cache
from pathlib import Path

import msgspec

from quantum_os.api.etags import tag_of

STATIC = Path(__file__).parent / "static"
MEDIA_TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}
PAGES = "pages/"
HEAD_END = b"</head>"


class File(msgspec.Struct, frozen=True):
    """One file as it is sent; `tag` changes with its content."""

    content: bytes
    media_type: str
    tag: str


@cache
def files() -> dict[str, File]:
    """Gives every file by its path below `static`; what is not here does not exist."""
    found = (path for path in sorted(STATIC.rglob("*")) if path.suffix in MEDIA_TYPES)
    return {path.relative_to(STATIC).as_posix(): _read(path) for path in found}


def pages() -> list[str]:
    """Names the page modules; a further page is one more file, and nothing else."""
    return [name.removeprefix(PAGES) for name in files() if name.startswith(PAGES)]


@cache
def front() -> File:
    """Gives the page that all pages live in. It names every script, so that all come at once."""
    page = files()["index.html"].content
    scripts = (name for name, file in files().items() if file.media_type == MEDIA_TYPES[".js"])
    links = "".join(f'<link rel="modulepreload" href="/dashboard/{name}">\n' for name in scripts)
    content = page.replace(HEAD_END, links.encode() + HEAD_END)
    return File(content, MEDIA_TYPES[".html"], tag_of(content).decode())


def _read(path: Path) -> File:
    content = path.read_bytes()
    return File(content, MEDIA_TYPES[path.suffix], tag_of(content).decode())
