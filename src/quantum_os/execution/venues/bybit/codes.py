"""Which of Bybit's codes are definite, and what each proves of a request that changes something.

A code that is missing here is UNKNOWN, and so is one that is listed as such: the list says that
somebody has looked at it. Zero is one of them: where it is judged, the answer made no sense.
"""

from quantum_os.execution.closing import REDUCE_ONLY_REJECTED
from quantum_os.execution.protection import WOULD_TRIGGER_NOW
from quantum_os.execution.venues.ccxt.dialect import Consequences
from quantum_os.execution.venues.ccxt.verdicts import CodeTable, Verdict

_BY_VERDICT: dict[Verdict, tuple[int, ...]] = {
    Verdict.UNKNOWN: (
        *(0, 5004, 10000, 10014, 10016, 10019),
        *(110071, 110079, 110090, 110123, 110126),
    ),
    Verdict.NOT_EXECUTED: (10002, 10006, 10018, 10429),
    Verdict.LOCKED_OUT: (
        *(10003, 10004, 10005, 10007, 10008, 10009, 10010, 10020, 10024, 10027, 10028, 10029),
        33004,
    ),
    Verdict.ABSENT: (110001, 110008, 110010, 170213),
    Verdict.DUPLICATE: (110030, 110072),
    Verdict.NO_CHANGE: (110025, 110026, 110027, 110043, 34036),
    Verdict.REFUSED: (
        # the request itself
        *(10001, 10017, 110018, 110019, 110032, 110037, 110049, 110050, 110057),
        # price, quantity and limits of the book
        *(110003, 110009, 110016, 110020, 110021, 110022, 110064, 110092, 110093, 110094),
        # money
        *(110004, 110006, 110007, 110012, 110014, 110044, 110045, 110051, 110052, 110053),
        # the position, its margin and its leverage
        *(110005, 110011, 110013, 110015, 110017, 110031, 110033, 110034, 110036, 110038),
        *(110039, 110040, 110041, 110046, 110047, 110048, 110058),
        # modes, and what the symbol or the account may do
        *(110023, 110024, 110028, 110029, 110035, 110042, 110063, 110066, 110067, 110068),
        *(110069, 110070, 110073),
    ),
}

CODES: CodeTable = {str(code): verdict for verdict, codes in _BY_VERDICT.items() for code in codes}
"""The one table; the fault suite asks for every code of it."""

CONSEQUENCES = Consequences(
    clock=frozenset({"10002"}),
    filters=frozenset({"10001", "110003", "110094"}),
    listing=frozenset(
        {"110017", "110034", "110004", "110007", "110012", "110030", "110035", "110072"}
    ),
    symbol_closed=frozenset({"110023", "110042", "110063", "110066"}),
    entries_closed=frozenset({"10024", "10027"}),
    fund_codes={
        "110017": REDUCE_ONLY_REJECTED,
        "110092": WOULD_TRIGGER_NOW,
        "110093": WOULD_TRIGGER_NOW,
    },
)
