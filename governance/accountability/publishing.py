"""Transparency reports for everybody: published by the oversight, and from then on as they were.

Periods of published reports never overlap: the difference of two reports would else be a report of a few days, in which
nothing was suppressed (the database refuses it, too).
"""

from __future__ import annotations

import csv
import io
import uuid
from datetime import date
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from common.canonical import canonical_json, digest
from common.errors import InvalidRequest
from common.vocabulary import StaffRole
from governance import transparency
from governance.accountability.models import PublishedReport
from governance.audit import ledger
from governance.audit.tags import Tag
from governance.errors import ReportNotFound
from governance.services.signing import record, require
from tenants.models import User

_USING: Final = "officer"


def publish(*, first: date, last: date, by: User) -> PublishedReport:
    """Count some days (UTC, both included) and let everybody read it.

    Raises:
        NotPermittedForRole: `by` is no oversight member.
        InvalidRequest: the period is not over, not in the signed tree yet, empty, or touches a published one.
    """
    require(by, role=StaffRole.OVERSIGHT)
    since, until = transparency.period_of(first, last)
    if until > ledger.database_now(using=_USING):
        raise InvalidRequest("The period is not over yet.")
    report = transparency.make_report(since=since, until=until)
    if report.log.checkpoint is None:
        raise InvalidRequest("No signed tree holds the period yet, or there is nothing in it.")
    content = report.as_values()
    published = PublishedReport(since=since, until=until, content=content, digest=digest(content), published_by=by)
    try:
        with transaction.atomic(using=_USING):
            published.save(using=_USING, force_insert=True)
            record(
                Tag.TRANSPARENCY_PUBLISHED,
                (by,),
                resource=("report", published.id),
                tenant_id=None,
                data={"since": since.isoformat(), "until": until.isoformat(), "sha256": published.digest},
            )
    except IntegrityError as error:
        raise InvalidRequest("A published report tells of some of these days already.") from error
    return published


def list_reports() -> QuerySet[PublishedReport]:
    """Return the published reports, newest period first; for everybody."""
    return PublishedReport.objects.order_by("-since")


def get_report(report_id: uuid.UUID) -> PublishedReport:
    """Return one of them; for everybody.

    Raises:
        ReportNotFound.
    """
    found = PublishedReport.objects.filter(id=report_id).first()
    if found is None:
        raise ReportNotFound
    return found


def as_json(report: PublishedReport) -> bytes:
    """Return the report as canonical JSON: its SHA-256 is the digest that the log's event holds."""
    return canonical_json(report.content)


def as_csv(report: PublishedReport) -> str:
    """Return it as a table of table, label and count."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("table", "label", "count"))
    tables: list[dict[str, Any]] = report.content["tables"]
    for table in tables:
        for label, count in table["rows"]:
            writer.writerow((table["title"], label, "suppressed" if count is None else count))
    return out.getvalue()
