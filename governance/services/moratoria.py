"""Stopping a category of use, and letting it resume."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from common.errors import InvalidRequest
from common.vocabulary import JURISDICTION_PARENTS, CustomerCategory, Operation, Purpose, StaffRole
from governance import fence, four_eyes, room
from governance.audit.tags import Tag
from governance.errors import AlreadyEnded
from governance.four_eyes import Execution, Payload, Signed
from governance.models import Moratorium
from governance.services.payloads import ids
from governance.services.signing import because, record, require
from tenants.models import User


@dataclass(frozen=True, slots=True, kw_only=True)
class Selector:
    """What a moratorium stops; an empty set means any."""

    categories: Collection[CustomerCategory] = field(default_factory=frozenset)
    end_users: Collection[CustomerCategory] = field(default_factory=frozenset)
    purposes: Collection[Purpose] = field(default_factory=frozenset)
    operations: Collection[Operation] = field(default_factory=frozenset)
    jurisdictions: Collection[str] = field(default_factory=frozenset)

    def __post_init__(self) -> None:
        """Refuse a slug outside the vocabulary: no request could be judged against it, so all would be refused."""
        require_known("category", {*self.categories, *self.end_users}, known=set(CustomerCategory))
        require_known("purpose", self.purposes, known=set(Purpose))
        require_known("operation", self.operations, known=set(Operation))
        require_known("jurisdiction", self.jurisdictions, known=set(JURISDICTION_PARENTS))

    def columns(self) -> dict[str, list[str]]:
        return {
            "categories": sorted(self.categories),
            "end_users": sorted(self.end_users),
            "purposes": sorted(self.purposes),
            "operations": sorted(self.operations),
            "jurisdictions": sorted(self.jurisdictions),
        }


def impose_moratorium(
    *,
    selector: Selector,
    reason: str,
    imposed_by: User,
    legal_source: str = "",
    effective_from: datetime | None = None,
    effective_until: datetime | None = None,
) -> Moratorium:
    """Stop a category of use, now or from a date; one oversight member may do it.

    When this returns, no result under the old policy can be written or read any more.

    Raises:
        NotPermittedForRole: not an oversight member.
        TooManyInForce: no further one fits into the facts of a decision.
    """
    require(imposed_by, role=StaffRole.OVERSIGHT)
    with fence.closed() as now:
        moratorium = Moratorium(
            effective_from=effective_from or now,
            effective_until=effective_until,
            reason=reason,
            legal_source=legal_source,
            imposed_by=imposed_by,
            **selector.columns(),
        )
        moratorium.save(using="officer", force_insert=True)
        room.require_room_for_moratoria(now)
        record(
            Tag.MORATORIUM_IMPOSED,
            (imposed_by,),
            resource=("moratorium", moratorium.id),
            tenant_id=None,
            data=selector.columns(),
        )
    return moratorium


def extend_moratorium(moratorium_id: uuid.UUID, *, until: datetime | None, reason: str, by: User) -> Moratorium:
    """Let a moratorium end later, or (`until` None) hold until further notice; extending is imposing, so one may do it.

    Raises:
        NotPermittedForRole: not an oversight member.
        AlreadyEnded: it was lifted, or its window is over: impose another one.
        InvalidRequest: it would not end later than it does.
    """
    require(by, role=StaffRole.OVERSIGHT)
    with fence.closed() as now:
        moratorium = Moratorium.objects.using("officer").filter(id=moratorium_id, lifted_at=None).first()
        ends = moratorium.effective_until if moratorium else now
        if moratorium is None or (ends is not None and ends <= now):
            raise AlreadyEnded("It has ended already: impose another one.")
        if ends is None or (until is not None and until <= ends):
            raise InvalidRequest("An extension ends later. To end a moratorium sooner takes two: ask for its lifting.")
        moratorium.effective_until = until
        moratorium.save(using="officer", update_fields=["effective_until"])
        data = {"from": ends.isoformat(), "until": until.isoformat() if until else None, **because(reason)}
        record(Tag.MORATORIUM_EXTENDED, (by,), resource=("moratorium", moratorium_id), tenant_id=None, data=data)
    return moratorium


def lift_moratorium(moratorium: Moratorium, *, lifters: tuple[User, User], reason: str = "no longer needed") -> None:
    """Let a category of use resume; two distinct oversight members are needed.

    Raises:
        NotPermittedForRole, AlreadyEnded.
    """
    four_eyes.sign_together("lift_moratorium", {"moratorium": str(moratorium.id)}, people=lifters, reason=reason)


def check_lifting(payload: Payload) -> None:
    """Refuse to lift what is not there or lifted already."""
    if not Moratorium.objects.using("officer").filter(id=ids(payload, "moratorium"), lifted_at=None).exists():
        raise AlreadyEnded


def execute_lifting(payload: Payload, signed: Signed) -> Execution:
    """Lift it: what `lift_moratorium` says."""
    moratorium_id = ids(payload, "moratorium")
    with fence.closed() as now:
        live = Moratorium.objects.using("officer").filter(id=moratorium_id, lifted_at=None)
        if not live.update(lifted_at=now, lifter_1=signed.proposer, lifter_2=signed.approver):
            raise AlreadyEnded
        record(Tag.MORATORIUM_LIFTED, signed.people, resource=("moratorium", moratorium_id), tenant_id=None, data={})
    return Execution()


def require_known(what: str, values: Collection[str], *, known: Collection[str]) -> None:
    unknown = sorted(set(values) - set(known))
    if unknown:
        raise InvalidRequest(f"Unknown {what}: {', '.join(unknown)}.")
