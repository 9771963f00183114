"""`quantum-os`: one command per verb, each in the file of its name."""

import rich_click as click

from quantum_os import __version__
from quantum_os.cli.backtest import backtest
from quantum_os.cli.backup import backup
from quantum_os.cli.db import db
from quantum_os.cli.lineup_command import lineup
from quantum_os.cli.remote_sim import remote_sim
from quantum_os.cli.replay import replay
from quantum_os.cli.run import run
from quantum_os.cli.runs import runs

EPILOG = (
    "Exit codes: 0 done; 1 the run or the check failed; 2 bad command, configuration or data "
    "(nothing written); 78 refused to start so; 130 interrupted."
)


@click.group(epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="quantum-os")
def main() -> None:
    """A hedge fund in one process: backtest it, watch it trade, replay what it did.

    Results go to stdout; progress, logs and errors to stderr. With --json a command prints exactly
    one JSON object.
    """


for command in (backtest, run, remote_sim, replay, runs, lineup, db, backup):
    main.add_command(command)
