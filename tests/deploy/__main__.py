"""`make image-check`: runs the commands of the Dockerfile in a scratch folder, without Docker.

What Docker itself does is not tried: base image, user, layers, the clock of the health check.
"""

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.deploy.dockerfile import ROOT, Instruction, Stage, sources, stages

PLACES = ("/build", "/srv/quantum-os", "/wheels", "/src")
"""Where the build works; each is moved below the scratch folder."""


def run(command: str, folder: Path) -> None:
    print(f"$ {command}", flush=True)
    kept = {name: text for name, text in os.environ.items() if not name.startswith("PYTHON")}
    subprocess.run(["/bin/bash", "-ec", command], cwd=folder, env=kept, check=True)


def copy(instruction: Instruction, folder: Path) -> None:
    _, names = sources(instruction)
    for name in names:
        if (ROOT / name).is_dir():
            shutil.copytree(
                ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__")
            )
        else:
            shutil.copy(ROOT / name, folder / name)


def moved(command: str, scratch: Path) -> str:
    """Gives the command with the places of the build below the scratch folder."""
    for place in PLACES:
        command = command.replace(f" {place}", f" {scratch}{place}")
    python = shlex.quote(os.path.realpath(sys.executable))
    return command.replace("python -m venv", f"{python} -m venv", 1)


def build(stage: Stage, scratch: Path) -> None:
    folder = scratch / "src"
    folder.mkdir()
    for instruction in stage.instructions:
        if instruction.name == "COPY":
            copy(instruction, folder)
        elif instruction.name == "RUN":
            run(moved(f" {instruction.text}", scratch), folder)


def try_out(image: Stage, scratch: Path) -> None:
    """Lives for some seconds as the image would, and asks its health check meanwhile and after."""
    home = scratch / "state"
    home.mkdir()
    binaries = scratch / "srv" / "quantum-os" / "bin"
    settings = {
        "QUANTUM_OS__STORAGE__HOME": str(home / "home"),
        "PATH": f"{binaries}:/usr/bin:/bin",
    }
    check = image.the("HEALTHCHECK").words
    words = [*image.the("ENTRYPOINT").words, *image.the("CMD").words]
    with (home / "said").open("wb") as said:
        fund = subprocess.Popen(
            [str(binaries / words[0]), *words[1:]], cwd=home, env=settings, stdout=said, stderr=said
        )
        try:
            healthy = [str(binaries / check[0]), *check[1:]]
            while subprocess.run(
                healthy, env=settings, capture_output=True, check=False
            ).returncode:
                assert fund.poll() is None, (home / "said").read_text()
            subprocess.run(healthy, env=settings, check=True)
        finally:
            fund.terminate()
            print(f"the fund ended with {fund.wait(60)}")
        gone = subprocess.run(healthy, env=settings, check=False).returncode
        assert gone == 1, "a fund that is gone is not healthy"


def main() -> None:
    first, *_, last = stages((ROOT / "Dockerfile").read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory(prefix="quantum-os-image-") as name:
        build(first, Path(name))
        try_out(last, Path(name))
    print("the commands of the Dockerfile work")


if __name__ == "__main__":
    main()
