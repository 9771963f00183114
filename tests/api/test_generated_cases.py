"""Whatever is sent, allowed by the description or forbidden, no route breaks or lies."""

import asyncio
import os
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import response_schema_conformance

from quantum_os.api.clearance import Role
from tests.api.served import Served, served
from tests.waiting import until

CASES = int(os.environ.get("QUANTUM_OS_API_CASES", "2000"))
"""Cases over all routes together."""

ENDLESS = "/api/v1/events"
READY = "/readyz"
CHECKS = (not_a_server_error, response_schema_conformance)


@pytest.fixture(scope="module")
def treated_badly(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("generated") / "home", days=1) as found:
        yield found


@pytest.mark.slow
@pytest.mark.timeout(3_600)
def test_generated_requests_break_nothing(treated_badly: Served) -> None:
    fund = treated_badly
    schema = schemathesis.openapi.from_dict(fund.get("/api/v1/schema/openapi.json").json())
    found: list[Any] = [each.ok() for each in schema.get_all_operations()]  # type: ignore[union-attr]
    operations = [each for each in found if each.path != ENDLESS]
    assert len(operations) > 40
    sent: dict[str, int] = {}
    for operation in operations:
        for mode in GenerationMode:
            hammer(fund, operation, mode, max(1, CASES // (2 * len(operations))), sent)
    print(sum(sent.values()), "cases sent")
    assert sum(sent.values()) >= CASES * 0.5, sent
    asyncio.run(until(lambda: fund.get(READY, role=None).status == 200))


def says_why(_context: Any, response: Any, _case: Any) -> None:
    """A hammered process may be not ready, and nothing worse; then a check that failed is named."""
    told = response.json()
    if response.status_code >= 500:
        assert response.status_code == 503, response.status_code
        assert not told["ready"], told
        assert any(not each["ok"] for each in told["checks"]), told


def hammer(
    fund: Served, operation: Any, mode: GenerationMode, cases: int, sent: dict[str, int]
) -> None:
    """Sends cases of one route that its description allows, or forbids."""
    headers = {"Authorization": f"Bearer {fund.of_role[Role.OPERATOR]}"}
    checks = (says_why, *CHECKS[1:]) if operation.path == READY else CHECKS

    @settings(
        max_examples=cases,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def case_by_case(case: Any) -> None:
        sent[operation.path] = sent.get(operation.path, 0) + 1
        base = f"http://127.0.0.1:{fund.port}"
        case.call_and_validate(base_url=base, headers=headers, checks=list(checks), timeout=30)

    case_by_case()
