"""Tab completes verbs, options and choices, in the shells themselves and without our program."""

import subprocess
from pathlib import Path

import pytest

from quantum_os.cli.completion import SCRIPTS
from quantum_os.cli.completion.table import every_verb
from quantum_os.cli.main import COMMANDS, main
from tests.cli.console import here
from tests.cli.shells import installed, terminal

VERBS = tuple(every_verb(main))

QUESTION = """
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
_quantum_os
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture(scope="module", params=SCRIPTS)
def script(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(str(request.param), tmp_path_factory.mktemp("completion"))


def written(shell: str, folder: Path) -> Path:
    script = folder / f"quantum-os.{shell}"
    script.write_text(SCRIPTS[shell](VERBS), encoding="utf-8")
    return script


@pytest.fixture(scope="module")
def bash(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written("bash", tmp_path_factory.mktemp("bash"))


def offered(bash: Path, *words: str) -> list[str]:
    """What bash would offer for these words, the last of them being typed.

    The PATH is empty: whatever is offered, no program was asked.
    """
    done = subprocess.run(
        ["/bin/bash", "--norc", "-c", QUESTION, "bash", str(bash), "quantum-os", *words],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": ""},
        timeout=30,
    )
    assert done.stderr == ""
    return done.stdout.split()


def test_every_verb_and_option_is_offered(bash: Path) -> None:
    assert offered(bash, "") == sorted(COMMANDS)
    for verb in VERBS:
        names = [name for option in verb.options for name in option.names]
        assert offered(bash, *verb.path.split(), "-") == names, verb.path


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("rep",), ["replay", "report"]),
        (("db", "ch"), ["check"]),
        (("config", "show", "--cha"), ["--changed"]),
        (("run", "--mode", ""), ["demo", "paper", "testnet", "live"]),
        (("run", "--mode", "=", "de"), ["demo"]),
        (("run", "--mode", "="), ["demo", "paper", "testnet", "live"]),
        (("run", "--json", "--scen"), ["--scenario"]),
        (("run", "--scenario", "crash", "--se"), ["--seed"]),
        (("completion", ""), ["bash", "zsh", "fish"]),
        (("run", "--data", ""), []),
        (("run", "--seed", ""), []),
        (("nothing", "--"), ["--version", "--help"]),
    ],
)
def test_what_fits_is_offered_and_nothing_else(
    words: tuple[str, ...], expected: list[str], bash: Path
) -> None:
    assert offered(bash, *words) == expected


def test_canary_a_script_that_lacks_an_option_is_seen(bash: Path, tmp_path: Path) -> None:
    poor = tmp_path / "poor.bash"
    poor.write_text(bash.read_text(encoding="utf-8").replace("'--scenario:", "'--other:"))
    assert offered(poor, "run", "--scen") == []


@pytest.mark.parametrize("shell", installed(*SCRIPTS))
def test_a_real_shell_completes(shell: str, tmp_path: Path) -> None:
    """In each shell of the three that this machine has; bash is always there."""
    (tmp_path / "klines-of-mine").mkdir()
    script = written(shell, tmp_path)
    if shell == "fish":
        fish_completes(script)
        return
    with terminal(shell, script) as screen:
        screen.completes("quantum-os repl", "quantum-os replay ")
        screen.completes("quantum-os run --scena", "quantum-os run --scenario ")
        screen.completes("quantum-os run --scenario cr", "--scenario crash")
        screen.completes("quantum-os run --scenario=cr", "--scenario=crash")
        screen.completes("quantum-os db ch", "quantum-os db check")
        screen.completes("quantum-os run --data kli", "--data klines-of-mine")


def fish_completes(script: Path) -> None:
    """Asks fish itself what it would offer, as it can be asked without a terminal."""
    for typed, expected in (
        ("repl", "replay"),
        ("run --scena", "--scenario"),
        ("run --scenario cr", "crash"),
        ("db ch", "check"),
        ("run --data kli", "klines-of-mine/"),
    ):
        command = f"source {script}; complete -C 'quantum-os {typed}'"
        done = subprocess.run(
            ["fish", "--no-config", "-c", command],
            capture_output=True,
            text=True,
            check=True,
            cwd=script.parent,
        )
        assert [line.split("\t")[0] for line in done.stdout.splitlines()] == [expected], typed


def test_nothing_that_a_shell_would_run_stands_in_a_meaning(script: Path) -> None:
    """Meanings stand in single quotes, so only those could end them."""
    for line in script.read_text(encoding="utf-8").splitlines():
        if "printf" in line or line.startswith("complete -c quantum-os -n"):
            assert line.count("'") % 2 == 0, line


def test_the_command_prints_the_script() -> None:
    for shell, script_of in SCRIPTS.items():
        assert here("completion", shell).out == script_of(VERBS)
    assert here("completion", "tcsh").code == 2
