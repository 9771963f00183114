"""The service's unit: systemd accepts it, its command is ours, and it is closed in."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import rich_click as click

from quantum_os.cli.exit_codes import ExitCode
from quantum_os.cli.life_signs import BEATS_PER_WATCHDOG
from quantum_os.cli.main import main
from tests.deploy.dockerfile import ROOT

UNIT = ROOT / "deploy" / "quantum-os.service"
ANALYZE = shutil.which("systemd-analyze")
EXPOSURE_MAX = 1.5
SECTIONS = ("Unit", "Service", "Install")


def read(text: str) -> dict[str, list[str]]:
    """Gives every directive with its values; raises ValueError for a line that is none."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        if head := re.fullmatch(r"\[(\w+)\]", line):
            assert head[1] in SECTIONS, line
            continue
        directive = re.fullmatch(r"([A-Z]\w+)=(.*)", line)
        if directive is None:
            raise ValueError(f"no directive: {line}")
        found.setdefault(directive[1], []).append(directive[2])
    return found


SAYS = read(UNIT.read_text(encoding="utf-8"))


def objections(text: str, folder: Path) -> list[str]:
    """What systemd says of a unit whose program is there; where it is not there, what we can say.

    The fallback knows no directive by name: it sees that the lines are directives, and that those
    which everything rests on have a value.
    """
    there = text.replace("/usr/local/lib/quantum-os/bin/quantum-os", "/bin/true")
    unit = folder / UNIT.name
    unit.write_text(there, encoding="utf-8")
    if ANALYZE is None:
        print("no systemd here: read by our own eyes only")
        try:
            says = read(there)
        except ValueError as error:
            return [str(error)]
        return [name for name in ("ExecStart", "Type", "WatchdogSec") if not says.get(name)]
    done = subprocess.run(
        [ANALYZE, "verify", "--man=no", str(unit)], capture_output=True, text=True, check=False
    )
    said = [line for line in done.stderr.splitlines() if unit.name in line]
    return said or ([f"ended with {done.returncode}"] if done.returncode else [])


def test_systemd_accepts_it(tmp_path: Path) -> None:
    assert objections(UNIT.read_text(encoding="utf-8"), tmp_path) == []


@pytest.mark.parametrize("planted", ["Watchdog what\n", "ExecStart=\n"])
def test_canary_a_faulty_unit_is_seen(planted: str, tmp_path: Path) -> None:
    text = UNIT.read_text(encoding="utf-8").replace("Type=notify\n", f"{planted}", 1)
    if planted.startswith("ExecStart"):
        text = re.sub(r"ExecStart=\S.*\n", "", text)
    assert objections(text, tmp_path)


def test_its_command_is_ours() -> None:
    (line,) = SAYS["ExecStart"]
    program, verb, *rest = line.split()
    assert program.endswith("/bin/quantum-os")
    command = main.get_command(click.Context(main), verb)
    assert command is not None
    chosen = command.make_context(verb, rest).params
    assert chosen["duration"] == 0, "a service runs until it is stopped"


def test_its_configuration_is_the_credential_it_is_handed() -> None:
    name, _, source = SAYS["LoadCredential"][0].partition(":")
    assert f"${{CREDENTIALS_DIRECTORY}}/{name}" in SAYS["ExecStart"][0]
    assert source == f"/etc/quantum-os/{name}"
    assert SAYS["StateDirectory"] == ["quantum-os"]
    assert "--home ${STATE_DIRECTORY}" in SAYS["ExecStart"][0]


def test_it_notifies_and_is_watched_and_comes_back_unless_a_person_must_act() -> None:
    assert (SAYS["Type"], SAYS["Restart"]) == (["notify"], ["always"])
    assert int(SAYS["WatchdogSec"][0]) / BEATS_PER_WATCHDOG >= 1
    stays = {int(code) for code in SAYS["RestartPreventExitStatus"][0].split()}
    assert stays == {ExitCode.BAD_INPUT, ExitCode.REFUSED}


def exposure(unit: Path) -> float:
    assert ANALYZE is not None
    done = subprocess.run(
        [ANALYZE, "security", "--offline=true", "--no-pager", str(unit)],
        capture_output=True,
        text=True,
        check=False,
        env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"},
    )
    score = re.search(r"exposure level for \S+: ([\d.]+)", done.stdout)
    assert score is not None, done.stdout[-300:] + done.stderr
    return float(score[1])


def test_it_is_closed_in(tmp_path: Path) -> None:
    """Where systemd is there its own score counts, and a bare unit has another."""
    if ANALYZE is None:
        print("no systemd here: only the directives are counted")
        assert len([name for name in SAYS if name.startswith(("Protect", "Private"))]) >= 12
        return
    assert exposure(UNIT) <= EXPOSURE_MAX
    bare = tmp_path / UNIT.name
    bare.write_text("[Service]\nExecStart=/bin/true\n", encoding="utf-8")
    assert exposure(bare) > 9
