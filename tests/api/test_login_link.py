"""One more link is an operator's to ask for: written down first, good once, and in no record."""

from quantum_os.api.clearance import Role
from quantum_os.api.dashboard.logins import ASKED_LASTS_S, LINK_LASTS_S, LoginLinks
from quantum_os.events.base import stream_of
from quantum_os.events.governance import AuditEntry
from quantum_os.storage.recorded_journal import RecordedJournal
from tests.api.served import Served

PATH = "/api/v1/login_link"
WHY = {"reason": "a second screen"}


class Watching(LoginLinks):
    """Links as they are, and how many entries of the audit were on the disk as each was made."""

    def __init__(self, fund: Served) -> None:
        super().__init__(fund.tokens)
        self._fund = fund.fund
        self.durable: list[int] = []

    def make(self, role: Role, lasts_s: float = LINK_LASTS_S) -> str:
        flushed = self._fund.life.journal.flushed_seq
        kept = self._fund.board.kept(stream_of(AuditEntry))
        self.durable.append(sum(each.seq <= flushed for each in kept))
        return super().make(role, lasts_s)


def entries(fund: Served) -> list[int]:
    items = fund.get("/api/v1/audit").json()["items"]
    return [each["event"]["position"] for each in items]


def test_a_link_logs_an_operator_in_once_and_the_audit_knew_first(
    own_fund: Served,
) -> None:
    own_fund.server.parts.links = watching = Watching(own_fund)
    answer = own_fund.post(PATH, WHY)
    assert answer.status == 200, answer.body
    said = answer.json()
    assert watching.durable == [1], "its entry was not on the disk when the link was made"
    assert (said["audit"], said["audit_durable"], said["lasts_s"]) == (1, True, ASKED_LASTS_S)
    place, _, word = said["path"].partition("=")
    assert place == "/#login"
    session = own_fund.post("/dashboard/login", {"code": word}, role=None)
    assert session.json()["role"] == Role.OPERATOR
    assert own_fund.post("/dashboard/login", {"code": word}, role=None).status == 401


def test_the_entry_says_who_and_why_and_no_event_holds_the_word(own_fund: Served) -> None:
    word = own_fund.post(PATH, WHY).json()["path"].partition("=")[2]
    (item,) = own_fund.get("/api/v1/audit").json()["items"]
    entry = item["event"]
    assert (entry["action"], entry["actor"], entry["reason"]) == (
        "login_link",
        "operator",
        WHY["reason"],
    )
    with RecordedJournal(own_fund.fund.facts.home.folder) as recorded:
        said = [str(each.event()) for each in recorded.backwards(stream_of(AuditEntry), 2**62)]
    assert said
    assert not any(word in each for each in said)


def test_nobody_else_gets_one_and_nobody_without_a_reason(own_fund: Served) -> None:
    for role in (Role.VIEWER, Role.ANALYST, Role.TRADER):
        assert own_fund.post(PATH, WHY, role=role).status == 403
    assert own_fund.post(PATH, WHY, role=None).status == 401
    for body in ({}, {"reason": " "}, {**WHY, "role": "operator"}):
        assert own_fund.post(PATH, body).status == 400
    assert entries(own_fund) == []
