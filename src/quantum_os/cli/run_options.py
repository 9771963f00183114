"""The options that shape a run: voters, symbols, capital, fees, timeframe; as one document."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import rich_click as click

from quantum_os.cli.console import refuse
from quantum_os.cli.options import flags
from quantum_os.execution.venues.fee_tiers import fees_of
from quantum_os.formulas.symbols import perpetual
from quantum_os.governance.policy_document import Document, laid_over

C = TypeVar("C", bound=Callable[..., Any])

FLAG_OF = {
    "run.profile": "--profile",
    "run.seed": "--seed",
    "sim.seed": "--seed",
    "run.deposit": "--capital",
    "run.symbols": "--symbols",
    "run.fees": "--fees",
    "sim.maker_fee_bps": "--fees",
    "sim.taker_fee_bps": "--fees",
    "costs.maker_fee": "--fees",
    "costs.taker_fee": "--fees",
    "run.voters": "--voter",
    "run.models": "--models",
    "exchange.keys": "--keys",
    "storage.home": "--home",
    "storage.database": "--database",
    "storage.redis": "--redis",
    "storage.let_in": "--let-in",
    "api.host_names": "--host-name",
    "logs.level": "--log-level",
    "policy.decision.timeframe": "--timeframe",
}
"""Which flag sets a key."""

_OPTIONS = (
    click.option(
        "--voter",
        "voters",
        multiple=True,
        metavar="NAME|FILE.py:CLASS",
        help="Who votes, instead of the built-in three; may be given again. See `voters`.",
    ),
    click.option(
        "--models",
        type=click.Path(path_type=Path),
        metavar="DIR",
        help="Let the models of a training decide; the voters then speak beside them and do not "
        "count. See `train` and `models`.",
    ),
    click.option(
        "--symbols",
        metavar="BTC,ETH",
        help="Enter these perpetuals only; the rest of the market is still watched.",
    ),
    click.option("--capital", metavar="USD", help="What the account opens with."),
    click.option(
        "--fees",
        metavar="TIER|RATES",
        help="Binance USD-M fees: VIP0 to VIP9, or maker=0.02%,taker=0.05%.",
    ),
    click.option("--timeframe", metavar="1h|4h", help="The bars that decisions are made on."),
)


def run_options(command: C) -> C:
    """Adds the options; the command hears of them as `chosen`, a document of what was given."""

    @functools.wraps(command)
    def collected(
        *,
        voters: tuple[str, ...],
        models: Path | None,
        symbols: str | None,
        capital: str | None,
        fees: str | None,
        timeframe: str | None,
        **others: Any,
    ) -> Any:
        chosen: Document = flags(
            run={
                "voters": voters or None,
                "models": None if models is None else str(models),
                "symbols": _read("--symbols", symbols, symbols_of),
                "deposit": _read("--capital", capital, usd_of),
                "fees": _read("--fees", fees, lambda text: fees_of(text).text),
            }
        )
        if timeframe is not None:
            chosen["policy"] = {"decision": {"timeframe": timeframe}}
        return command(chosen=chosen, **others)

    wrapped: Any = collected
    for option in reversed(_OPTIONS):
        wrapped = option(wrapped)
    return wrapped  # type: ignore[no-any-return]


def told(profile: str | None, seed: int | None, chosen: Document) -> Document:
    """Gives everything that the flags of a run said, as one document."""
    return laid_over(flags(run={"profile": profile, "seed": seed}, sim={"seed": seed}), chosen)


def _read(flag: str, text: str | None, reader: Callable[[str], object]) -> object:
    """Gives what a flag's text means; refuses in one line what means nothing."""
    if text is None:
        return None
    try:
        return reader(text)
    except ValueError as error:
        refuse(f"{flag}: {error}")


def usd_of(text: str) -> float:
    """Reads an amount above 0 USD; raises ValueError."""
    try:
        usd = float(text)
    except ValueError:
        raise ValueError(f"{text!r} is not an amount of USD") from None
    if not 0 < usd < float("inf"):
        raise ValueError(f"{text!r} is not an amount above 0 USD")
    return usd


def symbols_of(text: str) -> tuple[str, ...]:
    """Reads the names of perpetuals, full ones without doubles; raises ValueError."""
    named = [perpetual(part.strip()) for part in text.split(",") if part.strip()]
    if not named:
        raise ValueError("name at least one, as in BTC,ETH")
    return tuple(dict.fromkeys(named))
