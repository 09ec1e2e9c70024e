"""The transparency report: counts out of the log, bound to a range of it, nothing small enough to point at somebody."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from common.errors import InvalidRequest
from common.vocabulary import CustomerCategory
from governance import transparency
from governance.audit import ledger, roles, sequencer
from governance.audit.models import AuditEntry
from tests.people import make_staff, sign_in
from tests.worlds import PlayerFactory


def _report_of(make_player: PlayerFactory, *, n_refusals: int) -> transparency.Report:
    """Let an unapproved tenant ask so often in vain, and count the time in which it did."""
    player = make_player(CustomerCategory.CONSUMER_SOFTWARE, approved=False)
    since = ledger.database_now()
    for _ in range(n_refusals):
        assert player.client.get("/v1/collections").status_code == 403
    return transparency.make_report(since=since, until=ledger.database_now() + timedelta(milliseconds=1))


def _rows(report: transparency.Report, title: str) -> dict[str, int | None]:
    (table,) = [table for table in report.tables if table.title == title]
    return dict(table.rows)


def test_it_counts_what_the_log_holds(make_player: PlayerFactory) -> None:
    report = _report_of(make_player, n_refusals=6)

    assert _rows(report, "Decisions by operation") == {"administer: deny": 6}
    assert _rows(report, "Refusals by rule")["VET-001"] == 6
    assert _rows(report, "How uses ended") == {"refused": 6}
    entries = AuditEntry.objects.using("officer").filter(ts__gte=report.since, ts__lt=report.until)
    assert report.log.n_entries == entries.count()
    assert report.log.first is not None
    assert report.log.first[0] == str(entries.order_by("ins_id")[0].id)


def test_cells_under_five_are_suppressed_in_every_form(make_player: PlayerFactory) -> None:
    report = _report_of(make_player, n_refusals=4)

    assert _rows(report, "Refusals by rule")["VET-001"] is None
    tables = {table["title"]: dict(table["rows"]) for table in json.loads(report.as_json())["tables"]}
    assert tables["Refusals by rule"]["VET-001"] is None
    lines = {(row["table"], row["label"]): row["count"] for row in csv.DictReader(io.StringIO(report.as_csv()))}
    assert lines["Refusals by rule", "VET-001"] == "suppressed"
    assert "4" not in {count for count in lines.values()}


def test_it_names_the_signed_tree_that_holds_what_was_counted(make_player: PlayerFactory) -> None:
    report = _report_of(make_player, n_refusals=1)
    assert report.log.checkpoint is None

    with roles.connect("custos_sequencer", autocommit=True) as connection:
        sequencer.drain(connection)
    again = transparency.make_report(since=report.since, until=report.until)

    assert again.log.checkpoint is not None
    size, root = again.log.checkpoint
    assert (size >= again.log.n_entries, len(root)) == (True, 64)


def test_an_empty_period_is_counted_and_a_wrong_one_refused() -> None:
    long_ago = datetime(2000, 1, 1, tzinfo=UTC)
    report = transparency.make_report(since=long_ago, until=long_ago + timedelta(days=1))

    assert (report.log.n_entries, report.log.first, report.log.checkpoint) == (0, None, None)
    assert all(table.rows == () for table in report.tables)
    for until in (long_ago, datetime(2001, 1, 1)):
        with pytest.raises(InvalidRequest):
            transparency.make_report(since=long_ago, until=until)


def test_the_command_writes_three_files(tmp_path: Path) -> None:
    today = ledger.database_now().date()

    call_command("transparency_report", today.isoformat(), today.isoformat(), into=tmp_path)

    assert {path.suffix for path in tmp_path.iterdir()} == {".json", ".csv", ".html"}
    assert json.loads((tmp_path / f"transparency-{today}-{today}.json").read_text())["suppressed_below"] == 5
    with pytest.raises(CommandError):
        call_command("transparency_report", today.isoformat(), "2020-01-01", into=tmp_path)


@pytest.mark.parametrize(
    ("form", "content_type"), [("html", "text/html"), ("csv", "text/csv"), ("json", "application/json")]
)
def test_staff_see_it_and_take_it_along(form: str, content_type: str) -> None:
    client = sign_in(*make_staff())
    today = date.today().isoformat()
    url = "/admin/audit/auditentry/transparency/"

    assert url in client.get("/admin/audit/auditentry/").content.decode()
    assert client.get(url).status_code == 200
    answer = client.get(url, {"first": today, "last": today, "form": form})

    assert answer.status_code == 200
    assert answer["Content-Type"].startswith(content_type)
    assert b"Refusals by rule" in answer.content or form == "csv"
    wrong = client.get(url, {"first": today, "last": "2020-01-01", "form": form})
    assert "later end" in wrong.content.decode()
