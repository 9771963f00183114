"""`quantum-os emulator` refuses what it cannot serve, and never repeats a secret."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from quantum_os.cli.emulator_command import emulator


@pytest.mark.parametrize(
    "arguments",
    [
        ["--account", "K:TOPSECRET:100"],
        ["--account", "K:TOPSECRET:100", "--synthetic", "1", "--tape", "."],
        ["--account", "K:TOPSECRET", "--synthetic", "1"],
        ["--account", "K:TOPSECRET:much", "--synthetic", "1"],
        ["--account", "K:TOPSECRET:1", "--account", "K:OTHER:1", "--synthetic", "1"],
        ["--account", "K:TOPSECRET:1", "--tape", "."],
    ],
)
def test_what_cannot_be_served_is_refused(arguments: list[str], tmp_path: Path) -> None:
    tls = tmp_path / "tls"
    typed = [str(tmp_path) if word == "." else word for word in arguments]
    done = CliRunner().invoke(emulator, ["--tls-dir", str(tls), *typed])
    assert done.exit_code == 2
    assert "TOPSECRET" not in done.output
    assert not tls.exists(), "nothing is written"
