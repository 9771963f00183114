"""Whose doing a trade of the account is: ours, the venue's own, or somebody else's."""

from quantum_os.events.execution import Fill
from quantum_os.formulas.client_ids import parse

EXTERNAL_FILLS = ("autoclose-", "adl_autoclose")
"""Client ids of the venue's own liquidations and deleveraging."""


def is_foreign(fill: Fill) -> bool:
    """True for a trade that neither we nor the venue itself made: a person, or a second bot."""
    return parse(fill.client_id) is None and not fill.client_id.startswith(EXTERNAL_FILLS)
