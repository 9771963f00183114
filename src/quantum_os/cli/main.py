"""`quantum-os`: one command per verb, each in a file of its own, loaded when it is asked for."""

from importlib import import_module

import rich_click as click

from quantum_os import __version__

EPILOG = (
    "Exit codes: 0 done; 1 the run or the check failed; 2 bad command, configuration or data "
    "(nothing written); 78 refused to start so; 130 interrupted."
)

COMMANDS = {
    "demo": "demo_command:demo",
    "init": "init_command:init",
    "doctor": "doctor:doctor",
    "backtest": "backtest:backtest",
    "run": "run:run",
    "alive": "alive:alive",
    "remote-sim": "remote_sim:remote_sim",
    "emulator": "emulator_command:emulator",
    "replay": "replay:replay",
    "why": "why:why",
    "trace": "trace:trace",
    "simulate": "simulate:simulate",
    "report": "report:report",
    "skew": "skew_command:skew",
    "runs": "runs:runs",
    "train": "train:train",
    "models": "models_group:models",
    "check-data": "check_data:check_data",
    "download-data": "download_data:download_data",
    "voters": "voters:voters",
    "config": "config_command:config",
    "completion": "completion:completion",
    "policy": "policy_command:policy",
    "lineup": "lineup_command:lineup",
    "status": "status:status",
    "pause": "stopping:pause",
    "resume": "stopping:resume",
    "clear": "stopping:clear",
    "flatten": "stopping:flatten",
    "kill": "kill:kill",
    "logs": "logs_command:logs",
    "reload-config": "reload_config:reload_config",
    "login-link": "login_link:login_link",
    "tokens": "tokens_command:tokens",
    "db": "db:db",
    "backup": "backup:backup",
}
"""Which file of this package holds a verb, and under which name."""


class Verbs(click.RichGroup):
    """Loads the command that was typed and no other, so that starting stays cheap."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        file, _, name = COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(import_module(f"quantum_os.cli.{file}"), name)
        return command


@click.group(cls=Verbs, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="quantum-os")
def main() -> None:
    """A hedge fund in one process: backtest it, watch it trade, replay what it did.

    Results go to stdout; progress, logs and errors to stderr. With --json a command prints exactly
    one JSON object.
    """
