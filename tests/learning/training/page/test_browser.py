"""The page of a training in a real browser: charts drawn, no error, no request, dark and small."""

from pathlib import Path

import pytest

from quantum_os.learning.report.written import PAGE
from quantum_os.learning.training.page_writing import write_page
from quantum_os.learning.training.report import TrainingReport
from tests.browser import Page, opened

pytestmark = pytest.mark.slow

CHARTS = ["walk", "calibration", "paths", "features-forest", "features-logistic"]


@pytest.fixture(scope="module")
def file(report: TrainingReport, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("page")
    assert write_page(folder, report) == folder / PAGE
    return folder / PAGE


def drawn(page: Page, name: str) -> list[str]:
    page.waits_for(
        f"document.getElementById('chart-{name}').scrollIntoView({{behavior: 'instant'}});"
        f"return document.querySelector('#chart-{name} .main-svg') !== null"
    )
    kinds: list[str] = page.asks(
        f"return document.getElementById('chart-{name}').data.map((t) => t.type)"
    )
    return kinds


@pytest.mark.parametrize("dark", [False, True])
def test_the_whole_page_is_drawn_without_an_error_or_a_request(
    dark: bool, file: Path, report: TrainingReport, tmp_path: Path
) -> None:
    followed = [m for m in (report.ensemble, *report.models) if m.equity is not None]
    assert report.ensemble in followed
    with opened(file, tmp_path, dark=dark) as page:
        kinds = {name: drawn(page, name) for name in CHARTS}
        assert kinds["paths"] == ["box", "box", "box"]
        assert kinds["walk"].count("scatter") == 4 + len(followed)
        assert kinds["features-forest"] == ["bar"]
        colour = page.asks("return getComputedStyle(document.body).backgroundColor")
        assert (colour == "rgb(16, 19, 23)") is dark
        assert page.complaints() == []
        assert set(page.requests()) == {file.resolve().as_uri()}


def test_no_part_is_wider_than_a_phone(file: Path, tmp_path: Path) -> None:
    with opened(file, tmp_path) as phone:
        size = {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True}
        phone.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        for name in CHARTS:
            drawn(phone, name)
        assert phone.asks("return document.documentElement.scrollWidth") <= 390


def test_every_figure_of_a_chart_is_told_in_words(file: Path, tmp_path: Path) -> None:
    with opened(file, tmp_path) as page:
        labels = page.asks(
            "return [...document.querySelectorAll('[role=img]')]"
            ".map((e) => e.getAttribute('aria-label') || '')"
        )
        assert labels
        assert all(len(label) > 10 for label in labels)
        untitled = "return [...document.querySelectorAll('table')].filter((t) => !t.caption).length"
        assert page.asks(untitled) == 0
