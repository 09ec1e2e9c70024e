"""What two members of staff sign here: terms of a watch-list, and the review of repeated searches of one person."""

from __future__ import annotations

import re
import uuid
from typing import Any, Final

from common.errors import InvalidRequest
from common.vocabulary import StaffRole
from governance import fence, four_eyes
from governance.accountability.models import SubjectReview, WatchlistTerms
from governance.audit.tags import Tag
from governance.four_eyes import ChangeKind, Execution, Payload, Signed
from governance.services.payloads import ids, instant, text
from governance.services.signing import record


def check_watchlist(payload: Payload) -> None:
    """Refuse terms without a collection, an operation or dates in order."""
    ids(payload, "tenant")
    ids(payload, "collection")
    text(payload, "operation")
    if instant(payload, "effective_from") >= instant(payload, "expires_at"):
        raise InvalidRequest("The terms end before they begin.")


def execute_watchlist(payload: Payload, signed: Signed) -> Execution:
    """Put them in force."""
    terms = WatchlistTerms(
        tenant_id=ids(payload, "tenant"),
        collection_id=ids(payload, "collection"),
        operation=text(payload, "operation")[:200],
        effective_from=instant(payload, "effective_from"),
        expires_at=instant(payload, "expires_at"),
        approver_1=signed.proposer,
        approver_2=signed.approver,
    )
    with fence.closed():
        terms.save(using="officer", force_insert=True)
        _record(Tag.WATCHLIST_GRANTED, signed, resource=("watchlist", terms.id), tenant_id=terms.tenant_id)
    return Execution(result_id=terms.id)


def check_review(payload: Payload) -> None:
    """Refuse a review of nobody, or without a reason."""
    ids(payload, "tenant")
    text(payload, "reason")
    if not re.fullmatch(r"[0-9a-f]{64}", text(payload, "subject")):
        raise InvalidRequest("The subject is the digest of 64 hexadecimal digits that the decision recorded as probe.")


def execute_review(payload: Payload, signed: Signed) -> Execution:
    """Set the count of searches of this person back."""
    with fence.closed() as now:
        review = SubjectReview(
            tenant_id=ids(payload, "tenant"),
            subject=text(payload, "subject"),
            reviewer=signed.approver,
            reason=text(payload, "reason"),
            at=now,
        )
        review.save(using="officer", force_insert=True)
        _record(Tag.SUBJECT_REVIEWED, signed, resource=("subject-review", review.id), tenant_id=review.tenant_id)
    return Execution(result_id=review.id)


KINDS: Final = (
    ChangeKind(
        slug="grant_watchlist",
        label="Let a collection be watched for in real time",
        roles=frozenset({StaffRole.OFFICER}),
        check=check_watchlist,
        execute=execute_watchlist,
        subject="collection",
    ),
    ChangeKind(
        slug="review_subject",
        label="Allow further searches of one person",
        roles=frozenset({StaffRole.OVERSIGHT}),
        check=check_review,
        execute=execute_review,
    ),
)


def register() -> None:
    """Make the kinds of change known."""
    for kind in KINDS:
        four_eyes.register(kind)


def _record(tag: Tag, signed: Signed, *, resource: tuple[str, uuid.UUID], tenant_id: Any) -> None:
    record(tag, signed.people, resource=resource, tenant_id=tenant_id, data={})
