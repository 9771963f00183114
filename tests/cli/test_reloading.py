"""A configuration read anew: all of it or nothing, each error named, and what has to wait named."""

from pathlib import Path
from typing import Any

import pytest

from quantum_os.api.reloading import ConfigRefused
from quantum_os.cli.reloading import Reloader, Told
from quantum_os.settings import load_settings

MAY = ("api.host_names", "api.requests_per_s", "logs.level")


class Desk:
    """A process's file, and what was put in force of it."""

    def __init__(self, folder: Path, flags: dict[str, Any] | None = None) -> None:
        self.file = folder / "fund.toml"
        self.file.write_text("")
        self.applied: list[tuple[str, object]] = []
        told = Told(self.file, flags or {}, {"run": {"profile": "research"}})
        in_force = load_settings(self.file, told.flags, {"PATH": ""}, told.usual)
        apply = {key: lambda value, key=key: self.applied.append((key, value)) for key in MAY}
        self.reloader = Reloader(told, in_force, apply)

    def reload(self, text: str) -> dict[str, list[str]]:
        self.file.write_text(text)
        found = self.reloader.read()
        self.reloader.apply(found)
        return {
            "applied": [each.key for each in found.applies],
            "waits": [each.key for each in found.needs_restart],
        }

    def errors(self, text: str) -> list[str]:
        self.file.write_text(text)
        with pytest.raises(ConfigRefused) as caught:
            self.reloader.read()
        return caught.value.errors


def test_what_may_change_is_applied_and_the_rest_is_named(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    text = '[logs]\nlevel = "INFO"\n[run]\ndeposit = 5.0\n[policy.sizing]\nrisk_base = 0.001\n'
    said = desk.reload(text + '[storage]\nredis = "redis://u:secret@h/0"\n')
    assert said["applied"] == ["logs.level"]
    assert said["waits"] == ["policy.sizing.risk_base", "run.deposit", "storage.redis"]
    assert desk.applied == [("logs.level", "INFO")]


def test_what_is_in_force_is_not_applied_again_and_what_waits_goes_on_waiting(
    tmp_path: Path,
) -> None:
    desk = Desk(tmp_path)
    text = '[logs]\nlevel = "INFO"\n[run]\ndeposit = 5.0\n'
    desk.reload(text)
    assert desk.reload(text) == {"applied": [], "waits": ["run.deposit"]}
    assert desk.reload("") == {"applied": ["logs.level"], "waits": []}
    assert desk.applied == [("logs.level", "INFO"), ("logs.level", "WARNING")]


def test_c4_bad_values_are_refused_whole_and_each_is_named(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    errors = desk.errors(
        "[api]\nrequests_per_s = 0\nnames = 1\n[logs]\nlevel = 'LOUD'\n"
        "[run]\nprofile = 'none'\nseed = 4\n[policy.sizing]\nrisk_base = 7.0\n"
    )
    for named in ("$.api.requests_per_s", "api.names", "logs.level", "profile", "risk_base"):
        assert sum(named in line for line in errors) == 1, (named, errors)
    assert len(errors) == 5, errors
    assert desk.applied == []


def test_c4_values_that_contradict_each_other_are_refused(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    (line,) = desk.errors("[run]\nfees = 'VIP0'\n[sim]\nmaker_fee_bps = 9.0\n")
    assert "contradict" in line


@pytest.mark.parametrize("text", ["[api", "api = 1", "[logs]\nlevel"])
def test_c4_what_is_no_configuration_is_refused(tmp_path: Path, text: str) -> None:
    desk = Desk(tmp_path)
    assert desk.errors(text)
    assert desk.applied == []


def test_c4_a_file_that_is_gone_is_refused(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.file.unlink()
    with pytest.raises(ConfigRefused, match="no such file"):
        desk.reloader.read()


def test_a_flag_stands_over_the_file(tmp_path: Path) -> None:
    desk = Desk(tmp_path, {"logs": {"level": "DEBUG"}})
    assert desk.reload("[logs]\nlevel = 'INFO'\n") == {"applied": [], "waits": []}


def test_what_is_shown_hides_secrets(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.file.write_text('[storage]\nredis = "redis://u:s3cret@h/0"\n')
    found = desk.reloader.read()
    assert "s3cret" not in repr(found)
    assert found.shown["storage"]["redis"] == "", "it is not in force before a restart"
