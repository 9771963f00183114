"""How every test runs: properties are never timed, and in CI they always draw the same examples."""

import os

from hypothesis import HealthCheck, settings

settings.register_profile(
    "desk", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("ci", parent=settings.get_profile("desk"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "desk")
