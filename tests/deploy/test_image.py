"""The Dockerfile says what it means to, copies what there is, and holds no secret.

No image is built here; `make image-check` runs its commands, without Docker, in a scratch folder.
"""

import fnmatch
import re
import tomllib

import pytest
import rich_click as click

from quantum_os.cli.main import main
from quantum_os.cli.masking import MASK, masked
from quantum_os.settings import load_settings
from tests.deploy.dockerfile import ROOT, Stage, pairs, sources, stages

TEXT = (ROOT / "Dockerfile").read_text(encoding="utf-8")
IGNORED = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
PINNED = re.compile(r"(?m)^(?P<name>[a-z0-9][a-z0-9._-]*)==(?P<version>\S+)")


@pytest.fixture
def build() -> Stage:
    return stages(TEXT)[0]


@pytest.fixture
def image() -> Stage:
    return stages(TEXT)[-1]


def reaches_the_build(path: str) -> bool:
    """What .dockerignore leaves of a path; of its lines the last that matches counts."""
    stays = True
    for line in IGNORED:
        if not line or line.startswith("#"):
            continue
        pattern = line.removeprefix("!")
        if any(fnmatch.fnmatch(each, pattern) for each in (path, path.partition("/")[0])):
            stays = line.startswith("!")
    return stays


def test_there_are_two_stages_and_the_second_compiles_nothing(build: Stage, image: Stage) -> None:
    assert [stage.name for stage in stages(TEXT)] == ["build", ""]
    assert "pip" not in " ".join(each.text for each in image.all("RUN"))
    assert build.image == image.image


def test_what_is_copied_is_there_and_reaches_the_build(build: Stage, image: Stage) -> None:
    for copy in build.all("COPY"):
        stage, names = sources(copy)
        assert stage == ""
        for name in names:
            assert (ROOT / name).exists(), name
            assert reaches_the_build(name), name
    for copy in image.all("COPY"):
        stage, (place,) = sources(copy)
        assert stage == "build"
        assert any(place in run.text for run in build.all("RUN")), place


@pytest.mark.parametrize(
    "path", [".git/config", ".env", "var/journal.sqlite", "quantum-os.toml", "tests/conftest.py"]
)
def test_what_is_private_or_useless_does_not_reach_the_build(path: str) -> None:
    assert not reaches_the_build(path)


def test_it_runs_as_nobody_in_particular(image: Stage) -> None:
    user = image.the("USER").text
    assert user == "10001:10001"
    names = [each.name for each in image.instructions]
    assert "RUN" not in names[names.index("USER") :], "what follows is not done as root"
    assert image.the("STOPSIGNAL").text == "SIGTERM"


def test_no_variable_holds_a_secret(build: Stage, image: Stage) -> None:
    for stage in (build, image):
        for env in stage.all("ENV"):
            for name, value in pairs(env).items():
                assert masked(name.lower(), value) == value != MASK


def test_its_home_is_on_its_volume(image: Stage) -> None:
    variables = pairs(image.the("ENV"))
    home = load_settings(environment=variables).storage.home
    assert home.startswith(image.the("VOLUME").text + "/")
    assert image.the("WORKDIR").text == image.the("VOLUME").text


def understood(words: list[str]) -> str:
    """Reads a command line as the program would, and does nothing; gives its verb."""
    program, verb, *rest = words
    assert program == "quantum-os"
    command = main.get_command(click.Context(main), verb)
    assert command is not None
    command.make_context(verb, rest)
    return verb


def test_its_commands_are_ours(image: Stage) -> None:
    entry = image.the("ENTRYPOINT").words
    assert understood([*entry, *image.the("CMD").words]) == "run"
    assert understood(image.the("HEALTHCHECK").words) == "alive"
    with pytest.raises(click.UsageError):
        understood([*entry, "run", "--forever"])


def locked(name: str) -> dict[str, set[str]]:
    """The blocks of a lock by package: version and hashes, the markers left out."""
    blocks = re.split(r"(?m)^(?=[a-z0-9])", (ROOT / name).read_text(encoding="utf-8"))
    found: dict[str, set[str]] = {}
    for block in blocks:
        if pin := PINNED.match(block):
            hashes = set(re.findall(r"--hash=\S+", block))
            assert hashes, pin["name"]
            found.setdefault(pin["name"], set()).update({pin["version"], *hashes})
    return found


@pytest.mark.parametrize("lock", ["requirements-runtime.lock", "requirements-build.lock"])
def test_its_packages_are_those_of_the_lock(lock: str) -> None:
    """Mended by: make lock-image"""
    whole = locked("requirements.lock")
    assert {name: pins for name, pins in locked(lock).items() if whole.get(name) != pins} == {}


def test_what_the_program_needs_is_locked_and_nothing_of_the_workshop() -> None:
    """Mended by: make lock-image"""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    runtime = locked("requirements-runtime.lock")
    for needed in project["project"]["dependencies"]:
        assert re.split(r"[\[>;]", needed)[0] in runtime, needed
    assert runtime.keys().isdisjoint({"pytest", "mypy", "selenium", "hatchling", "torch"})


@pytest.mark.parametrize(
    "planted",
    ["FROM x\nRUM true", "RUN true", "FROM ${OTHER}", "FROM x\nRUN", "FROM x AS Some Thing"],
)
def test_canary_a_faulty_file_is_seen(planted: str) -> None:
    with pytest.raises(ValueError, match=r"not understood|before any|unknown argument"):
        stages(planted)
