"""Settings come in layers; what they say together is checked, and one content has one hash."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from quantum_os.cli.setting_keys import Key, policy_keys, setting_keys
from quantum_os.events.units import Mode
from quantum_os.settings import (
    Settings,
    SettingsError,
    config_hash,
    layers_of,
    leaves,
    load_settings,
    policy_of,
    settings_of,
)

NOWHERE = {"PATH": ""}
KEYS = [*setting_keys(), *policy_keys()]


def loaded(
    file: Path | None = None,
    flags: dict[str, Any] | None = None,
    environment: Mapping[str, str] = NOWHERE,
    usual: dict[str, Any] | None = None,
) -> Settings:
    return load_settings(file, flags, environment, usual)


def refusal(flags: dict[str, Any], environment: Mapping[str, str] = NOWHERE) -> str:
    with pytest.raises(SettingsError) as refused:
        policy_of(loaded(flags=flags, environment=environment), Mode.BACKTEST)
    assert "\n" not in str(refused.value)
    return str(refused.value)


def hash_of(**run: object) -> str:
    settings = loaded(flags={"run": run})
    return config_hash(settings, policy_of(settings, Mode.BACKTEST))


def test_the_later_layer_wins(tmp_path: Path) -> None:
    file = tmp_path / "quantum-os.toml"
    file.write_text("[run]\nseed = 1\nprofile = 'default'\ndeposit = 1.0\n", encoding="utf-8")
    environment = {"QUANTUM_OS__RUN__SEED": "2", "QUANTUM_OS__RUN__DEPOSIT": "2.0"}
    usual = {"run": {"profile": "research", "warmup_bars": 7}}
    run = loaded(file, {"run": {"seed": 3}}, environment, usual).run
    assert (run.seed, run.deposit, run.profile, run.warmup_bars) == (3, 2.0, "default", 7)


def test_a_command_does_what_is_usual_until_it_is_told_otherwise() -> None:
    usual = {"run": {"profile": "research"}}
    assert loaded(usual=usual).run.profile == "research"
    told = {"QUANTUM_OS__RUN__PROFILE": "default"}
    assert loaded(environment=told, usual=usual).run.profile == "default"


class TestFees:
    def test_a_tier_sets_what_is_charged_and_what_is_expected(self) -> None:
        settings = loaded(flags={"run": {"fees": "vip3"}})
        assert settings.run.fees == "VIP3"
        assert (settings.sim.maker_fee_bps, settings.sim.taker_fee_bps) == (1.2, 3.2)
        assert (settings.costs.maker_fee, settings.costs.taker_fee) == (0.00012, 0.00032)

    def test_a_flag_outranks_single_fees_of_a_file(self, tmp_path: Path) -> None:
        file = tmp_path / "quantum-os.toml"
        file.write_text("[sim]\ntaker_fee_bps = 9.0\n", encoding="utf-8")
        assert loaded(file, {"run": {"fees": "VIP1"}}).sim.taker_fee_bps == 4.0

    def test_single_fees_that_contradict_are_refused(self) -> None:
        said = refusal({"run": {"fees": "VIP1"}, "sim": {"taker_fee_bps": 9.0}})
        assert "run.fees is VIP1 and sim.taker_fee_bps is 9.0" in said
        said = refusal({"costs": {"maker_fee": 0.001}}, {"QUANTUM_OS__RUN__FEES": "VIP1"})
        assert "costs.maker_fee is 0.001" in said

    def test_nonsense_is_refused(self) -> None:
        assert "config: run.fees: 'cheap': give a tier" in refusal({"run": {"fees": "cheap"}})


class TestSymbols:
    def test_every_spelling_is_one_symbol(self) -> None:
        for name in ("BTC", "btc", "BTCUSDT", "BTC-USDT", "BTC/USDT:USDT"):
            assert loaded(flags={"run": {"symbols": [name]}}).run.symbols == ("BTC/USDT:USDT",)
            assert hash_of(symbols=[name]) == hash_of(symbols=["BTC"])
        assert loaded(flags={"run": {"symbols": ["BTC", "BTCUSDT"]}}).run.symbols == (
            "BTC/USDT:USDT",
        )

    def test_a_base_that_looks_like_a_pair_is_left_alone(self) -> None:
        assert loaded(flags={"run": {"symbols": ["USDCUSDT"]}}).run.symbols == ("USDC/USDT:USDT",)

    def test_a_spot_pair_is_refused(self) -> None:
        assert "run.symbols: 'BTC/USDT'" in refusal({"run": {"symbols": ["BTC/USDT"]}})


@pytest.mark.parametrize("deposit", ["0", "-5", "nan", "inf"])
def test_an_account_opens_with_something(deposit: str) -> None:
    assert "run.deposit must be above 0 USD" in refusal({"run": {"deposit": deposit}})


def test_a_label_cannot_be_put_on_a_policy() -> None:
    assert "policy.profile" in refusal({"policy": {"profile": "default"}})


class TestHash:
    def test_what_changes_a_run_changes_it(self) -> None:
        hashes = [
            hash_of(),
            hash_of(deposit=5.0),
            hash_of(fees="VIP1"),
            hash_of(symbols=["BTC"]),
            hash_of(profile="research"),
        ]
        assert len(set(hashes)) == len(hashes)
        settings = loaded(flags={"policy": {"decision": {"timeframe": "4h"}}})
        assert config_hash(settings, policy_of(settings, Mode.BACKTEST)) not in hashes

    def test_the_seed_is_no_part_of_it_and_neither_is_a_path(self) -> None:
        assert hash_of(seed=5) == hash_of()
        assert hash_of(voters=["a/mine.py:Mine"]) == hash_of(voters=["b/mine.py:Mine"])

    def test_the_places_are_no_part_of_it_and_of_no_plan(self) -> None:
        places = {"home": "a", "database": "sqlite:///b", "redis": "redis://:hunter2@c:1/0"}
        settings = loaded(flags={"storage": places})
        assert config_hash(settings, policy_of(settings, Mode.BACKTEST)) == hash_of()
        assert b"hunter2" not in msgspec.json.encode(settings.fund)

    def test_a_table_that_says_nothing_is_no_part_of_it(self, tmp_path: Path) -> None:
        file = tmp_path / "quantum-os.toml"
        file.write_text("[run]\n[policy.risk]\n[policy.leverage.regime_caps]\n", encoding="utf-8")
        settings = loaded(file)
        assert config_hash(settings, policy_of(settings, Mode.BACKTEST)) == hash_of()

    def test_who_votes_is(self) -> None:
        settings = loaded()
        policy = policy_of(settings, Mode.BACKTEST)
        one, other = [("mine", "1", "aa")], [("mine", "1", "bb")]
        assert config_hash(settings, policy, one) != config_hash(settings, policy, other)


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.path)
def test_every_key_can_be_set_by_the_environment(key: Key) -> None:
    """As the page of settings says: written in capitals, a list as JSON."""
    text = msgspec.json.encode(key.default).decode()
    if key.path == "run.fees":
        text = "VIP0"
    layers = layers_of(environment={key.environment: text})
    assert key.path in dict(leaves(layers[2].document))
    policy_of(settings_of(layers), Mode.BACKTEST)


def test_an_unknown_key_is_refused_wherever_it_stands() -> None:
    for name in ("RUN__SPEED", "SPEED", "POLICY__SIZING__RISK", "POLICY__MODES__WILD__SIZE"):
        refusal({}, {f"QUANTUM_OS__{name}": "1"})


def test_an_environment_that_is_no_text_is_refused_by_its_name() -> None:
    told = refusal({}, {"QUANTUM_OS__API__HOST_NAMES": "\udcff"})
    assert told == "environment: QUANTUM_OS__API__HOST_NAMES is not UTF-8"
