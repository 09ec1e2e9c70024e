"""Published transparency reports: for everybody, bound to the log, and never two that tell of the same day."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

import pytest
from django.db import DatabaseError
from django.test import Client

from common.errors import InvalidRequest
from governance import transparency
from governance.accountability import publishing
from governance.accountability.models import PublishedReport
from governance.audit import ledger
from governance.audit.models import AuditEntry
from governance.errors import NotPermittedForRole
from tests.api.conftest import published
from tests.people import browser, make_staff, sign_in
from tests.worlds import Staff

COUNTED = transparency.Report(
    since=datetime(1970, 1, 1, tzinfo=UTC),
    until=datetime(1970, 1, 3, tzinfo=UTC),
    log=transparency.LogRange(n_entries=9, first=("a", "b"), last=("c", "d"), checkpoint=(9, "e" * 64)),
    tables=(transparency.Table("Refusals by rule", (("VET-001", 7), ("MOR-001", None))),),
)


def _publish(staff: Staff, *, first: str, last: str) -> PublishedReport:
    """Publish days in which this log has nothing, as if it had."""
    days = datetime.fromisoformat(first).date(), datetime.fromisoformat(last).date()
    with patch.object(transparency, "make_report", return_value=COUNTED):
        return publishing.publish(first=days[0], last=days[1], by=staff.oversight[0])


def test_anybody_reads_what_is_published_in_three_forms_and_can_check_it(staff: Staff) -> None:
    report = _publish(staff, first="1970-01-01", last="1970-01-02")
    client: Client = browser()

    listed = client.get("/transparency").content.decode()
    page = client.get(f"/transparency/{report.id}/").content.decode()
    text = client.get(f"/transparency/{report.id}.csv")
    data = client.get(f"/transparency/{report.id}.json")

    assert f"/transparency/{report.id}/" in listed
    assert "suppressed" in page and "VET-001" in page and "e" * 64 in page
    rows = {row["label"]: row["count"] for row in csv.DictReader(io.StringIO(text.content.decode()))}
    assert rows == {"VET-001": "7", "MOR-001": "suppressed"}
    assert json.loads(data.content)["log"]["checkpoint"] == {"root": "e" * 64, "size": 9}
    events = AuditEntry.objects.using("officer").filter(kind="event", tenant_id=None).order_by("-ins_id")
    event = next(e.content for e in events if e.content["resource"]["id"] == str(report.id))
    assert event["data"]["sha256"] == hashlib.sha256(data.content).hexdigest() == report.digest
    absent = (f"/transparency/{ledger.new_id()}/", f"/transparency/{report.id}.pdf")
    assert [client.get(path).status_code for path in absent] == [404, 404]


def test_no_two_tell_of_the_same_day(staff: Staff) -> None:
    _publish(staff, first="1971-01-01", last="1971-01-31")

    with pytest.raises(InvalidRequest, match="already"):
        _publish(staff, first="1971-01-31", last="1971-02-03")
    assert _publish(staff, first="1971-02-01", last="1971-02-03").id


def test_only_oversight_publishes_and_only_what_is_over_and_in_the_tree(staff: Staff) -> None:
    today = ledger.database_now().date()

    with pytest.raises(NotPermittedForRole):
        publishing.publish(first=today, last=today, by=staff.officers[0])
    with pytest.raises(InvalidRequest, match="not over"):
        publishing.publish(first=today, last=today, by=staff.oversight[0])
    with pytest.raises(InvalidRequest, match="No signed tree"):
        publishing.publish(first=datetime(1969, 1, 1).date(), last=datetime(1969, 1, 2).date(), by=staff.oversight[0])


def test_what_is_published_stays_as_it_was() -> None:
    report_id = published()

    for using in ("default", "officer"):
        with pytest.raises(DatabaseError, match="permission denied"):
            PublishedReport.objects.using(using).filter(id=report_id).update(until=ledger.database_now())


def test_oversight_publishes_in_the_administration() -> None:
    client = sign_in(*make_staff(publishing.StaffRole.OVERSIGHT))
    tomorrow = (ledger.database_now() + timedelta(days=1)).date().isoformat()

    answer = client.post("/admin/accountability/publishedreport/add/", {"first": tomorrow, "last": tomorrow})

    assert "The period is not over yet" in answer.content.decode()
    officer = sign_in(*make_staff())
    assert officer.get("/admin/accountability/publishedreport/add/").status_code == 403
