"""What a route may ask for by type: the fund, and the parts of the API itself."""

from typing import Annotated, Any

from litestar import Request
from litestar.params import Dependency

from quantum_os.api.acts import Caller
from quantum_os.api.confirmations import Confirmations
from quantum_os.api.fund import Fund
from quantum_os.api.gatekeeper import Gatekeeper
from quantum_os.api.pulse import Pulse

FundOf = Annotated[Fund, Dependency(skip_validation=True)]
GatekeeperOf = Annotated[Gatekeeper, Dependency(skip_validation=True)]
ConfirmationsOf = Annotated[Confirmations, Dependency(skip_validation=True)]
PulseOf = Annotated[Pulse, Dependency(skip_validation=True)]

Asked = Request[Caller, None, Any]
"""A request that was let in with a token."""
