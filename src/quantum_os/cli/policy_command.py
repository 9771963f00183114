"""`quantum-os policy`: each limit, who binds it and what others would allow; acts upon them."""

from pathlib import Path

import msgspec
import rich_click as click
from rich.table import Table

from quantum_os.cli.console import out, print_json, refuse
from quantum_os.cli.options import config_option, flags, json_option, profile_option
from quantum_os.cli.policy_acts import ACTS
from quantum_os.events.governance import Policy
from quantum_os.events.units import Mode
from quantum_os.governance.effective_limits import Claim, claims
from quantum_os.governance.policy_document import hash_of
from quantum_os.settings import SettingsError, load_settings, policy_of


class LimitRow(msgspec.Struct, frozen=True):
    """One limit in force: who binds it and where, and what the other authorities say."""

    limit: str
    value: float
    source: str
    path: str
    others: list[Claim]


class PolicyShown(msgspec.Struct, frozen=True):
    """The policy as it would hold: its identity, its limits, and the gates that only report."""

    profile: str
    hash: str
    mode: str
    tier: str
    limits: list[LimitRow]
    risk: dict[str, object]
    report_only: list[str]


@click.group()
def policy() -> None:
    """Show the policy document and its limits; tighten them in a running process."""


@policy.command()
@profile_option
@config_option
@json_option
def show(profile: str | None, config: Path | None, as_json: bool) -> None:
    """Print each limit in force and which authority binds it: the tightest of all does.

    The risk table holds whatever the mode and the tier are; `config show` has every other value.
    """
    try:
        settings = load_settings(config, flags(run={"profile": profile}))
        shown = shown_policy(policy_of(settings, Mode.BACKTEST))
    except SettingsError as error:
        refuse(str(error))
    if as_json:
        print_json(shown)
    else:
        _print(shown)


for _act in ACTS:
    policy.add_command(_act)


def shown_policy(document: Policy) -> PolicyShown:
    """Collects what is shown of a policy."""
    rows = [
        LimitRow(limit, first.value, first.source, first.path, list(others))
        for limit, (first, *others) in claims(document).items()
    ]
    return PolicyShown(
        profile=document.profile,
        hash=hash_of(document),
        mode=document.mode,
        tier=document.tier,
        limits=rows,
        risk=msgspec.to_builtins(document.risk),
        report_only=list(document.report_only),
    )


def _print(shown: PolicyShown) -> None:
    title = f"policy {shown.profile}-{shown.hash}: mode {shown.mode}, tier {shown.tier}"
    table = Table("limit", "in force", "bound by", "set at", "others allow", title=title)
    table.columns[0].no_wrap = True
    table.columns[3].overflow = "fold"
    for row in shown.limits:
        others = ", ".join(f"{each.source} {each.value:g}" for each in row.others)
        table.add_row(row.limit, f"{row.value:g}", row.source, row.path, others)
    out.print(table)
    always = Table("policy.risk", "in force", title="Whatever the mode and the tier")
    for name, value in shown.risk.items():
        always.add_row(name, _written(value))
    out.print(always)
    if shown.report_only:
        out.print(f"only reported, not refused: {', '.join(shown.report_only)}", soft_wrap=True)


def _written(value: object) -> str:
    """Gives a number, or the rungs of a ladder as `from: value`."""
    if isinstance(value, list | tuple):
        return ", ".join(f"{rung['at']:g}: {rung['value']:g}" for rung in value)
    return f"{value:g}" if isinstance(value, int | float) else str(value)
