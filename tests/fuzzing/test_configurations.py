"""What people write, bent: a configuration or policy is refused by name, or means what it may."""

import math
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest

from quantum_os.events.governance import Policy
from quantum_os.events.units import Mode
from quantum_os.formulas.risk_budget import RISK_FRACTION_MAX
from quantum_os.governance.policy_document import (
    REPORTABLE,
    PolicyError,
    laid_over,
    packaged,
    parsed,
    policy_text,
    profile_of,
)
from quantum_os.kernel.unreadable import UNREADABLE
from quantum_os.settings import Settings, SettingsError, load_settings, policy_of
from tests.fuzzing.campaign import CASES, SEED, Tally, broken_by, campaign
from tests.fuzzing.dice import Dice
from tests.fuzzing.mutations import LEAVES, Bytes, Trees

FILES = (
    b'[run]\nprofile = "default"\nseed = 7\ndeposit = 10000.0\nsymbols = ["BTC", "ETHUSDT"]\n'
    b'fees = "VIP3"\n[sim]\nlatency_ms = 20.0\n[policy.sizing]\n'
    b"risk_base = 0.005\n",
    b"[run]\nwarmup_bars = 9\n[storage]\n[api]\n[costs]\n"
    b"maker_fee = 0.0002\n[approvals]\napprovers = 3\ndwell_s = 900.0\n[policy]\nttl_h = 24.0\n",
    b"[sim]\nfaults = []\nslippage_cap_bps = 100.0\n[quality]\n[policy.exits]\nstop_min = 0.004\n",
)
READABLE = (SettingsError,)

Read = Callable[[bytes], Settings]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "quantum-os.toml"


def reader(file: Path) -> Read:
    def read(text: bytes) -> Settings:
        file.write_bytes(text)
        settings = load_settings(file, environment={"HOME": "/"})
        policy_of(settings, Mode.BACKTEST)
        return settings

    return read


def unsound(case: object, settings: Settings) -> str:
    """What no configuration may mean, however it was written."""
    if not (settings.run.deposit > 0 and math.isfinite(settings.run.deposit)):
        return f"a deposit of {settings.run.deposit}"
    return unlawful(case, policy_of(settings, Mode.BACKTEST))


def unlawful(case: object, policy: Policy) -> str:
    """What no policy may allow."""
    modes = policy.modes.values()
    risks = [policy.sizing.risk_cap, policy.constitution.risk_per_trade, policy.sizing.risk_base]
    if not all(risk <= RISK_FRACTION_MAX for risk in [*risks, *(m.risk_per_trade for m in modes)]):
        return "more risk than the law allows"
    numbers = list(_numbers(msgspec.to_builtins(policy)))
    if not all(math.isfinite(number) for number in numbers):
        return "a number that is none"
    if not set(policy.report_only) <= set(REPORTABLE):
        return "a gate that may not only report"
    return "" if 1 <= policy.leverage.cap <= 20 else "a leverage out of bounds"


def _numbers(tree: Any) -> Iterator[float]:
    if isinstance(tree, dict | list):
        for inner in tree.values() if isinstance(tree, dict) else tree:
            yield from _numbers(inner)
    elif isinstance(tree, int | float):
        yield tree


def files(read: Read, number: int = CASES) -> Tally:
    examples = Bytes(FILES, Dice(SEED, "files"))
    return campaign(examples, read, *READABLE, sane=unsound, number=number)


def test_a_configuration_file(file: Path) -> None:
    tally = files(reader(file), CASES // 5)
    assert min(tally.read, tally.refused) > CASES // 200


def tables(read: Callable[[Any], Settings]) -> Tally:
    """What a file says once it could be decoded."""
    trees = Trees([msgspec.toml.decode(text) for text in FILES], Dice(SEED, "tables"))
    return campaign(trees, read, *READABLE, sane=unsound, number=CASES // 5)


def read_table(document: Any) -> Settings:
    document = document if isinstance(document, dict) else {}
    settings = load_settings(flags=document, environment={"HOME": "/"})
    policy_of(settings, Mode.BACKTEST)
    return settings


def test_a_table_of_settings() -> None:
    tally = tables(read_table)
    assert min(tally.read, tally.refused) > CASES // 50


def test_canary_settings_that_trust_every_number_are_found() -> None:
    def trusting(document: Any) -> Settings:
        settings = read_table(document)
        int(document.get("run", {}).get("deposit", 1.0))
        return settings

    broken_by(lambda: tables(trusting))


def test_canary_a_reader_that_lets_the_decoder_speak_is_found(file: Path) -> None:
    def bare(text: bytes) -> Settings:
        msgspec.toml.decode(text)
        return reader(file)(text)

    broken_by(lambda: files(bare))


ReadEnvironment = Callable[[dict[str, str]], Settings]
NAMES = (
    "RUN__SEED",
    "RUN__DEPOSIT",
    "RUN__FEES",
    "POLICY__TTL_H",
    "API__PORT",
    "SIM__FAULTS",
    "RUN__SYMBOLS",
    "RUN",
    "POLICY",
    "POLICY__MODES__GROWTH__SIZE",
    "X",
    "RUN__SEED__X",
)


def environments(read: ReadEnvironment) -> Tally:
    dice = Dice(SEED, "environment")

    def made() -> Iterator[dict[str, str]]:
        while True:
            yield {
                f"QUANTUM_OS__{dice.pick(NAMES)}": str(dice.pick(LEAVES))
                for _ in range(1 + dice.below(2))
            }

    return campaign(made(), read, *READABLE, sane=unsound, number=CASES // 5)


def read_environment(environment: dict[str, str]) -> Settings:
    settings = load_settings(environment=environment)
    policy_of(settings, Mode.BACKTEST)
    return settings


def test_an_environment() -> None:
    tally = environments(read_environment)
    assert min(tally.read, tally.refused) > CASES // 200


def lets_the_decoder_speak(environment: dict[str, str]) -> Settings:
    """A canary: a value that is no UTF-8 ends in the decoder's own error."""
    for text in environment.values():
        with suppress(*UNREADABLE):
            msgspec.json.decode(text)
    return read_environment(environment)


def takes_what_it_can(environment: dict[str, str]) -> Settings:
    """A canary: a deposit of any size is taken, after the bounds were looked at."""
    settings = read_environment(
        {name: text for name, text in environment.items() if "DEPOSIT" not in name}
    )
    with suppress(ValueError):
        deposit = float(environment.get("QUANTUM_OS__RUN__DEPOSIT", "1"))
        run = msgspec.structs.replace(settings.run, deposit=deposit)
        settings = msgspec.structs.replace(settings, run=run)
    return settings


@pytest.mark.parametrize(
    ("canary", "found"),
    [(lets_the_decoder_speak, "UnicodeEncodeError"), (takes_what_it_can, "a deposit of")],
)
def test_canary_a_bad_reader_of_environments_is_found(canary: ReadEnvironment, found: str) -> None:
    assert found in broken_by(lambda: environments(canary))


Parse = Callable[[Any], Policy]


def parse_laid_over(document: Any) -> Policy:
    """A document comes as a table always: whatever else was written is none."""
    return parsed(laid_over(packaged(), document) if isinstance(document, dict) else {})


def documents(parse: Parse) -> Tally:
    examples = [packaged(), profile_of("research"), {"sizing": {"risk_base": 0.01}, "ttl_h": 5.0}]
    trees = Trees(examples, Dice(SEED, "policies"))
    return campaign(trees, parse, PolicyError, sane=unlawful)


def test_a_policy_document() -> None:
    tally = documents(parse_laid_over)
    assert min(tally.read, tally.refused) > CASES // 20
    assert "[sizing" in policy_text()


def lets_risk_pass(document: Any) -> Policy:
    """A canary: the shape of a document is checked, its bounds are not."""
    try:
        return msgspec.convert(laid_over(packaged(), document), Policy)
    except (msgspec.ValidationError, AttributeError) as error:
        raise PolicyError(str(error)) from error


def test_canary_a_policy_without_bounds_is_found() -> None:
    assert broken_by(lambda: documents(lets_risk_pass))
