"""`quantum-os config`: every value in force, who said so, and the page and schema of all keys."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from quantum_os.cli.config_schema import config_schema
from quantum_os.cli.configuration_page import SECTIONS, configuration_page
from quantum_os.cli.provenance import in_force
from quantum_os.cli.setting_keys import Key, line_notes, policy_keys, setting_keys
from quantum_os.governance.policy_document import packaged, policy_text
from quantum_os.settings import layers_of, leaves
from tests.cli.console import here, quantum_os

PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"
KEYS = [*setting_keys(), *policy_keys()]
NOWHERE = {"PATH": ""}


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.path)
def test_every_key_says_what_it_means(key: Key) -> None:
    """Mended below the field of the struct, or in the comment of the line of policy.toml."""
    assert key.meaning, key.path


def test_a_number_has_a_unit_or_is_a_count_a_factor_or_a_name() -> None:
    without = {key.path for key in KEYS if isinstance(key.default, float) and not key.unit}
    assert {path for path in without if not path.startswith("policy.modes.")} == {
        "policy.sizing.kelly_kappa",
        "policy.sizing.cold_start_factor",
        "policy.sizing.vanished_below",
        "policy.risk.correlation_assumed",
    }


def test_the_page_is_fresh() -> None:
    """Mended by: quantum-os config page > docs/configuration.md"""
    assert PAGE.read_text(encoding="utf-8") == configuration_page()


def test_every_key_is_on_the_page() -> None:
    page = configuration_page()
    for key in KEYS:
        section, _, name = key.path.rpartition(".")
        assert f"`{name}`" in page or name in page, key.path
        assert any(section.startswith(known) for known in SECTIONS)


def test_comments_are_read_from_their_lines_and_from_above() -> None:
    notes = line_notes("# all of it\n\na = 1  # one\n# two\nb = 2\n\n# of c\n[c]\nd = 3\n")
    assert notes == {"a": "one", "b": "two", "c": "of c", "c.d": ""}
    assert line_notes(policy_text()).keys() >= dict(leaves(packaged())).keys()


class TestShow:
    def sources(self, *, file: Path | None = None, **layers: Any) -> dict[str, tuple[object, str]]:
        rows = in_force(layers_of(file, **{"environment": NOWHERE, **layers}), file)
        return {row.key: (row.value, row.source) for row in rows}

    def test_what_nobody_set_is_a_default(self) -> None:
        found = self.sources()
        assert {source for _, source in found.values()} == {"default"}
        assert set(found) == {key.path for key in KEYS}

    def test_each_layer_is_named(self, tmp_path: Path) -> None:
        file = tmp_path / "quantum-os.toml"
        file.write_text("[run]\nprofile = 'research'\n[costs]\nslippage_bps = 9\n")
        found = self.sources(
            file=file,
            environment={"QUANTUM_OS__POLICY__MODES__GROWTH__POSITIONS": "3"},
            flags={"run": {"fees": "VIP1", "seed": 4}},
        )
        assert found["run.profile"] == ("research", f"file {file}")
        assert found["costs.slippage_bps"] == (9.0, f"file {file}")
        assert found["policy.tier"] == ("SCALABLE", "profile research")
        assert found["policy.modes.GROWTH.positions"] == (3, "environment")
        assert found["sim.taker_fee_bps"] == (4.0, "flag --fees")
        assert found["run.seed"] == (4, "flag --seed")
        assert found["sim.half_spread_bps"] == (1.0, "default")

    def test_a_value_a_profile_set_may_be_set_again(self) -> None:
        found = self.sources(
            flags={"run": {"profile": "research"}, "policy": {"tier": "STABLE"}},
        )
        assert found["policy.tier"] == ("STABLE", "flag")

    def test_the_command_prints_one_object(self) -> None:
        said = quantum_os("config", "show", "--changed", "--json", "--capital", "5")
        assert said.code == 0, said.err
        (row,) = said.json()["values"]
        assert (row["key"], row["value"], row["source"]) == ("run.deposit", 5.0, "flag --capital")
        assert row["environment"] == "QUANTUM_OS__RUN__DEPOSIT"

    def test_bad_input_is_refused(self) -> None:
        said = here("config", "show", "--config", "nowhere.toml")
        assert (said.code, len(said.lines)) == (2, 1)


def accepted(schema: dict[str, Any], document: object, part: dict[str, Any]) -> Iterator[str]:
    """What a validator would say: the parts of JSON schema that ours uses, and no more."""
    while "$ref" in part:
        part = schema["$defs"][part["$ref"].removeprefix("#/$defs/")]
    if isinstance(document, dict):
        known, other = part.get("properties", {}), part.get("additionalProperties", True)
        for key, value in document.items():
            if key in known:
                yield from accepted(schema, value, known[key])
            elif other is False:
                yield f"unknown {key}"
            elif isinstance(other, dict):
                yield from accepted(schema, value, other)
        yield from (f"lacks {key}" for key in part.get("required", []) if key not in document)
    elif isinstance(document, list):
        for value in document:
            yield from accepted(schema, value, part.get("items", {}))
    elif "enum" in part and document not in part["enum"]:
        yield f"{document} is not in the list"
    elif part.get("type") in ("number", "integer") and not isinstance(document, int | float):
        yield f"{document!r} is no number"


class TestSchema:
    SCHEMA = config_schema()

    def objections(self, text: str) -> list[str]:
        return list(accepted(self.SCHEMA, tomllib.loads(text), self.SCHEMA))

    def test_the_defaults_and_any_part_of_them_are_allowed(self) -> None:
        document = packaged()
        del document["profile"]
        assert list(accepted(self.SCHEMA, {"policy": document}, self.SCHEMA)) == []
        assert self.objections("[policy.modes.GROWTH]\npositions = 3\n") == []
        assert self.objections("[sim]\nseed = 3\n[[sim.faults]]\nkind = 'partial'\n") == []

    @pytest.mark.parametrize(
        "text",
        [
            "[run]\nspeed = 3\n",
            "[sim]\nspeed = 3\n",
            "[policy]\nprofile = 'mine'\n",
            "[policy]\nreport_only = ['VIBES']\n",
            "[policy.sizing]\nrisk = 1\n",
            "[policy.modes.GROWTH]\nwild = 1\n",
            "[policy.sizing]\nrisk_base = 'much'\n",
            "[[sim.faults]]\nnth = 1\n",
        ],
    )
    def test_what_the_program_refuses_the_schema_refuses(self, text: str) -> None:
        assert self.objections(text)

    def test_every_key_carries_its_meaning(self) -> None:
        text = str(self.SCHEMA)
        for key in setting_keys():
            assert key.meaning in text or repr(key.meaning)[1:-1] in text, key.path

    def test_the_command_prints_it(self) -> None:
        said = here("config", "schema").json()
        assert said == msgspec.json.decode(msgspec.json.encode(self.SCHEMA))
