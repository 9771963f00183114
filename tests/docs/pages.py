"""What a page has its reader do: its fenced blocks, and how each is marked."""

import re
from collections.abc import Iterator
from pathlib import Path

import msgspec

ROOT = Path(__file__).resolve().parents[2]

LANGUAGES = frozenset(
    {"bash", "console", "csv", "ini", "json", "mermaid", "python", "text", "toml"}
)
"""What a block may be; one without a language could hide a command from the test."""

REASONS = (
    "sets up the environment",
    "installs packages",
    "needs the network",
    "runs until it is stopped",
    "takes minutes",
)
"""Why a block may be left out, and no other why."""

_FENCE = re.compile(r"(?P<ticks>`{3,})(?P<language>\S*)\s*")
_MARK = re.compile(r"<!-- (?P<name>file|not run): (?P<value>.+) -->")
_EXIT = re.compile(r"\s+# exit (?P<code>[0-9]+)$")


class Block(msgspec.Struct, frozen=True):
    """One fenced block: where it begins, what it is, and the mark on the line before it."""

    line: int
    language: str
    text: str
    file: str = ""
    not_run: str = ""


class Command(msgspec.Struct, frozen=True):
    """One command as a reader types it, the exit code it must have, and the output shown below."""

    line: int
    text: str
    code: int
    shown: tuple[str, ...]


def pages() -> list[Path]:
    """Lists every page a reader may follow."""
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(page: str) -> Iterator[Block]:
    """Finds the fenced blocks of a page; raises ValueError for one that does not end."""
    lines = page.splitlines()
    begin = 0
    while begin < len(lines):
        fence = _FENCE.fullmatch(lines[begin])
        if fence is not None:
            try:
                end = lines.index(fence["ticks"], begin + 1)
            except ValueError:
                raise ValueError(f"line {begin + 1}: the block does not end") from None
            mark = _MARK.fullmatch(lines[begin - 1]) if begin else None
            marks = {mark["name"].replace(" ", "_"): mark["value"]} if mark else {}
            text = "".join(f"{line}\n" for line in lines[begin + 1 : end])
            yield Block(begin + 1, fence["language"], text, **marks)
            begin = end
        begin += 1


def commands(block: Block) -> Iterator[Command]:
    """Reads the commands of a block: `$ ` lines of a console, every line of bash."""
    typed: list[tuple[int, str, list[str]]] = []
    for place, line in enumerate(block.text.splitlines(), block.line + 1):
        if typed and typed[-1][1].endswith("\\"):
            number, text, shown = typed[-1]
            typed[-1] = (number, text[:-1] + line.strip(), shown)
        elif block.language == "console" and line.startswith("$ "):
            typed.append((place, line[2:], []))
        elif block.language == "bash" and line.strip():
            typed.append((place, line, []))
        elif typed:
            typed[-1][2].append(line)
        elif line.strip():
            raise ValueError(f"line {place}: output without a command")
    for place, text, shown in typed:
        wanted = _EXIT.search(text)
        code = int(wanted["code"]) if wanted else 0
        yield Command(place, _EXIT.sub("", text), code, tuple(shown))


def missing(shown: tuple[str, ...], said: str) -> str | None:
    """Gives the first shown line that the output lacks; None when all are there, in order.

    Only the shape counts: any number stands for any, boxes and spacing do not matter, and `...`
    stands for whatever.
    """
    actual = [_shape(line) for line in said.splitlines()]
    place = 0
    for line in shown:
        wanted = re.compile(".*".join(map(re.escape, _shape(line).split("..."))))
        while place < len(actual) and not wanted.search(actual[place]):
            place += 1
        if place == len(actual):
            return line
        place += 0 if line.strip() in ("", "...") else 1
    return None


def _shape(line: str) -> str:
    without_boxes = re.sub(r"[\u2500-\u257f]", " ", line)
    numbers = re.sub(r"(?<![A-Za-z_])[-+]?[0-9][0-9,]*(?:\.[0-9]+)?", "#", without_boxes)
    return " ".join(numbers.split())
