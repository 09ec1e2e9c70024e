"""Four eyes: every risky change is proposed by one member of staff and executed by the signature of another.

    change = propose("lift_moratorium", payload, proposer=…, statement=…)      # nothing happens yet
    approve(change.id, approver=…, statement=…)                                # executes it, in one transaction

Each kind of change is registered once (`register`, when its app is ready) with the roles that may sign it, a check of
its payload and the function that executes it. What is executed is what was proposed: the payload is hashed again. An
API key cannot take part: both people are staff who signed in with a second factor, and the database asks, too.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction

from common.canonical import NotCanonical, digest
from common.errors import InvalidRequest
from common.vocabulary import StaffRole
from governance.audit import ledger
from governance.audit.tags import Tag
from governance.errors import (
    ChangeAltered,
    ChangeDecided,
    ChangeExpired,
    ChangeKindUnknown,
    ChangeNotFound,
    ConflictOfInterest,
    NotPermittedForRole,
)
from governance.models import ChangeRequest
from tenants.models import User

VALID_FOR: Final = timedelta(days=7)
_USING: Final = "officer"
State = ChangeRequest.State


@dataclass(frozen=True, slots=True)
class Statement:
    """Why a person signs, and what the person says about interests of their own.

    Attributes:
        reason: for the record; never empty.
        interest: the conflict-of-interest statement in the person's own words, such as "none"; never empty.
        has_conflict: whether the person declares one, which rules the person out.
    """

    reason: str
    interest: str
    has_conflict: bool = False


@dataclass(frozen=True, slots=True)
class Signed:
    """Proof for an executor that two people signed: only `approve` makes one."""

    change_id: uuid.UUID
    proposer: User
    approver: User

    @property
    def people(self) -> tuple[User, User]:
        """Proposer and approver."""
        return self.proposer, self.approver


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """What an executor made: the id of it, when there is a new thing."""

    result_id: uuid.UUID | None = None


Payload = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeKind:
    """A kind of change.

    Attributes:
        slug: stored and audited, never renamed.
        label: what it does, in the administration's words.
        roles: who may propose and who may approve it.
        check: raises when the payload is no such change; called at the proposal and again before the execution.
        execute: does it in the open officer's transaction; what it raises undoes everything.
        subject: the member of the payload that names what is changed, when that exists already.
    """

    slug: str
    label: str
    roles: frozenset[StaffRole]
    check: Callable[[Payload], object]
    execute: Callable[[Payload, Signed], Execution]
    subject: str | None = field(default=None)


_kinds: dict[str, ChangeKind] = {}


def register(kind: ChangeKind) -> None:
    """Make a kind of change known; an app does it when it is ready."""
    _kinds[kind.slug] = kind


def kind_of(slug: str) -> ChangeKind:
    """Return a kind of change.

    Raises:
        ChangeKindUnknown: nobody registered it, so nobody can sign it.
    """
    if slug not in _kinds:
        raise ChangeKindUnknown(f"{slug} is no known kind of change.")
    return _kinds[slug]


def kinds() -> tuple[ChangeKind, ...]:
    """Return every kind, by slug."""
    return tuple(_kinds[slug] for slug in sorted(_kinds))


def digest_of(slug: str, payload: Payload) -> str:
    """Return the SHA-256 of kind and payload in canonical form.

    Raises:
        InvalidRequest: the payload has no canonical form.
    """
    try:
        return digest({"kind": slug, "payload": dict(payload)})
    except NotCanonical as error:
        raise InvalidRequest(f"The change cannot be written down exactly: {error}") from error


def propose(
    slug: str, payload: Payload, *, proposer: User, statement: Statement, valid_for: timedelta = VALID_FOR
) -> ChangeRequest:
    """Ask for a change; another person has to approve it before it expires.

    Raises:
        ChangeKindUnknown, NotPermittedForRole, ConflictOfInterest.
        InvalidRequest: no reason or no statement of interests, or the payload is no such change.
    """
    kind = kind_of(slug)
    _require_signer(proposer, kind=kind)
    _require_statement(statement)
    kind.check(payload)
    now = ledger.database_now(using=_USING)
    change = ChangeRequest(
        kind=slug,
        payload=dict(payload),
        digest=digest_of(slug, payload),
        subject_id=uuid.UUID(payload[kind.subject]) if kind.subject else None,
        proposer=proposer,
        reason=statement.reason,
        proposer_interest=statement.interest,
        expires_at=now + valid_for,
    )
    with transaction.atomic(using=_USING):
        change.save(using=_USING, force_insert=True)
        _record(Tag.CHANGE_PROPOSED, change, by=proposer)
    return change


def approve(change_id: uuid.UUID, *, approver: User, statement: Statement) -> ChangeRequest:
    """Sign a change as the second person, and execute it in the same transaction: both happen, or neither.

    Raises:
        ChangeNotFound, ChangeDecided, ChangeExpired.
        NotPermittedForRole: the approver proposed it, or one of the two has no (or no longer the) role for it.
        ConflictOfInterest: the approver declares one.
        ChangeAltered: the payload is not what was proposed; recorded, and nothing is executed.
        PlatformError: whatever the executor raises; the change stays pending.
    """
    try:
        with transaction.atomic(using=_USING):
            return _approve(change_id, approver=approver, statement=statement)
    except ChangeAltered:
        with transaction.atomic(using=_USING):
            _record(Tag.CHANGE_ALTERED, _get(change_id), by=approver)
        raise


def reject(change_id: uuid.UUID, *, decider: User, reason: str) -> ChangeRequest:
    """Turn a change down; whoever may approve it may do that, and its proposer too.

    Raises:
        ChangeNotFound, ChangeDecided, NotPermittedForRole, InvalidRequest.
    """
    return _close(change_id, by=decider, reason=reason, state=State.REJECTED, tag=Tag.CHANGE_REJECTED)


def withdraw(change_id: uuid.UUID, *, proposer: User, reason: str) -> ChangeRequest:
    """Take one's own proposal back.

    Raises:
        ChangeNotFound, ChangeDecided, InvalidRequest.
        NotPermittedForRole: somebody else proposed it.
    """
    return _close(change_id, by=proposer, reason=reason, state=State.WITHDRAWN, tag=Tag.CHANGE_WITHDRAWN)


def sign_together(slug: str, payload: Payload, *, people: tuple[User, User], reason: str) -> ChangeRequest:
    """Propose and approve in one breath, for programs that act for two people who both agreed (the demo world, tests).

    Raises:
        PlatformError: as `propose` and `approve`; then there is no change, not even a pending one.
    """
    statement = Statement(reason, interest="none declared")
    with transaction.atomic(using=_USING):
        change = propose(slug, payload, proposer=people[0], statement=statement)
        return approve(change.id, approver=people[1], statement=statement)


def is_pending(change: ChangeRequest, *, now: datetime) -> bool:
    """Whether it can still be decided."""
    return change.state == State.PENDING and now < change.expires_at


def _approve(change_id: uuid.UUID, *, approver: User, statement: Statement) -> ChangeRequest:
    change = _lock(change_id)
    kind = kind_of(change.kind)
    if ledger.database_now(using=_USING) >= change.expires_at:
        raise ChangeExpired
    _require_signer(approver, kind=kind)
    _require_signer(change.proposer, kind=kind)
    if approver.pk == change.proposer_id:
        raise NotPermittedForRole("This takes two different people: you proposed it.")
    _require_statement(statement)
    if digest_of(change.kind, change.payload) != change.digest:
        raise ChangeAltered
    kind.check(change.payload)
    execution = kind.execute(change.payload, Signed(change.id, change.proposer, approver))
    change.decider_interest = statement.interest
    change.result_id = execution.result_id
    _decide(change, by=approver, reason=statement.reason, state=State.EXECUTED, tag=Tag.CHANGE_EXECUTED)
    return change


def _close(change_id: uuid.UUID, *, by: User, reason: str, state: State, tag: Tag) -> ChangeRequest:
    if not reason.strip():
        raise InvalidRequest("Say why.")
    with transaction.atomic(using=_USING):
        change = _lock(change_id)
        _require_signer(by, kind=kind_of(change.kind))
        if state is State.WITHDRAWN and by.pk != change.proposer_id:
            raise NotPermittedForRole("Only who proposed it takes it back.")
        _decide(change, by=by, reason=reason, state=state, tag=tag)
    return change


def _decide(change: ChangeRequest, *, by: User, reason: str, state: State, tag: Tag) -> None:
    change.state, change.decider, change.decision_reason = state, by, reason
    change.decided_at = ledger.database_now(using=_USING)
    decided = ["state", "decider", "decision_reason", "decided_at", "decider_interest", "result_id"]
    change.save(using=_USING, update_fields=decided)
    _record(tag, change, by=by)


def _get(change_id: uuid.UUID) -> ChangeRequest:
    change = ChangeRequest.objects.using(_USING).filter(id=change_id).first()
    if change is None:
        raise ChangeNotFound
    return change


def _lock(change_id: uuid.UUID) -> ChangeRequest:
    """Return a pending change, locked, with its proposer as that person is now."""
    rows = ChangeRequest.objects.using(_USING).select_for_update(of=("self",)).select_related("proposer")
    change = rows.filter(id=change_id).first()
    if change is None:
        raise ChangeNotFound
    if change.state != State.PENDING:
        raise ChangeDecided(f"It was {change.state} before.")
    return change


def _require_signer(person: object, *, kind: ChangeKind) -> None:
    """Ask the database, not the object in hand, whether the person is active staff with a fitting role."""
    if not isinstance(person, User):
        raise NotPermittedForRole("Changes are signed by people, never by API keys or programs.")
    present = User.objects.using(_USING).filter(pk=person.pk, is_active=True).first()
    if present is None or present.staff_role not in kind.roles:
        roles = " or ".join(sorted(kind.roles))
        raise NotPermittedForRole(f"This takes members of staff with the role {roles}.")


def _require_statement(statement: Statement) -> None:
    if statement.has_conflict:
        raise ConflictOfInterest
    if not statement.reason.strip() or not statement.interest.strip():
        raise InvalidRequest("A reason and a statement of interests are needed.")


def _record(tag: Tag, change: ChangeRequest, *, by: User) -> None:
    ledger.record_event(
        tag,
        actor=ledger.ActorRef("staff", str(by.pk)),
        resource=ledger.Resource("change", change.id),
        tenant_id=None,
        data={
            "kind": change.kind,
            "digest": change.digest,
            "proposer": str(change.proposer_id),
            "subject": str(change.subject_id) if change.subject_id else None,
            "result": str(change.result_id) if change.result_id else None,
        },
        using=_USING,
    )
