"""Every route of the API, a file per domain; a new domain adds its router here."""

from litestar.router import Router

from quantum_os.api.dashboard.reports import REPORTS
from quantum_os.api.dashboard.routes import DASHBOARD
from quantum_os.api.routes.access import ACCESS
from quantum_os.api.routes.control import CONTROL
from quantum_os.api.routes.decisions import DECISIONS
from quantum_os.api.routes.events import FOLLOWING
from quantum_os.api.routes.markets import MARKETS
from quantum_os.api.routes.models import MODELS
from quantum_os.api.routes.money import MONEY
from quantum_os.api.routes.policy import POLICY
from quantum_os.api.routes.positions import POSITIONS
from quantum_os.api.routes.process import PROBES, PROCESS
from quantum_os.api.routes.records import RECORDS
from quantum_os.api.routes.risk import RISK
from quantum_os.api.routes.runs import RUNS
from quantum_os.api.routes.system import METRICS, SYSTEM
from quantum_os.api.routes.trust import TRUST

ROUTES: tuple[Router, ...] = (
    PROBES,
    METRICS,
    PROCESS,
    MONEY,
    POSITIONS,
    MARKETS,
    DECISIONS,
    RISK,
    MODELS,
    TRUST,
    POLICY,
    RECORDS,
    RUNS,
    SYSTEM,
    FOLLOWING,
    CONTROL,
    ACCESS,
    DASHBOARD,
    REPORTS,
)
