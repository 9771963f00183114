"""What this process was told: defaults, a file, the environment, flags; one frozen struct."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from quantum_os.events.governance import Policy
from quantum_os.events.units import Mode
from quantum_os.execution.venues.sim.config import SimVenueConfig
from quantum_os.formulas.costs import CostModel
from quantum_os.formulas.timeframes import TIMEFRAMES
from quantum_os.governance.policy_document import (
    Document,
    PolicyError,
    check_mode,
    laid_over,
    load,
)
from quantum_os.kernel.ids import fingerprint
from quantum_os.market.quality import QualityConfig

ENVIRONMENT_PREFIX = "QUANTUM_OS__"
DECISION_TIMEFRAMES = ("1h", "4h")
"""Bars that decisions may be made on; on finer ones the costs eat every edge that was found."""


class SettingsError(ValueError):
    """A configuration that contradicts itself or is not understood; one line says where."""


class RunSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The run as a whole. `deposit` in USD; `symbols` empty means every symbol of the tape.

    `price_venue` empty means the first venue of the tape. `fast_decisions` admits decision bars
    finer than 1h: benches and tests only.
    """

    profile: str = "default"
    seed: int = 0
    deposit: float = 10_000.0
    price_venue: str = ""
    symbols: tuple[str, ...] = ()
    fast_decisions: bool = False
    warmup_bars: int = 300


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that can be configured, composed of the modules' own configs.

    `policy` holds overrides of the packaged policy document, section by section.
    """

    run: RunSettings = RunSettings()
    quality: QualityConfig = QualityConfig()
    sim: SimVenueConfig = SimVenueConfig()
    costs: CostModel = CostModel()
    policy: dict[str, Any] = {}


def load_settings(
    file: Path | None = None,
    flags: Document | None = None,
    environment: Mapping[str, str] | None = None,
) -> Settings:
    """Lays file, environment and flags over the defaults; SettingsError on anything unknown."""
    document: Document = {}
    if file is not None:
        document = laid_over(document, _read(file))
    document = laid_over(document, _from_environment(environment or os.environ))
    document = laid_over(document, flags or {})
    _refuse_unknown(document, Settings, "")
    try:
        settings = msgspec.convert(document, Settings, strict=False)
    except (msgspec.ValidationError, ValueError) as error:
        raise SettingsError(f"config: {error}") from error
    if not settings.run.deposit > 0:
        raise SettingsError(f"config: run.deposit must be above 0, not {settings.run.deposit:g}")
    return settings


def policy_of(settings: Settings, mode: Mode) -> Policy:
    """Gives the policy of these settings; raises SettingsError when it may not hold here."""
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


def config_hash(settings: Settings, policy: Policy) -> str:
    """Gives the content hash of what was configured; the seed and paths are no part of it."""
    seedless = msgspec.structs.replace(
        settings,
        run=msgspec.structs.replace(settings.run, seed=0),
        sim=msgspec.structs.replace(settings.sim, seed=0),
    )
    return fingerprint(msgspec.json.encode((seedless, policy), order="deterministic"))


def _read(file: Path) -> Document:
    try:
        document: Document = msgspec.toml.decode(file.read_bytes())
    except FileNotFoundError as error:
        raise SettingsError(f"{file}: no such file") from error
    except (msgspec.DecodeError, OSError) as error:
        raise SettingsError(f"{file}: {error}") from error
    return document


def _from_environment(environment: Mapping[str, str]) -> Document:
    """Reads QUANTUM_OS__SECTION__KEY=value; numbers and booleans are read as such."""
    document: Document = {}
    for name, text in sorted(environment.items()):
        if not name.startswith(ENVIRONMENT_PREFIX):
            continue
        *sections, key = name.removeprefix(ENVIRONMENT_PREFIX).lower().split("__")
        value: object = _scalar(text)
        for section in reversed([*sections, key]):
            value = {section: value}
        if isinstance(value, dict):
            document = laid_over(document, value)
    return document


def _scalar(text: str) -> object:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
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
