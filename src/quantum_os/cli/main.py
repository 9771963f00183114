"""`quantum-os`: one command per verb, each in the file of its name, loaded when it is called."""

from importlib import import_module

import rich_click as click

from quantum_os import __version__

EPILOG = (
    "Exit codes: 0 done; 1 the run or the check failed; 2 bad command, configuration or data "
    "(nothing written); 78 refused to start so; 130 interrupted."
)

COMMANDS = {
    "backtest": "backtest:backtest",
    "run": "run:run",
    "remote-sim": "remote_sim:remote_sim",
    "replay": "replay:replay",
    "why": "why:why",
    "trace": "trace:trace",
    "report": "report:report",
    "runs": "runs:runs",
    "lineup": "lineup_command:lineup",
}
"""Command -> file of `cli` and function in it. A question is answered without loading the fund."""


class Commands(click.RichGroup):
    """Finds a command by its name and imports its file only then."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        file, _, name = COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(import_module(f"quantum_os.cli.{file}"), name)
        return command


@click.group(cls=Commands, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="quantum-os")
def main() -> None:
    """A hedge fund in one process: backtest it, watch it trade, replay what it did.

    Results go to stdout; progress, logs and errors to stderr. With --json a command prints exactly
    one JSON object.
    """
