"""`quantum-os models`: how far each voter is trusted, what it counts, and what a folder holds."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import rich_click as click
from rich.table import Table

from quantum_os.cli.api_client import home_option, reason_option
from quantum_os.cli.asking import asked, done
from quantum_os.cli.console import out, print_json
from quantum_os.cli.models_command import verify
from quantum_os.cli.options import json_option

UNKNOWN = "unknown"


class ModelsGroup(click.RichGroup):
    """Takes a folder for `verify`, and nothing at all for `show`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        first = args[0] if args else ""
        if first not in ("--help", "-h") and first not in self.commands:
            is_option = not first or first.startswith("-")
            names_folder = any(_is_plain(args, place) for place in range(len(args)))
            args = ["show" if is_option and not names_folder else "verify", *args]
        return super().parse_args(ctx, args)


def _is_plain(args: Sequence[str], place: int) -> bool:
    """Whether a word is neither an option nor the home that one names."""
    return not args[place].startswith("-") and (place == 0 or args[place - 1] != "--home")


@click.group(cls=ModelsGroup)
def models() -> None:
    """Show how far each voter of the process is trusted; verify the models of a training.

    `models` alone is `models show`, and `models FOLDER` is `models verify FOLDER`.
    """


models.add_command(verify)


@models.command()
@home_option
@json_option
def show(home: Path, as_json: bool) -> None:
    """Show each voter of the running process: its state and why, its weight, what came of it.

    A degraded voter and one in quarantine vote and count for nothing; a watched one counts less.
    """
    told, weights = asked(home, "/models/states"), asked(home, "/models/weights")
    if as_json:
        print_json({"states": told, "weights": weights})
        return
    _show_states(told)
    _show_weights(weights)


@models.command()
@home_option
@reason_option
@json_option
def freeze(home: Path, reason: str, as_json: bool) -> None:
    """Hold the weights as they are, over restarts, until `unfreeze`.

    A voter can still lose trust meanwhile; it wins none back.
    """
    _act(home, "/models/freeze", reason, as_json=as_json)


@models.command()
@home_option
@reason_option
@json_option
def unfreeze(home: Path, reason: str, as_json: bool) -> None:
    """Let the weights move again with what comes of votes."""
    _act(home, "/models/unfreeze", reason, as_json=as_json)


def _show_states(told: dict[str, Any]) -> None:
    table = Table(
        "voter", "version", "state", "for", "weight left", "resolved", "hit rate", "mean R"
    )
    for row in told["voters"]:
        review = row["review"]
        table.add_row(
            row["slot"],
            row["model_id"],
            row["state"],
            _age(row["since"], told["as_of"]),
            f"{row['weight_left']:.0%}",
            UNKNOWN if review is None else str(review["outcomes"]),
            _rate(review),
            _interval(review, "mean_r", "mean_r_interval"),
        )
    if not told["voters"]:
        out.print("no voter has voted yet", highlight=False)
        return
    out.print(table)
    for row in told["voters"]:
        for line in _lines(row):
            out.print(f"{row['slot']}: {line}", highlight=False, markup=False, soft_wrap=True)
    out.print(f"as of {told['as_of'] or UNKNOWN}, from {told['source']}", highlight=False)


def _lines(row: dict[str, Any]) -> list[str]:
    """What a voter's row has no room for: what was found, and what could not be measured."""
    found = row["findings"] or (row["told"] if row["state"] != "OK" else [])
    lines = [f"{each['state']} {each['code']}: {each['words']}" for each in found]
    review, drift = row["review"], row["drift"]
    if review is None:
        lines.append(row["review_reason"])
    elif review["log_loss"] is not None:
        losses = f"log-loss {review['log_loss']:.4f} nats, base rate {review['log_loss_base']:.4f}"
        gain = _interval(review, "gain", "gain_interval", digits=4)
        ece = UNKNOWN if review["ece"] is None else f"{review['ece']:.3f}"
        lines.append(f"{losses}, gain {gain}; calibration error {ece}")
    if drift is not None:
        lines.append(f"{drift['drifting']} of {len(drift['features'])} features drift")
    elif row["drift_reason"]:
        lines.append(f"drift unknown: {row['drift_reason']}")
    return lines


def _show_weights(told: dict[str, Any]) -> None:
    if told["regimes"]:
        table = Table("regime", *told["voters"], "independent outcomes", "from")
        for row in told["regimes"]:
            shares = [f"{weight:.1%}" for weight in row["weights"]]
            table.add_row(row["regime"], *shares, f"{row['outcomes']:.0f}", row["basis"])
        out.print(table)
    else:
        out.print(f"weights: {told['reason']}", highlight=False, soft_wrap=True)
    if told["frozen"] is not None:
        frozen = told["frozen"]
        words = f"frozen by {frozen['by']} since {frozen['since']}: {frozen['reason']}"
        out.print(words, highlight=False, markup=False, soft_wrap=True)


def _rate(review: dict[str, Any] | None) -> str:
    if review is None or review["hit_rate"] is None:
        return UNKNOWN
    low, high = review["hit_interval"]
    return f"{review['hit_rate']:.1%} ({low:.1%} to {high:.1%})"


def _interval(review: dict[str, Any] | None, name: str, bounds: str, digits: int = 3) -> str:
    if review is None or review[name] is None:
        return UNKNOWN
    if review[bounds] is None:
        return f"{review[name]:+.{digits}f} (interval {UNKNOWN})"
    low, high = review[bounds]
    return f"{review[name]:+.{digits}f} ({low:+.{digits}f} to {high:+.{digits}f})"


def _age(since: str | None, now: str | None) -> str:
    if since is None or now is None:
        return "since its first vote"
    passed = datetime.fromisoformat(now) - datetime.fromisoformat(since)
    return f"{passed.total_seconds() / 3600:.0f} h"


def _act(home: Path, path: str, reason: str, *, as_json: bool) -> None:
    said = done(home, path, reason=reason)
    if as_json:
        print_json(said)
        return
    out.print(f"done: {said['action']}, audit entry {said['audit']}", highlight=False)
    out.print(f"weights: {'frozen' if said['frozen'] else 'moving'}", highlight=False)
