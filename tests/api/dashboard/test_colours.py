"""Every ink can be read on every ground that it stands on, by light and by dark."""

import re

import pytest

from quantum_os.api.dashboard.files import files

TEXT, SIGN = 4.5, 3.0
"""Contrasts that WCAG 2.2 AA asks of text, and of the edges of what can be used."""

INKS = ("ink", "ink-soft", "ink-dim", "accent", "gain", "loss", "warn")
PAIRS = [
    *((ink, ground) for ink in INKS for ground in ("panel", "ground")),
    *((ink, "raised") for ink in ("ink", "ink-soft")),
    ("gain", "gain-ground"),
    ("loss", "loss-ground"),
    ("warn", "warn-ground"),
    ("accent", "accent-ground"),
    ("ink", "accent-ground"),
    ("gain", "accent-ground"),
    ("loss", "accent-ground"),
    ("on-accent", "accent"),
    ("on-danger", "danger"),
]
_TOKEN = re.compile(r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);")


def tokens(theme: str) -> dict[str, str]:
    text = files()["style/tokens.css"].content.decode()
    return {name: (light, dark)[theme == "dark"] for name, light, dark in _TOKEN.findall(text)}


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return sum(w * p for w, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), PAIRS)
def test_text_can_be_read(theme: str, ink: str, ground: str) -> None:
    found = tokens(theme)
    assert contrast(found[ink], found[ground]) >= TEXT


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("edge", ["line-strong", "loss", "accent"])
def test_the_edge_of_what_can_be_pressed_is_seen(theme: str, edge: str) -> None:
    found = tokens(theme)
    assert contrast(found[edge], found["panel"]) >= SIGN


def test_the_arithmetic_is_that_of_the_standard() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") < TEXT < contrast("#767676", "#ffffff")
