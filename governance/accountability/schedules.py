"""Retention schedules of purposes and places: two officers put them in force, and two end them."""

from __future__ import annotations

from typing import Final

from common.errors import InvalidRequest
from common.vocabulary import JURISDICTION_PARTS, Purpose, StaffRole, jurisdiction_lineage
from governance import fence, four_eyes
from governance.accountability.models import RetentionSchedule
from governance.audit.tags import Tag
from governance.errors import AlreadyEnded
from governance.four_eyes import ChangeKind, Execution, Payload, Signed
from governance.rules.subjects import LONGEST_KEPT_DAYS
from governance.services.payloads import ids, number, text
from governance.services.signing import record

_USING: Final = "officer"


def check_schedule(payload: Payload) -> None:
    """Refuse a schedule of an unknown purpose or place, without its source, or longer than the law's three years."""
    purpose, place = payload.get("purpose"), payload.get("jurisdiction")
    if purpose not in ("", *(str(known) for known in Purpose)) or place not in ("", *JURISDICTION_PARTS):
        raise InvalidRequest("The purpose or the jurisdiction is not known.")
    text(payload, "legal_source")
    if not 1 <= (number(payload, "keep_days") or 0) <= LONGEST_KEPT_DAYS:
        raise InvalidRequest(f"Faces are kept from 1 to {LONGEST_KEPT_DAYS:,} days.")


def execute_schedule(payload: Payload, signed: Signed) -> Execution:
    """Put it in force, instead of the one for the same purpose and place; collections follow in this transaction."""
    place = str(payload["jurisdiction"])
    same = {"purpose": str(payload["purpose"]), "jurisdiction": place}
    with fence.closed() as now:
        RetentionSchedule.objects.using(_USING).filter(**same, ended_at=None).update(ended_at=now)
        schedule = RetentionSchedule(
            **same,
            covers=sorted({*jurisdiction_lineage(place), *JURISDICTION_PARTS[place]}) if place else [],
            keep_days=number(payload, "keep_days") or 0,  # checked: at least 1
            legal_source=text(payload, "legal_source"),
            approver_1=signed.proposer,
            approver_2=signed.approver,
        )
        schedule.save(using=_USING, force_insert=True)
        _record(Tag.SCHEDULE_SET, signed, schedule)
    return Execution(result_id=schedule.id)


def check_end(payload: Payload) -> None:
    """Refuse to end what has ended."""
    if not RetentionSchedule.objects.using(_USING).filter(id=ids(payload, "schedule"), ended_at=None).exists():
        raise AlreadyEnded


def execute_end(payload: Payload, signed: Signed) -> Execution:
    """End it: collections keep what their own days, the other schedules and the law say."""
    with fence.closed() as now:
        schedule = RetentionSchedule.objects.using(_USING).get(id=ids(payload, "schedule"))
        RetentionSchedule.objects.using(_USING).filter(id=schedule.id).update(ended_at=now)
        _record(Tag.SCHEDULE_ENDED, signed, schedule)
    return Execution()


def register() -> None:
    """Make these changes known; called when the app is ready."""
    for slug, label, check, execute in (
        ("set_schedule", "Set a retention schedule", check_schedule, execute_schedule),
        ("end_schedule", "End a retention schedule", check_end, execute_end),
    ):
        four_eyes.register(
            ChangeKind(
                slug=slug,
                label=label,
                roles=frozenset({StaffRole.OFFICER}),
                check=check,
                execute=execute,
                subject="schedule" if slug == "end_schedule" else None,
            )
        )


def _record(tag: Tag, signed: Signed, schedule: RetentionSchedule) -> None:
    data = {"purpose": schedule.purpose, "jurisdiction": schedule.jurisdiction, "keep_days": schedule.keep_days}
    record(tag, signed.people, resource=("schedule", schedule.id), tenant_id=None, data=data)
