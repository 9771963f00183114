"""What the process's exit code means; scripts and systemd rely on these."""

from enum import IntEnum


class ExitCode(IntEnum):
    """Stable across releases."""

    OK = 0
    FAILED = 1
    """The run or the check failed: a mismatch in a replay, a fault in the money path."""
    BAD_INPUT = 2
    """The command, its configuration or its data is wrong; nothing was written."""
    REFUSED = 78
    """The process may not start so (EX_CONFIG): live without what live needs."""
    INTERRUPTED = 130
