"""`quantum-os demo`: the first screen of somebody who is new here; `run --mode demo` in short."""

from typing import Any

import rich_click as click

from quantum_os.cli.options import days_option, json_option, scenario_option, seed_option
from quantum_os.cli.run import (
    Wish,
    duration_option,
    home_option,
    out_option,
    perform,
    speed_option,
)
from quantum_os.cli.run_options import told
from quantum_os.cli.serving import port_option


@click.command()
@scenario_option
@days_option
@duration_option
@speed_option
@home_option
@port_option
@out_option
@seed_option
@json_option
def demo(seed: int | None, **wish: Any) -> None:
    """Watch the fund trade a synthetic market with simulated money.

    No keys, no accounts, no services. `--scenario crash` stages an hour in which everything falls
    by a fifth. Ctrl-C ends it, with the result and three commands to go on with.
    """
    perform(Wish(**wish), None, told(None, seed, {}))
