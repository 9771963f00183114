"""Every command of every page runs as it is printed, and says what the page shows.

A page is picked up by lying in `docs/`. Its commands run in a folder of their own that holds
`data`, a few days of a made-up market, and the repository's `examples`. CONTRIBUTING.md has the
conventions.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import write_tape
from tests.docs.pages import LANGUAGES, REASONS, ROOT, Block, blocks, commands, missing, pages

PAGES = pages()
NOT_RUN_MAX = 9
"""Blocks that may be left out, over all pages."""

COMMAND_MAX_S = 800
"""Most commands take a second; a training takes a minute alone, and some beside other work."""

SHIMS = {"quantum-os": "-m quantum_os", "python": "", "pytest": "-m pytest -p no:cacheprovider"}
"""What the environment of a reader would have on its path."""


@pytest.fixture(scope="session")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tape(tmp_path_factory.mktemp("pages") / "data")


@pytest.fixture
def desk(market: Path, tmp_path: Path) -> Path:
    """The folder that a reader works in."""
    desk = tmp_path / "desk"
    shutil.copytree(market, desk / "data")
    shutil.copytree(
        ROOT / "examples", desk / "examples", ignore=shutil.ignore_patterns("__pycache__")
    )
    return desk


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A shell in which `quantum-os` is this checkout's, and nothing is configured."""
    shims = tmp_path_factory.mktemp("bin")
    for name, words in SHIMS.items():
        shim = shims / name
        shim.write_text(f'#!/bin/sh\nexec "{sys.executable}" {words} "$@"\n', encoding="utf-8")
        shim.chmod(0o755)
    kept = {key: value for key, value in os.environ.items() if not key.startswith("QUANTUM_OS")}
    return kept | {
        "PATH": f"{shims}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")]),
        "PYTHONDONTWRITEBYTECODE": "1",
        "COLUMNS": "200",
    }


def followed(page: str, desk: Path, environment: dict[str, str]) -> str | None:
    """Does what a page says, block by block; gives what went wrong first."""
    for block in blocks(page):
        if block.language not in LANGUAGES:
            return f"line {block.line}: name the language of the block"
        wrong = _left_out(block) if block.not_run else _done(block, desk, environment)
        if wrong:
            return wrong
    return None


def _left_out(block: Block) -> str | None:
    """A block that is not run has a known reason, and its `make` targets exist."""
    if block.not_run not in REASONS:
        return f"line {block.line}: {block.not_run!r} is no reason to leave a block out"
    for command in commands(block):
        if command.text.startswith("make "):
            target = command.text.split()[1]
            tried = subprocess.run(
                ["make", "--dry-run", target], cwd=ROOT, capture_output=True, check=False
            )
            if tried.returncode:
                return f"line {command.line}: make knows no {target}"
    return None


def _done(block: Block, desk: Path, environment: dict[str, str]) -> str | None:
    if block.file:
        kept = ROOT / block.file
        if kept.exists() and kept.read_text(encoding="utf-8") != block.text:
            return f"line {block.line}: {block.file} reads otherwise"
        written = desk / block.file
        written.parent.mkdir(parents=True, exist_ok=True)
        written.write_text(block.text, encoding="utf-8")
    if block.language not in ("console", "bash"):
        return None
    for command in commands(block):
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", command.text],
            cwd=desk,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=COMMAND_MAX_S,
        )
        said = done.stdout + done.stderr
        where = f"line {command.line}: {command.text}"
        if done.returncode != command.code:
            return f"{where}\nended with {done.returncode}, not {command.code}\n{said}"
        lacking = missing(command.shown, said)
        if lacking is not None:
            return f"{where}\ndoes not show: {lacking}\nbut:\n{said}"
    return None


@pytest.mark.timeout(900)
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_a_page_can_be_followed(page: Path, desk: Path, environment: dict[str, str]) -> None:
    assert followed(page.read_text(encoding="utf-8"), desk, environment) is None


def test_few_blocks_are_left_out() -> None:
    left_out = [
        f"{page.name}:{block.line}"
        for page in PAGES
        for block in blocks(page.read_text(encoding="utf-8"))
        if block.not_run
    ]
    assert len(left_out) <= NOT_RUN_MAX, left_out


FAULTY = {
    "a command that fails": ("```console\n$ quantum-os voters nobody\n```\n", "ended with 2"),
    "one that should": ("```console\n$ true  # exit 2\n```\n", "ended with 0, not 2"),
    "one in a pipe": ("```console\n$ false | true\n```\n", "ended with 1"),
    "a line of bash": ("```bash\ntrue\nfalse\n```\n", "line 3: false"),
    "output that is not said": ("```console\n$ echo one\ntwo\n```\n", "does not show: two"),
    "output in another order": ("```console\n$ printf 'b\\na\\n'\na\nb\n```\n", "does not show: b"),
    "a block without a language": ("```\n$ false\n```\n", "name the language"),
    "an excuse": ("<!-- not run: later -->\n```console\n$ false\n```\n", "is no reason"),
    "a target that is gone": (
        "<!-- not run: takes minutes -->\n```console\n$ make nothing\n```\n",
        "make knows no nothing",
    ),
    "a file that reads otherwise": (
        "<!-- file: examples/pullback/pullback.py -->\n```python\npass\n```\n",
        "reads otherwise",
    ),
}


@pytest.mark.parametrize("fault", FAULTY)
def test_a_faulty_page_is_seen(fault: str, desk: Path, environment: dict[str, str]) -> None:
    page, words = FAULTY[fault]
    assert words in (followed(page, desk, environment) or "")


def test_a_block_that_does_not_end_is_seen() -> None:
    with pytest.raises(ValueError, match="does not end"):
        list(blocks("text\n```console\n$ true\n"))


def test_the_shape_counts_and_not_the_numbers() -> None:
    said = "┃ net  ┃ +12.94 USD ┃\nverify r-1 now\n"
    assert missing(("net -3 USD", "verify ... now"), said) is None
    assert missing(("net -3 EUR",), said) == "net -3 EUR"
    assert missing(("verify x2",), "verify x3") == "verify x2", "a name keeps its digits"


LINK = re.compile(r"\]\((?!https?://|mailto:)(?P<target>[^)#\s]*)(?:#(?P<anchor>[^)\s]*))?\)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_its_links_lead_somewhere(page: Path) -> None:
    for link in LINK.finditer(page.read_text(encoding="utf-8")):
        target = page.parent / link["target"] if link["target"] else page
        assert target.exists(), link[0]
        if link["anchor"]:
            text = target.read_text(encoding="utf-8")
            assert link["anchor"] in {_anchor(line) for line in text.splitlines()}, link[0]


def test_the_map_has_every_page() -> None:
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    linked = {link["target"] for link in LINK.finditer(index)}
    for page in PAGES:
        name = os.path.relpath(page, ROOT / "docs")
        if not name.startswith("decisions") and name != "index.md":
            assert name in linked, name


def test_no_two_decisions_have_one_number() -> None:
    numbers = sorted(path.name[:4] for path in (ROOT / "docs" / "decisions").glob("*.md"))
    assert numbers == [f"{number:04}" for number in range(1, len(numbers) + 1)]


def _anchor(line: str) -> str:
    """Gives a heading's anchor as GitHub makes it."""
    title = re.sub(r"^#+ ", "", line) if line.startswith("#") else ""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
