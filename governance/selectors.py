"""Facts for the gate. One statement reads them all, so that they and the epoch belong to one snapshot."""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from django.db import connections
from django.db.models import Q

from common.context import Actor, ActorKind
from common.prepared import execute_prepared
from common.vocabulary import CustomerCategory, Operation, Purpose, TenantRole
from governance import policy_signatures
from governance.audit import staleness
from governance.errors import PolicyMissing, PolicyNotSigned
from governance.models import Suspension
from governance.policies import Policy
from tenants.bounds import bound_set
from tenants.roles import OPERATIONS


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What the database says about a tenant and a key at one instant.

    Attributes:
        now: the database's clock, microseconds since the Unix epoch.
        epoch: the policy epoch.
        policy: the version in force.
        boundaries: instants, in microseconds, at which time alone may change the facts: a later policy version takes
            over, the key expires. (The policy knows the others: `policies.next_boundary`.)
        facts: the facts that stem from tenant, key, approval, suspensions, moratoria and exemptions.
    """

    now: int
    epoch: int
    policy: Policy
    boundaries: tuple[int, ...]
    facts: dict[str, Any]

    @property
    def time(self) -> datetime:
        return datetime.fromtimestamp(self.now / 1_000_000, UTC)


# Times leave the database as whole microseconds, so that facts hold no floats and replay exactly.
_PARAMETERS = ("tenant", "key", "user", "targets", "case", "sequencer_lag", "witness_lag", "witness_required")
_SNAPSHOT = """
WITH moment AS MATERIALIZED (SELECT clock_timestamp() AS now)
SELECT
    custos_micros(moment.now),
    (SELECT epoch FROM governance_policyepoch),
    (SELECT version FROM governance_policyversion p WHERE p.effective_from <= moment.now
        ORDER BY version DESC LIMIT 1),
    (SELECT custos_micros(min(p.effective_from)) FROM governance_policyversion p WHERE p.effective_from > moment.now),
    (SELECT category FROM tenants_tenant WHERE id = %(tenant)s),
    (SELECT json_build_object(
            'operations', k.operations, 'purposes', k.purposes,
            'end_users', k.end_users, 'jurisdictions', k.jurisdictions,
            'default_end_user', k.default_on_behalf_of, 'default_jurisdiction', k.default_jurisdiction,
            'live', k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > moment.now),
            'expires', custos_micros(k.expires_at))
        FROM tenants_apikey k WHERE k.tenant_id = %(tenant)s AND k.id = %(key)s),
    (SELECT m.role FROM tenants_membership m JOIN tenants_user u ON u.id = m.user_id AND u.is_active
        WHERE m.tenant_id = %(tenant)s AND m.user_id = %(user)s),
    (SELECT json_build_object(
            'revoked', a.revoked_at IS NOT NULL,
            'from', custos_micros(a.valid_from), 'until', custos_micros(a.expires_at),
            'purposes', a.purposes, 'operations', a.operations,
            'jurisdictions', a.jurisdictions, 'end_users', a.end_users,
            'engine_versions', a.engine_versions, 'attestations', a.attestations,
            'gallery_cap', a.gallery_cap, 'daily_searches', a.daily_searches,
            'approvers', CASE WHEN a.approver_1_id = a.approver_2_id THEN 1 ELSE 2 END,
            'conflicted', EXISTS (SELECT FROM tenants_membership m WHERE m.tenant_id = %(tenant)s
                                  AND m.user_id IN (a.approver_1_id, a.approver_2_id)))
        FROM governance_approval a WHERE a.tenant_id = %(tenant)s
        ORDER BY a.revoked_at IS NULL DESC, a.expires_at DESC LIMIT 1),
    (SELECT coalesce(json_agg(DISTINCT s.target), '[]') FROM governance_suspension s
        WHERE s.tenant_id = %(tenant)s AND s.lifted_at IS NULL
          AND (s.target = 'organisation' OR s.target_id = ANY (%(targets)s))),
    (SELECT coalesce(json_agg(json_build_object(
            'id', m.id, 'categories', m.categories, 'end_users', m.end_users, 'purposes', m.purposes,
            'operations', m.operations, 'jurisdictions', m.jurisdictions,
            'from', custos_micros(m.effective_from), 'until', custos_micros(m.effective_until)) ORDER BY m.id), '[]')
        FROM governance_moratorium m
        WHERE m.lifted_at IS NULL AND (m.effective_until IS NULL OR m.effective_until > moment.now)),
    (SELECT coalesce(json_agg(json_build_object(
            'id', e.id, 'moratorium', e.moratorium_id, 'purposes', e.purposes, 'operations', e.operations,
            'end_users', e.end_users, 'from', custos_micros(e.effective_from), 'until', custos_micros(e.expires_at),
            'approvers', CASE WHEN e.approver_1_id = e.approver_2_id THEN 1 ELSE 2 END) ORDER BY e.id), '[]')
        FROM governance_exemption e WHERE e.tenant_id = %(tenant)s AND e.revoked_at IS NULL
          AND e.expires_at > moment.now),
    (SELECT json_build_object(
            'state', CASE WHEN c.closed_at IS NULL THEN 'open' ELSE 'closed' END,
            'purpose', c.purpose, 'offence', c.offence_class,
            'admits', %(user)s::uuid IS NULL OR EXISTS (
                SELECT FROM casework_caseofficer o
                WHERE o.tenant_id = %(tenant)s AND o.case_id = c.id AND o.user_id = %(user)s),
            'authorisations', (SELECT coalesce(json_agg(json_build_object(
                    'id', a.id, 'kind', a.kind, 'operations', a.operations,
                    'from', custos_micros(a.valid_from), 'until', custos_micros(a.valid_until),
                    'ratify_by', custos_micros(a.ratify_by), 'ratified', a.ratified_at IS NOT NULL)
                    ORDER BY a.id), '[]')
                FROM casework_authorisation a WHERE a.tenant_id = %(tenant)s AND a.case_id = c.id
                  AND a.purged_at IS NULL AND a.revoked_at IS NULL),
            'break_glass', (SELECT coalesce(json_agg(json_build_object(
                    'id', b.id, 'purpose', c.purpose, 'operations', b.operations,
                    'end_user', b.end_user, 'jurisdiction', b.jurisdiction,
                    'from', custos_micros(b.opened_at), 'until', custos_micros(b.expires_at),
                    'confirm_by', custos_micros(b.confirm_by), 'confirmed', b.confirmed_at IS NOT NULL)
                    ORDER BY b.id), '[]')
                FROM casework_breakglassgrant b WHERE b.tenant_id = %(tenant)s AND b.case_id = c.id
                  AND b.closed_at IS NULL AND c.closed_at IS NULL AND b.expires_at > moment.now))
        FROM casework_case c WHERE c.tenant_id = %(tenant)s AND c.reference = %(case)s::text),
    (SELECT custos_micros(min(b.review_by)) FROM casework_breakglassgrant b
        WHERE b.tenant_id = %(tenant)s AND b.reviewed_at IS NULL),
    (SELECT custos_micros(max(t.expires_at)) FROM casework_trainingattestation t
        WHERE t.tenant_id = %(tenant)s AND t.user_id = %(user)s AND t.revoked_at IS NULL),
    audit_stale_parts(moment.now, %(sequencer_lag)s, %(witness_lag)s, %(witness_required)s)
FROM moment
""" % {name: f"${number}" for number, name in enumerate(_PARAMETERS, 1)}  # noqa: S608 numbers of parameters alone


def gate_snapshot(actor: Actor, *, targets: tuple[uuid.UUID, ...], only_looks: bool = False) -> Snapshot:
    """Read the facts; to be called inside the tenant's scope.

    Args:
        actor: the API key or member that asks.
        targets: ids that may be suspended by themselves (the actor, the resource, its collection).
        only_looks: see `gate.AccessRequest`.

    Raises:
        PolicyMissing: no policy version is in force.
    """
    parameters: dict[str, Any] = {
        "tenant": actor.tenant_id,
        "key": actor.id if actor.kind is ActorKind.API_KEY else None,
        "user": actor.id if actor.kind is ActorKind.USER else None,
        "targets": list(targets),
        "case": actor.usage.case_ref,
        **staleness.limits(),
    }
    (
        now, epoch, version, next_policy, category, key, role, approval, suspended, moratoria, exemptions, case,
        review_due, trained_until, stale_parts,
    ) = execute_prepared(_SNAPSHOT, [parameters[name] for name in _PARAMETERS])[0]  # fmt: skip
    if version is None or epoch is None:
        raise PolicyMissing("Publish one with `manage.py publish_policy`.")
    suspended = _values(suspended)
    facts = {
        "now": now,
        "tenant_category": category,
        "moratoria": _values(moratoria),
        "exemptions": _values(exemptions),
        "audit_stale": stale_parts,
        "review_training_until": trained_until,
        **_approval_facts(_values(approval)),
        **_case_facts(_values(case), is_stated=actor.usage.case_ref is not None),
    }
    if review_due is not None and review_due <= now:
        # As `_REVIEW_OVERDUE` says.
        suspended = [*suspended, Suspension.Target.ORGANISATION.value]
    facts |= _actor_facts(actor.kind, key=_values(key), role=role, suspended=suspended, only_looks=only_looks)
    key_expires = _values(key)["expires"] if key else None
    boundaries = tuple(
        instant for instant in (next_policy, key_expires, review_due) if instant is not None and instant > now
    )
    return Snapshot(now=now, epoch=epoch, policy=load_policy(version), boundaries=boundaries, facts=facts)


def suspended_kinds(tenant_id: uuid.UUID, ids: Collection[uuid.UUID]) -> Collection[str]:
    """Return whether the organisation, or any of these users and keys, is suspended; inside the tenant's scope."""
    live = Suspension.objects.filter(tenant_id=tenant_id, lifted_at=None)
    wanted = Q(target=Suspension.Target.ORGANISATION) | Q(target_id__in=ids)
    kinds = set(live.filter(wanted).values_list("target", flat=True))
    with connections["default"].cursor() as cursor:
        cursor.execute(_REVIEW_OVERDUE, [tenant_id])
        (is_overdue,) = cursor.fetchone()
    return kinds | {Suspension.Target.ORGANISATION.value} if is_overdue else kinds


@lru_cache(maxsize=16)
def load_policy(version: int) -> Policy:
    """Return a policy version; versions never change, so a process reads each once.

    Raises:
        PolicyNotSigned: it was not published here; something else wrote it into the database.
    """
    with connections["default"].cursor() as cursor:
        cursor.execute(_POLICY, [version])
        body, digest, author, approver, effective_from, signature = cursor.fetchone()
    policy = Policy.from_body(_values(body))
    is_ours = policy.version == version and policy_signatures.is_signed(
        signature,
        version=version,
        digest=policy.digest,
        author=author,
        approver=approver,
        effective_from=effective_from,
    )
    if digest != policy.digest or not is_ours:
        raise PolicyNotSigned(f"Policy version {version} does not bear this platform's signature.")
    return policy


def _values(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


def _approval_facts(approval: dict[str, Any] | None) -> dict[str, Any]:
    if approval is None:
        return {"approval_state": "none"}
    return {
        "approval_state": "revoked" if approval["revoked"] else "live",
        "approval_valid_from": approval["from"],
        "approval_expires_at": approval["until"],
        "approval_approvers": approval["approvers"],
        "approval_conflicted": approval["conflicted"],
        "approval_gallery_cap": approval["gallery_cap"],
        "approval_daily_searches": approval["daily_searches"],
        **{
            f"approval_{name}": sorted(approval[name])
            for name in ("purposes", "operations", "jurisdictions", "end_users", "engine_versions", "attestations")
        },
    }


def _case_facts(case: dict[str, Any] | None, *, is_stated: bool) -> dict[str, Any]:
    """The reference itself is no fact: entries keep a keyed digest of it."""
    if case is None:
        state = "unknown" if is_stated else "none"
        return {
            "case_state": state,
            "case_purpose": None,
            "case_offence": None,
            "case_admits": False,
            "authorisations": [],
            "break_glass": [],
        }
    return {f"case_{name}": case[name] for name in ("state", "purpose", "offence", "admits")} | {
        name: case[name] for name in ("authorisations", "break_glass")
    }


def _actor_facts(
    kind: ActorKind, *, key: dict[str, Any] | None, role: str | None, suspended: list[str], only_looks: bool
) -> dict[str, Any]:
    match kind:
        case ActorKind.API_KEY:
            return _key_facts(key, suspended=suspended)
        case ActorKind.USER:
            return _member_facts(role, suspended=suspended, only_looks=only_looks)
        case ActorKind.SYSTEM:
            return _system_facts(suspended)


def _system_facts(suspended: list[str]) -> dict[str, Any]:
    """The platform itself destroys what it must, and uses no face."""
    return {
        "suspended": sorted(suspended),
        "key_operations": [Operation.DELETE.value],
        "key_purposes": [],
        "key_end_users": [],
        "key_jurisdictions": [],
    }


def _key_facts(key: dict[str, Any] | None, *, suspended: list[str]) -> dict[str, Any]:
    """A key that is gone, expired or revoked counts as suspended: its jobs stop at the next batch."""
    if key is None:
        return {"suspended": sorted({*suspended, "key"})}
    if not key["live"]:
        suspended = [*suspended, "key"]
    return {
        "suspended": sorted(set(suspended)),
        "key_operations": sorted(key["operations"]),
        "key_purposes": sorted(key["purposes"]),
        "key_end_users": sorted(bound_set(key["end_users"], default=key["default_end_user"])),
        "key_jurisdictions": sorted(bound_set(key["jurisdictions"], default=key["default_jurisdiction"])),
    }


def _member_facts(role: str | None, *, suspended: list[str], only_looks: bool) -> dict[str, Any]:
    """A person who is inactive or no member any more counts as suspended: their jobs stop at the next batch.

    A role says what may be done; why, for whom and where is left to the tenant's approval.
    """
    if role is None:
        suspended = [*suspended, "user"]
    operations = set(OPERATIONS[TenantRole(role)]) if role is not None else set()
    if operations and only_looks:
        operations.add(Operation.ADMINISTER)
    return {
        "suspended": sorted(set(suspended)),
        "key_operations": sorted(str(operation) for operation in operations),
        "key_purposes": sorted(str(purpose) for purpose in Purpose),
        "key_end_users": [],
        "key_jurisdictions": [],
    }


@dataclass(frozen=True, slots=True)
class CategoryInUse:
    """A category of organisations: how many tenants are of it, and the moratoria in force that name it."""

    slug: str
    n_tenants: int
    moratoria: tuple[uuid.UUID, ...]

    @property
    def words(self) -> str:
        return self.slug.replace("_", " ")


# A broken glass that nobody reviewed in time suspends the organisation, whether or not a task has said so.
_REVIEW_OVERDUE = """
    SELECT EXISTS (SELECT FROM casework_breakglassgrant
        WHERE tenant_id = %s AND reviewed_at IS NULL AND review_by <= clock_timestamp())
"""
_POLICY = """
    SELECT body, digest, author, approver, custos_micros(effective_from), signature
    FROM governance_policyversion WHERE version = %s
"""
_IN_FORCE = """
    SELECT id, categories, end_users FROM governance_moratorium
    WHERE lifted_at IS NULL AND effective_from <= clock_timestamp()
      AND (effective_until IS NULL OR effective_until > clock_timestamp())
    ORDER BY id
"""


def list_categories() -> list[CategoryInUse]:
    """Return every category of the vocabulary. For the platform's own staff: reads across tenants."""
    with connections["officer"].cursor() as cursor:
        cursor.execute("SELECT category, count(*) FROM tenants_tenant GROUP BY category")
        counts = dict(cursor.fetchall())
        cursor.execute(_IN_FORCE)
        in_force = [(moratorium_id, {*categories, *end_users}) for moratorium_id, categories, end_users in cursor]
    return [
        CategoryInUse(
            category.value,
            counts.get(category.value, 0),
            tuple(moratorium_id for moratorium_id, named in in_force if category.value in named),
        )
        for category in CustomerCategory
    ]
