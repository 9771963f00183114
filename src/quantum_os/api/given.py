"""What a route may ask for by type: the fund, and the parts of the API itself."""

from typing import Any

from litestar import Request
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from quantum_os.api.acts import Caller
from quantum_os.api.comparing import Comparisons
from quantum_os.api.confirmations import Confirmations
from quantum_os.api.dashboard.logins import LoginLinks
from quantum_os.api.dashboard.report_links import ReportLinks
from quantum_os.api.fund import Fund
from quantum_os.api.gatekeeper import Gatekeeper
from quantum_os.api.pulse import Pulse
from quantum_os.api.recollection import Recollections
from quantum_os.api.reloading import Reloading

FundOf = NamedDependency[SkipValidation[Fund]]
GatekeeperOf = NamedDependency[SkipValidation[Gatekeeper]]
ConfirmationsOf = NamedDependency[SkipValidation[Confirmations]]
LinksOf = NamedDependency[SkipValidation[LoginLinks]]
ReloadingOf = NamedDependency[SkipValidation[Reloading]]
PulseOf = NamedDependency[SkipValidation[Pulse]]
ComparisonsOf = NamedDependency[SkipValidation[Comparisons]]
ReportLinksOf = NamedDependency[SkipValidation[ReportLinks]]
RecollectionsOf = NamedDependency[SkipValidation[Recollections]]

Asked = Request[Caller, None, Any]
"""A request that was let in with a token."""
