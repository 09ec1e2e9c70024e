"""Replays for staff: what all organisations' decisions of the last days would have been under candidate rules.

Asked for in the administration, done by a worker in steps, so that it may take its time; the page shows how far it is.
A tenant's own, at once and smaller, is `governance.simulations`. Nothing is decided here and nobody gets a permit.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from celery import current_app
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from kombu.exceptions import OperationalError as BrokerError

from common.canonical import digest
from common.errors import PlatformError
from common.vocabulary import StaffRole
from governance.audit import selectors as log
from governance.audit.ledger import database_now
from governance.audit.models import AuditEntry
from governance.audit.tags import Tag
from governance.errors import AlreadyEnded
from governance.models import PolicyReplay
from governance.policies import Changes, Policy, Replay
from governance.services.signing import record, require
from governance.simulations import LONGEST_DAYS, recorded_of
from tenants.models import User

logger = logging.getLogger(__name__)

TASK: Final = "governance.run_replay"
MOST_REPLAYED: Final = 200_000
# Entries read and judged between two signs of progress.
STEP: Final = 500
_USING: Final = "officer"


@dataclass(frozen=True, slots=True)
class Changed:
    """Decisions that would be others, by the rules that would refuse (or no longer do), organisation and purpose."""

    by_rule: dict[str, int]
    by_organisation: dict[str, int]
    by_purpose: dict[str, int]
    total: int

    @classmethod
    def of(cls, changes: Changes) -> Changed:
        """Return the counts, the largest first."""
        rules, organisations, purposes = (
            dict(counter.most_common()) for counter in (changes.by_rule, changes.by_organisation, changes.by_purpose)
        )
        return cls(rules, organisations, purposes, changes.total)


@dataclass(frozen=True, slots=True)
class Found:
    """What a replay found; `is_complete` says whether no decision of these days was left out for their number."""

    n_replayed: int
    n_cannot_tell: int
    is_complete: bool
    newly_denied: Changed
    newly_allowed: Changed


def request_replay(*, title: str, rules: list[dict[str, Any]], days: int, requested_by: User) -> PolicyReplay:
    """Ask for a replay; a worker does it.

    Args:
        title: what is tried, for the list.
        rules: as in the body of a policy version.
        days: how far back, at most `LONGEST_DAYS`.
        requested_by: a member of the oversight.

    Raises:
        NotPermittedForRole: not a member of the oversight.
        PolicyInvalid: the rules do not fit the closed schema.
    """
    require(requested_by, role=StaffRole.OVERSIGHT)
    _policy_of(rules)
    replay = PolicyReplay(
        title=title, rules=rules, digest=digest(rules), days=min(days, LONGEST_DAYS), requested_by=requested_by
    )
    with transaction.atomic(using=_USING):
        replay.save(using=_USING, force_insert=True)
        data = {"rules_digest": replay.digest, "days": replay.days}
        record(Tag.POLICY_REPLAYED, (requested_by,), resource=("replay", replay.id), tenant_id=None, data=data)
        transaction.on_commit(lambda: _send(replay.id), using=_USING)
    return replay


def cancel_replay(replay_id: uuid.UUID, *, cancelled_by: User) -> None:
    """Stop a replay: it has no result, and its worker notices at the next step.

    Raises:
        NotPermittedForRole: not a member of the oversight.
        AlreadyEnded: it has ended.
    """
    require(cancelled_by, role=StaffRole.OVERSIGHT)
    with transaction.atomic(using=_USING):
        if not _unfinished(replay_id).update(status=PolicyReplay.Status.CANCELLED, finished_at=Now()):
            raise AlreadyEnded
        record(Tag.POLICY_REPLAY_CANCELLED, (cancelled_by,), resource=("replay", replay_id), tenant_id=None, data={})


def send_waiting() -> None:
    """Send again what no worker has begun: its message was lost."""
    since = database_now(using=_USING) - timedelta(minutes=1)
    waiting = PolicyReplay.objects.using(_USING).filter(status=PolicyReplay.Status.QUEUED, requested_at__lt=since)
    for replay_id in waiting.values_list("id", flat=True):
        _send(replay_id)


def run_replay(replay_id: uuid.UUID) -> None:
    """Do a replay, from the beginning; one that has ended stays as it is."""
    replay = PolicyReplay.objects.using(_USING).get(id=replay_id)
    if replay.finished_at is not None:
        return
    try:
        found = _replay(replay)
    except AlreadyEnded:
        logger.info("replay %s was cancelled", replay_id)
    except PlatformError as error:
        logger.exception("replay %s failed", replay_id)
        _end(replay, status=PolicyReplay.Status.FAILED, problem=error.title)
    else:
        _end(replay, status=PolicyReplay.Status.SUCCEEDED, result=asdict(found))


def _replay(replay: PolicyReplay) -> Found:
    candidate = _policy_of(replay.rules)
    since = database_now(using=_USING) - timedelta(days=replay.days)
    total = _decisions_since(since).order_by().values("id")[: MOST_REPLAYED + 1].count()
    _progress(replay, done=0, total=min(total, MOST_REPLAYED))
    tally = Replay()
    for entries in _steps(since):
        for entry in entries:
            tally.add(recorded_of(entry), candidate=candidate)
        _progress(replay, done=tally.n_replayed, total=max(replay.total, tally.n_replayed))
    return Found(
        n_replayed=tally.n_replayed,
        n_cannot_tell=tally.n_cannot_tell,
        is_complete=total <= MOST_REPLAYED,
        newly_denied=Changed.of(tally.newly_denied),
        newly_allowed=Changed.of(tally.newly_allowed),
    )


def _steps(since: datetime) -> Iterator[list[AuditEntry]]:
    """Yield the newest decisions of these days, newest first, step by step and no more than `MOST_REPLAYED`."""
    before: int | None = None
    for _ in range(MOST_REPLAYED // STEP):
        entries = _decisions_since(since).order_by("-ins_id")
        step = list((entries if before is None else entries.filter(ins_id__lt=before))[:STEP])
        if not step:
            return
        yield step
        before = step[-1].ins_id


def _decisions_since(since: datetime) -> Any:
    return log.decisions_among(AuditEntry.objects.using(_USING)).filter(ts__gte=since)


def _policy_of(rules: list[dict[str, Any]]) -> Policy:
    return Policy.from_body({"version": 1, "rules": rules})


def _progress(replay: PolicyReplay, *, done: int, total: int) -> None:
    """Say how far it is.

    Raises:
        AlreadyEnded: it was cancelled meanwhile.
    """
    replay.total = total
    if not _unfinished(replay.id).update(status=PolicyReplay.Status.RUNNING, done=done, total=total):
        raise AlreadyEnded


def _end(
    replay: PolicyReplay, *, status: PolicyReplay.Status, result: dict[str, Any] | None = None, problem: str = ""
) -> None:
    _unfinished(replay.id).update(status=status, result=result, problem=problem, finished_at=Now())


def _unfinished(replay_id: uuid.UUID) -> QuerySet[PolicyReplay]:
    return PolicyReplay.objects.using(_USING).filter(id=replay_id, finished_at=None)


def _send(replay_id: uuid.UUID) -> None:
    try:
        current_app.send_task(TASK, args=[str(replay_id)], retry=False)
    except BrokerError:
        logger.warning("replay %s could not be sent; it will be sent again", replay_id, exc_info=True)
