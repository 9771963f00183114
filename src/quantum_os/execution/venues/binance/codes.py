"""Which of Binance's codes are definite, and what each proves of a request that changes something.

A code that is missing here is UNKNOWN, and so is one that is listed as such: the list says that
somebody has looked at it.
"""

from quantum_os.execution.venues.ccxt.dialect import Consequences
from quantum_os.execution.venues.ccxt.verdicts import CodeTable, Verdict

_BY_VERDICT: dict[Verdict, tuple[int, ...]] = {
    Verdict.UNKNOWN: (-1000, -1001, -1006, -1007, -1010, -1016),
    Verdict.NOT_EXECUTED: (-1003, -1008, -1015, -1021, -5028),
    Verdict.LOCKED_OUT: (-1002, -1022, -2014, -2015, -2017),
    Verdict.ABSENT: (-2011, -2013),
    Verdict.DUPLICATE: (-4116, -4115),
    Verdict.NO_CHANGE: (-4046, -4059),
    Verdict.REFUSED: (
        # the request itself
        *(-1013, -1100, -1101, -1102, -1103, -1104, -1105, -1106, -1111, -1112, -1114, -1115),
        *(-1116, -1117, -1120, -1121, -1128, -1130, -1136),
        # the order
        *(-2010, -2018, -2019, -2020, -2021, -2022, -2023, -2024, -2025, -2026, -2027, -2028),
        # filters, modes and limits
        *range(-4007, -4000),
        *(-4013, -4014, -4015, -4016, -4023, -4024, -4028, -4029, -4045, -4047, -4048, -4050),
        *(-4051, -4055, -4060, -4061, -4062, -4067, -4068, -4087, -4088, -4118, -4120, -4130),
        *(-4131, -4137, -4138, -4140, -4141, -4142, -4161, -4164, -4168, -4183, -4184, -4192),
        *(-4209, -4210, -4211, -4400, -4401, -4402, -4403),
        # how it was to be filled
        *(-5021, -5022, -5024, -5025, -5026, -5027, -5037, -5038, -5039, -5040, -5041),
    ),
}

CODES: CodeTable = {str(code): verdict for verdict, codes in _BY_VERDICT.items() for code in codes}
"""The one table; the fault suite asks for every code of it."""

CONSEQUENCES = Consequences(
    clock=frozenset({"-1021", "-5028"}),
    filters=frozenset({"-1111", "-4003", "-4004", "-4005", "-4014", "-4023"}),
    listing=frozenset({"-2022", "-4118", "-2023", "-2019", "-4116"}),
    modes=frozenset({"-4060", "-4061"}),
    symbol_closed=frozenset({"-4140", "-4141"}),
    entries_closed=frozenset({"-2023", "-4087", "-4192", "-4400", "-4401", "-4402", "-4403"}),
)
