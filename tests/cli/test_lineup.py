"""`quantum-os lineup`: who is in the fund, as people and as programs read it."""

from pathlib import Path

from quantum_os.cli.dataflow import dataflow_page
from quantum_os.cli.lineup_command import default_line_up
from quantum_os.events.catalog import ORIGINAL_STREAMS
from tests.cli.console import quantum_os

PAGE = Path(__file__).parents[2] / "docs" / "dataflow.md"


def test_the_object_names_modules_and_streams() -> None:
    said = quantum_os("lineup", "--json")
    assert said.code == 0, said.err
    found = said.json()
    modules = {module["name"]: module for module in found["modules"]}
    assert "trade.intent" in modules["sizing.desk"]["produces"]
    assert "trade.intent" in modules["risk.gate"]["consumes"]
    assert modules["market.feeds.tape"]["kind"] == "edge"
    assert set(ORIGINAL_STREAMS) <= found["streams"].keys()


def test_the_page_is_fresh() -> None:
    """Mended by: quantum-os lineup --page > docs/dataflow.md"""
    assert PAGE.read_text(encoding="utf-8") == dataflow_page(default_line_up())


def test_the_picture_is_a_mermaid_graph() -> None:
    said = quantum_os("lineup", "--mermaid")
    assert said.out.startswith("flowchart LR")
