"""One browser for all tests that only look: an operator, at a fund that stands still.

It is closed after the last of them: an open page goes on asking.
"""

from collections.abc import Iterator

import pytest

from tests.api.dashboard.door import entered, resized
from tests.api.served import Served
from tests.browser import Page


@pytest.fixture(scope="package")
def browsed(fund: Served, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with entered(fund, tmp_path_factory.mktemp("profile")) as page:
        yield page


@pytest.fixture
def page(browsed: Page) -> Page:
    resized(browsed, 1400, 1000)
    return browsed
