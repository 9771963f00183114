"""What this process was told: defaults, a file, the environment, flags; one frozen struct."""

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from quantum_os.events.governance import Policy
from quantum_os.events.units import Mode
from quantum_os.execution.venues.ccxt.settings import ExchangeSettings
from quantum_os.execution.venues.fee_tiers import Fees, fees_of
from quantum_os.execution.venues.sim.config import SimVenueConfig
from quantum_os.formulas.costs import CostModel
from quantum_os.formulas.rounding import decimal_of
from quantum_os.formulas.symbols import perpetual
from quantum_os.formulas.timeframes import TIMEFRAMES
from quantum_os.governance.approvals import ApprovalsConfig
from quantum_os.governance.policy_document import (
    Document,
    PolicyError,
    check_mode,
    laid_over,
    load,
    packaged,
)
from quantum_os.kernel.ids import fingerprint
from quantum_os.kernel.unreadable import UNREADABLE
from quantum_os.market.feeds.live.settings import FeedSettings
from quantum_os.market.quality import QualityConfig

ENVIRONMENT_PREFIX = "QUANTUM_OS__"
DECISION_TIMEFRAMES = ("1h", "4h")
"""Bars that decisions may be made on; on finer ones the costs eat every edge that was found."""


class SettingsError(ValueError):
    """A configuration that contradicts itself or is not understood; one line says where."""


class RunSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The run as a whole."""

    profile: str = "default"
    """the policy profile: `default` is strict, `research` only reports what is not profitable"""
    seed: int = 0
    """the seed of the simulated venue's chance, and of a synthetic market"""
    deposit: float = 10_000.0
    """USD: what the account opens with"""
    price_venue: str = ""
    """the venue whose prices are traded; empty means the first of the tape"""
    symbols: tuple[str, ...] = ()
    """the perpetuals that may be entered, e.g. `BTCUSDT`; empty means every one of the tape"""
    fees: str = ""
    """a VIP tier or two rates; sets the fees of `sim` and of `costs` alike"""
    voters: tuple[str, ...] = ()
    """who votes: names, or `path/file.py:Class`; empty means the built-in three"""
    models: str = ""
    """the folder of a training whose models decide; empty means that the voters do"""
    fast_decisions: bool = False
    """admits decision bars finer than 1h, on which the costs eat every edge found: for tests"""
    warmup_bars: int = 300
    """decision bars that a demo plays at full speed before it slows down, and that a live run
    fetches; models that need more get what they need"""


class StorageSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a live process keeps what happens; it decides nothing that is traded."""

    home: str = ""
    """the folder of the process's state; empty means `var`"""
    runs: Annotated[str, msgspec.Meta(min_length=1)] = "runs"
    """the folder of recorded runs: a demo records itself there, and the API shows what it holds"""
    models: Annotated[str, msgspec.Meta(min_length=1)] = "models"
    """the folder of trainings: the database gets a row for each model that one left there"""
    database: str = ""
    """`sqlite:///PATH` or `postgresql://USER@HOST/NAME`: the events as rows, and a lease that lets
    one instance trade; empty means no rows are kept"""
    redis: str = ""
    """`redis://HOST:PORT/DB`: the events as streams; empty means no streams are kept"""
    let_in: tuple[str, ...] = ()
    """the streams there that others may write to: `trade.intent`, or none"""


class ApiSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the admin API of a process answers; it decides nothing that is traded."""

    host_names: tuple[str, ...] = ()
    """further names under which this machine is reached; requests to others are refused"""
    requests_per_s: Annotated[float, msgspec.Meta(ge=1.0, le=10_000.0)] = 25.0
    """how often one token may ask in a second; acts have a fifth of it beside that"""
    describe: bool = False
    """whether testnet and live show the API's description too, as the other modes do"""


class LogSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a process says on stderr."""

    level: Literal["DEBUG", "INFO", "WARNING"] = "WARNING"
    """the least of `DEBUG`, `INFO` and `WARNING` that is logged"""


class FundSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What decides how is traded, composed of the modules' own configs.

    `policy` holds overrides of the packaged policy document, section by section.
    """

    run: RunSettings = RunSettings()
    quality: QualityConfig = QualityConfig()
    sim: SimVenueConfig = SimVenueConfig()
    costs: CostModel = CostModel()
    approvals: ApprovalsConfig = ApprovalsConfig()
    policy: dict[str, Any] = {}


class _Traded(msgspec.Struct, frozen=True):
    """What of a configuration decides how is traded, before anybody acts."""

    run: RunSettings
    quality: QualityConfig
    sim: SimVenueConfig
    costs: CostModel
    policy: dict[str, Any]


class Settings(FundSettings, frozen=True, forbid_unknown_fields=True):
    """Everything that can be configured: the fund, and the places around it."""

    exchange: ExchangeSettings = ExchangeSettings()
    storage: StorageSettings = StorageSettings()
    api: ApiSettings = ApiSettings()
    logs: LogSettings = LogSettings()
    feeds: FeedSettings = FeedSettings()

    @property
    def fund(self) -> FundSettings:
        """The part that a plan keeps and hashes: no path, no address, no password."""
        return FundSettings(
            self.run, self.quality, self.sim, self.costs, self.approvals, self.policy
        )


class Layer(msgspec.Struct, frozen=True):
    """One source of settings and what it says; of two layers the later wins."""

    source: str
    document: Document


def load_settings(
    file: Path | None = None,
    flags: Document | None = None,
    environment: Mapping[str, str] | None = None,
    usual: Document | None = None,
) -> Settings:
    """Lays file, environment and flags over the defaults; SettingsError on anything unknown.

    `usual` is what a command does unless it is told otherwise.
    """
    return settings_of(layers_of(file, flags, environment, usual))


def layers_of(
    file: Path | None = None,
    flags: Document | None = None,
    environment: Mapping[str, str] | None = None,
    usual: Document | None = None,
) -> tuple[Layer, ...]:
    """Reads what each source says, lowest first; raises SettingsError."""
    layers = (
        Layer("command", usual or {}),
        Layer("file", {} if file is None else _read(file)),
        Layer("environment", _from_environment(environment or os.environ)),
        Layer("flag", flags or {}),
    )
    return tuple(Layer(each.source, _with_fees(each.document)) for each in layers)


def settings_of(layers: Sequence[Layer]) -> Settings:
    """Lays the layers over the defaults and checks what comes of it; raises SettingsError."""
    document: Document = {}
    for layer in layers:
        document = laid_over(document, layer.document)
    document = _without_empty_tables(document)
    _refuse_unknown(document, Settings, "")
    try:
        settings = msgspec.convert(document, Settings, strict=False)
    except (msgspec.ValidationError, ValueError) as error:
        raise SettingsError(f"config: {error}") from error
    settings = _with_full_names(settings)
    deposit = settings.run.deposit
    if not (deposit > 0 and math.isfinite(deposit)):
        raise SettingsError(f"config: run.deposit must be above 0 USD, not {deposit:g}")
    if settings.run.fees:
        _refuse_other_fees(settings, fees_of(settings.run.fees))
    return settings


def policy_of(settings: FundSettings, mode: Mode) -> Policy:
    """Gives the policy of these settings; raises SettingsError when it may not hold here."""
    if "profile" in settings.policy:
        raise SettingsError("config: policy.profile is a result's label; choose by run.profile")
    try:
        policy = load(settings.run.profile, settings.policy)
        check_mode(policy, mode)
    except PolicyError as error:
        raise SettingsError(str(error)) from error
    timeframe = policy.decision.timeframe
    if timeframe not in TIMEFRAMES:
        raise SettingsError(f"policy: unknown decision timeframe {timeframe!r}")
    if timeframe not in DECISION_TIMEFRAMES and not settings.run.fast_decisions:
        allowed = " or ".join(DECISION_TIMEFRAMES)
        raise SettingsError(f"policy: decisions are made on {allowed}, not on {timeframe}")
    return policy


def config_hash(
    settings: FundSettings,
    policy: Policy,
    voters: Sequence[tuple[str, ...]] = (),
    models: Sequence[str] = (),
) -> str:
    """Gives the content hash of what was configured; the seed and paths are no part of it.

    Nor are approvals: they bind people, and whatever people do is recorded as input.

    `voters` are the identities of those that vote, `models` the hashes of learned ones; the keys
    `run.voters` and `run.models` may name them by path.
    """
    told = _Traded(
        run=msgspec.structs.replace(settings.run, seed=0, voters=(), models=""),
        quality=settings.quality,
        sim=msgspec.structs.replace(settings.sim, seed=0),
        costs=settings.costs,
        policy=settings.policy,
    )
    content = (told, policy, voters, models)
    return fingerprint(msgspec.json.encode(content, order="deterministic"))


def fee_settings(fees: Fees) -> Document:
    """Gives every key that fees decide: what the venue takes and what a trade is priced with."""
    maker, taker = (float(decimal_of(bps) / 10_000) for bps in (fees.maker_bps, fees.taker_bps))
    return {
        "run": {"fees": fees.text},
        "sim": {"maker_fee_bps": fees.maker_bps, "taker_fee_bps": fees.taker_bps},
        "costs": {"maker_fee": maker, "taker_fee": taker},
    }


def leaves(document: Document, path: str = "") -> Iterator[tuple[str, object]]:
    """Gives every value of a document with its path, e.g. `run.seed`."""
    for key, value in document.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{path}{key}.")
        else:
            yield f"{path}{key}", value


def _without_empty_tables(document: Document) -> Document:
    """Leaves out what says nothing, such as a table of which every line is a comment."""
    kept: Document = {}
    for key, value in document.items():
        inner = _without_empty_tables(value) if isinstance(value, dict) else value
        if inner != {}:
            kept[key] = inner
    return kept


def _with_fees(document: Document) -> Document:
    """Spells `run.fees` out; what the same source says of single fees stands over it."""
    run = document.get("run")
    text = run.get("fees") if isinstance(run, dict) else None
    if not text:
        return document
    try:
        fees = fees_of(str(text))
    except ValueError as error:
        raise SettingsError(f"config: run.fees: {error}") from error
    spelt = laid_over(fee_settings(fees), document)
    return laid_over(spelt, {"run": {"fees": fees.text}})


def _with_full_names(settings: Settings) -> Settings:
    """Spells every symbol out, so that `BTC` and `BTCUSDT` are one configuration."""
    try:
        symbols = tuple(dict.fromkeys(perpetual(name) for name in settings.run.symbols))
    except ValueError as error:
        raise SettingsError(f"config: run.symbols: {error}") from error
    run = msgspec.structs.replace(settings.run, symbols=symbols)
    return msgspec.structs.replace(settings, run=run)


def _refuse_other_fees(settings: Settings, fees: Fees) -> None:
    meant = dict(leaves(fee_settings(fees)))
    for path, value in leaves(msgspec.to_builtins(settings)):
        if path in meant and meant[path] != value:
            raise SettingsError(
                f"config: run.fees is {settings.run.fees} and {path} is {value}: "
                f"they contradict each other; leave one out"
            )


def _read(file: Path) -> Document:
    try:
        document: Document = msgspec.toml.decode(file.read_bytes())
    except FileNotFoundError as error:
        raise SettingsError(f"{file}: no such file") from error
    except (*UNREADABLE, OSError) as error:
        raise SettingsError(f"{file}: {error}") from error
    return document


def _from_environment(environment: Mapping[str, str]) -> Document:
    """Reads QUANTUM_OS__SECTION__KEY=value; numbers and booleans are read as such."""
    document: Document = {}
    for name, text in sorted(environment.items()):
        if not name.startswith(ENVIRONMENT_PREFIX):
            continue
        *sections, key = name.removeprefix(ENVIRONMENT_PREFIX).lower().split("__")
        try:
            value: object = _scalar(text)
        except UnicodeEncodeError as error:
            raise SettingsError(f"environment: {name} is not UTF-8") from error
        for section in reversed([*sections, key]):
            value = {section: value}
        if isinstance(value, dict):
            document = laid_over(document, value)
    if isinstance(document.get("policy"), dict):
        document["policy"] = _as_spelt(document["policy"], packaged())
    return document


def _as_spelt(document: Document, known: Document) -> Document:
    """Gives the keys their case back (`modes.GROWTH`): an environment may know capitals only."""
    spelt = {key.lower(): key for key in known}
    found: Document = {}
    for key, value in document.items():
        name = spelt.get(key, key)
        inner = known.get(name)
        if isinstance(value, dict) and isinstance(inner, dict):
            value = _as_spelt(value, inner)
        found[name] = value
    return found


def _scalar(text: str) -> object:
    try:
        return msgspec.json.decode(text)
    except UNREADABLE:
        return text


def _refuse_unknown(document: Document, kind: type, path: str) -> None:
    fields = {field.encode_name: field.type for field in msgspec.structs.fields(kind)}
    for key, value in document.items():
        if key not in fields:
            known = ", ".join(sorted(fields))
            raise SettingsError(f"config: unknown key {path}{key}: one of {known}")
        inner = fields[key]
        if (
            isinstance(value, dict)
            and isinstance(inner, type)
            and issubclass(inner, msgspec.Struct)
        ):
            _refuse_unknown(value, inner, f"{path}{key}.")
