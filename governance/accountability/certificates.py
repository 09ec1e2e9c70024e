"""Purge certificates: what was deleted, when, under which rule, and where the log proves it.

The event of the purge holds the SHA-256 of the certificate's content in canonical form, so a certificate that was kept
elsewhere is checked against the log alone.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db import connections
from django.db.models import QuerySet

from common.canonical import digest
from common.context import Actor, tenant_scope
from common.ids import new_id
from common.vocabulary import Operation
from governance import gate
from governance.accountability.models import PurgeCertificate
from governance.audit import ledger, selectors
from governance.audit.models import AuditEntry
from governance.audit.tags import Tag
from governance.errors import CertificateNotFound

T = TypeVar("T")

_CHECKPOINT = "SELECT size, encode(root, 'hex') FROM audit_checkpoint WHERE size > %s ORDER BY size LIMIT 1"


@dataclass(frozen=True, slots=True)
class Proven:
    """A certificate with the entries of the log that it rests on.

    Attributes:
        entries: of decision, event and outcome: id, leaf hash (hexadecimal), and leaf index once it is in the tree.
        checkpoint: size and root of the smallest signed tree that holds them all; None: none yet.
        is_true: whether the content has the digest that the event recorded.
    """

    certificate: PurgeCertificate
    entries: dict[str, dict[str, Any]]
    checkpoint: tuple[int, str] | None
    is_true: bool

    def as_values(self) -> dict[str, Any]:
        """Return it as JSON values."""
        checkpoint = {"size": self.checkpoint[0], "root": self.checkpoint[1]} if self.checkpoint else None
        return {
            "id": self.certificate.id,
            "content": self.certificate.content,
            "sha256": self.certificate.digest,
            "purged_at": self.certificate.purged_at,
            "is_true": self.is_true,
            "log": {**self.entries, "checkpoint": checkpoint},
        }


def certify(
    tenant_id: uuid.UUID,
    *,
    resource: ledger.Resource,
    rule: str,
    basis: Mapping[str, Any],
    removed: Mapping[str, int],
    decision_id: uuid.UUID,
) -> None:
    """Write down a purge in its transaction: the event in the log, and the certificate whose digest it holds.

    Args:
        tenant_id: whose data it was; its scope is open.
        resource: what was purged of.
        rule: the rule that it followed.
        basis: what the rule went by.
        removed: how much of each kind.
        decision_id: the decision that allowed the deletion.
    """
    now = ledger.database_now()
    content = {
        "certificate": str(new_id()),
        "tenant": str(tenant_id),
        "resource": {"type": resource.type, "id": str(resource.id)},
        "rule": rule,
        "basis": dict(basis),
        "removed": dict(removed),
        "decision": str(decision_id),
        "purged_at": now.isoformat(),
    }
    sha256 = digest(content)
    event_id = ledger.record_event(
        Tag.RETENTION_PURGED,
        actor=ledger.SYSTEM,
        resource=resource,
        tenant_id=tenant_id,
        data={**removed, "certificate_sha256": sha256},
    )
    PurgeCertificate(
        id=uuid.UUID(str(content["certificate"])),
        tenant_id=tenant_id,
        content=content,
        digest=sha256,
        decision_entry_id=decision_id,
        event_entry_id=event_id,
        purged_at=now,
    ).save(force_insert=True)


def list_certificates(*, actor: Actor, paginate: Callable[[QuerySet[PurgeCertificate]], T]) -> T:
    """Return a page of the organisation's certificates; a right, as reading one's own decisions is."""
    with gate.authorised(_request(actor, None)) as admission, tenant_scope(actor.tenant_id):
        page = paginate(PurgeCertificate.objects.filter(tenant_id=actor.tenant_id))
        admission.complete()
    return page


def get_certificate(certificate_id: uuid.UUID, *, actor: Actor) -> Proven:
    """Return one certificate with its proof.

    Raises:
        CertificateNotFound: there is none of this id, or it is another tenant's.
    """
    with gate.authorised(_request(actor, certificate_id)) as admission, tenant_scope(actor.tenant_id):
        found = PurgeCertificate.objects.filter(tenant_id=actor.tenant_id, id=certificate_id).first()
        if found is None:
            raise CertificateNotFound
        proven = _prove(found)
        admission.complete()
    return proven


def _prove(found: PurgeCertificate) -> Proven:
    event = selectors.get_entry(found.tenant_id, entry_id=found.event_entry_id)
    entries = {
        "decision": selectors.get_decision(found.tenant_id, decision_id=found.decision_entry_id),
        "event": event,
        "outcome": selectors.get_outcome(found.tenant_id, decision_id=found.decision_entry_id),
    }
    recorded = event.content["data"].get("certificate_sha256") if event else None
    shown = {name: _shown(entry) for name, entry in entries.items() if entry is not None}
    indexes = [entry["index"] for entry in shown.values()]
    checkpoint = None if None in indexes or not indexes else _checkpoint(max(indexes))
    return Proven(found, shown, checkpoint, is_true=digest(found.content) == found.digest == recorded)


def _shown(entry: AuditEntry) -> dict[str, Any]:
    return {
        "id": str(entry.id),
        "leaf_hash": bytes(entry.leaf_hash).hex(),
        "index": selectors.leaf_index(entry.ins_id),
    }


def _checkpoint(index: int) -> tuple[int, str] | None:
    with connections["default"].cursor() as cursor:
        cursor.execute(_CHECKPOINT, [index])
        row = cursor.fetchone()
    return (int(row[0]), str(row[1])) if row else None


def _request(actor: Actor, certificate_id: uuid.UUID | None) -> gate.AccessRequest:
    return gate.AccessRequest(
        actor=actor,
        operation=Operation.READ_OWN_DECISIONS,
        resource=gate.ResourceRef("certificate", certificate_id, actor.tenant_id),
    )
