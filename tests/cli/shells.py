"""A shell at a terminal of its own: it is typed at, Tab is pressed, and the screen is read."""

import os
import pty
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

READ_BYTES = 65_536
ESCAPES = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|[=>()].?)|\x07|\x08|\r")

START = {
    "bash": ("--norc", "--noprofile", "-i"),
    "zsh": ("-f", "-i"),
}
SET_UP = {
    "bash": "bind 'set bell-style none'; source {script}",
    "zsh": "autoload -U compinit; compinit -u -D; source {script}",
}
IS_READY = "echo ready-$((41 + 1))"
"""What is typed last; that it is echoed is not yet its answer."""


def installed(*names: str) -> list[str]:
    """Which of the shells this machine has."""
    return [name for name in names if shutil.which(name)]


class Terminal:
    """What somebody sees who sits at an interactive shell."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.seen = ""

    def types(self, text: str) -> None:
        os.write(self._descriptor, text.encode())

    def sees(self, text: str) -> None:
        """Reads on until it stands on the screen; pytest's own timeout ends a wait in vain."""
        while text not in ESCAPES.sub("", self.seen):
            self.seen += os.read(self._descriptor, READ_BYTES).decode(errors="replace")

    def completes(self, typed: str, expected: str) -> None:
        """Types words and a Tab, and waits until the line has become what is expected."""
        self.seen = ""
        self.types(f"{typed}\t")
        self.sees(expected)
        self.types("\x15")


@contextmanager
def terminal(shell: str, script: Path) -> Iterator[Terminal]:
    """Starts an interactive shell that has read the script; it ends with the block."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [shell, *START[shell]],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        cwd=script.parent,
        env={**os.environ, "TERM": "dumb", "INPUTRC": "/dev/null", "HOME": str(script.parent)},
        start_new_session=True,
    )
    try:
        found = Terminal(ours)
        found.types(f"{SET_UP[shell].format(script=script)}; {IS_READY}\n")
        found.sees("ready-42")
        yield found
    finally:
        process.kill()
        process.wait()
        os.close(ours)
        os.close(theirs)
