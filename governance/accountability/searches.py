"""Counting searches, where a rule limits their number: by organisation, by case, and by the person searched for."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from django.db import connections
from django.db.models import Q

from common.context import tenant_scope
from governance.accountability.models import SearchRecord
from governance.audit import ledger
from governance.policies import Limits

SUBJECT_USE: Final = "search-subject"

_TODAY: Final = """
    SELECT coalesce(sum(n_searches), 0) FROM accountability_searchrecord
    WHERE tenant_id = %s AND at > clock_timestamp() - interval '24 hours'
"""
_IN_CASE: Final = """
    SELECT coalesce(sum(n_searches), 0) FROM accountability_searchrecord WHERE tenant_id = %s AND case_commitment = %s
"""
# The greatest of the counts of these people, each since the last review of that person.
_OF_SUBJECTS: Final = """
    SELECT coalesce(max(counted.n), 0) FROM unnest(%s::varchar[]) AS wanted (subject), LATERAL (
        SELECT count(*) AS n FROM accountability_searchrecord r
        WHERE r.tenant_id = %s AND r.subjects @> ARRAY[wanted.subject]
          AND r.at > greatest(
              clock_timestamp() - interval '30 days',
              (SELECT max(v.at) FROM accountability_subjectreview v
               WHERE v.tenant_id = r.tenant_id AND v.subject = wanted.subject))
    ) AS counted
"""


@dataclass(frozen=True, slots=True)
class Searched:
    """How often an operation searched, and for whom: probes and best candidates, named as in `questions`."""

    n: int
    subjects: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Exceeded:
    """The rule whose limit is exceeded."""

    rule_id: str
    limit: int


def count_today(tenant_id: uuid.UUID) -> int:
    """Return how many searches of the tenant were counted in the last 24 hours; inside its scope."""
    return _number(_TODAY, [tenant_id])


def count_in_case(tenant_id: uuid.UUID, *, case_ref: str) -> int:
    """Return how many searches were counted in a case; inside the tenant's scope."""
    return _number(_IN_CASE, [tenant_id, ledger.commitment(tenant_id, case_ref, use=ledger.CASE_USE)])


def count_of_subject(tenant_id: uuid.UUID, *, subject: str) -> int:
    """Return how often a person was searched for in the last 30 days, since a review; inside the tenant's scope."""
    return _number(_OF_SUBJECTS, [_commitments(tenant_id, (subject,)), tenant_id])


def count_of_people(tenant_id: uuid.UUID, *, subjects: Iterable[str], released_by: Iterable[uuid.UUID]) -> int:
    """Return how many counted operations searched for, or found best, any of these; inside the tenant's scope.

    For the tenant's eyes: what is masked counts only where its review released the person, or the count would say who
    the candidate is.

    Args:
        released_by: decisions of the operations that released one of these.
    """
    wanted = _commitments(tenant_id, subjects)
    if not wanted:
        return 0
    found = SearchRecord.objects.filter(tenant_id=tenant_id, subjects__overlap=wanted)
    return found.filter(Q(is_masked=False) | Q(decision_entry_id__in=list(released_by))).count()


def record(
    searched: Searched,
    *,
    limits: Limits,
    tenant_id: uuid.UUID,
    case_ref: str | None,
    decision_id: uuid.UUID,
    is_masked: bool,
) -> Exceeded | None:
    """Count searches in the operation's transaction, and say whether that is more than a limit allows.

    The tenant's searches that are counted end one after the other from here to their commit; where nothing is limited,
    nothing is locked or written.
    """
    if (
        searched == Searched(0)
        or (limits.searches_today, limits.searches_in_case, limits.searches_of_subject) == (None,) * 3
    ):
        return None
    with tenant_scope(tenant_id):
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"searches of {tenant_id}"])
        subjects = _commitments(tenant_id, searched.subjects)
        SearchRecord.objects.create(
            tenant_id=tenant_id,
            decision_entry_id=decision_id,
            n_searches=searched.n,
            case_commitment=ledger.commitment(tenant_id, case_ref, use=ledger.CASE_USE),
            subjects=subjects,
            is_masked=is_masked,
        )
        return _exceeded(limits, tenant_id=tenant_id, case_ref=case_ref, subjects=subjects)


def _exceeded(limits: Limits, *, tenant_id: uuid.UUID, case_ref: str | None, subjects: list[str]) -> Exceeded | None:
    if (most := limits.searches_today) is not None and count_today(tenant_id) > most:
        return Exceeded("QUO-001", most)
    most = limits.searches_in_case
    if most is not None and case_ref is not None and count_in_case(tenant_id, case_ref=case_ref) > most:
        return Exceeded("QUO-002", most)
    if (most := limits.searches_of_subject) is not None and _number(_OF_SUBJECTS, [subjects, tenant_id]) > most:
        return Exceeded("SRV-001", most)
    return None


def _commitments(tenant_id: uuid.UUID, subjects: Iterable[str]) -> list[str]:
    return [ledger.commitment(tenant_id, subject, use=SUBJECT_USE) for subject in dict.fromkeys(subjects)]


def _number(statement: str, parameters: list[Any]) -> int:
    with connections["default"].cursor() as cursor:
        cursor.execute(statement, parameters)
        (number,) = cursor.fetchone()
    return int(number)
