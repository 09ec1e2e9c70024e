"""Sealed evidence: what the law wants kept about a subject, under a key of that subject alone.

The key is random, wrapped by the platform key, and its row is the only copy: deleting it is erasure. What stays is a
text that nobody can open and, in the log, the digests that were recorded when it was sealed, so every proof holds.
Backups hold wrapped keys as long as they are kept: expire them.
"""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Collection
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.db import connections

from common.ids import new_id
from common.sealing import seal, unseal
from governance.audit import ledger
from governance.audit.errors import EvidenceErased
from governance.audit.tags import Tag

KEY_BYTES, NONCE_BYTES = 32, 12

_KEY = "SELECT wrapped FROM subject_key WHERE tenant_id = %s AND subject_id = %s"
_NEW_KEY = """
    INSERT INTO subject_key (tenant_id, subject_id, wrapped) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING
"""
# Something was sealed and there is no key: it was destroyed.
_WITHOUT_KEY = """
    SELECT EXISTS (SELECT FROM audit_sealed WHERE tenant_id = %(tenant)s AND subject_id = %(subject)s)
        AND NOT EXISTS (SELECT FROM subject_key WHERE tenant_id = %(tenant)s AND subject_id = %(subject)s)
"""
_SEALED = "SELECT subject_id, sealed FROM audit_sealed WHERE tenant_id = %s AND id = %s"

_ABOUT = """
    SELECT s.id, s.subject_id, s.entry_id, encode(e.leaf_hash, 'hex'), encode(sha256(s.sealed), 'hex'),
        NOT EXISTS (SELECT FROM subject_key k WHERE k.tenant_id = s.tenant_id AND k.subject_id = s.subject_id)
    FROM audit_sealed s JOIN audit_entry e ON e.id = s.entry_id
    WHERE s.tenant_id = %s AND s.subject_id = ANY (%s) ORDER BY s.id
"""


@dataclass(frozen=True, slots=True)
class SealedEvidence:
    """What was sealed: its id, the entry that records it, and the digest of the sealed bytes in that entry."""

    id: uuid.UUID
    entry_id: uuid.UUID
    digest: str


@dataclass(frozen=True, slots=True)
class StoredEvidence:
    """What is stored of a piece of evidence, and where the log has it.

    Attributes:
        digest: SHA-256 of the sealed bytes, hexadecimal, as the entry has it.
        leaf_hash: of the entry that recorded it, hexadecimal.
        is_erased: whether its key was destroyed.
    """

    id: uuid.UUID
    subject_id: uuid.UUID
    entry_id: uuid.UUID
    leaf_hash: str
    digest: str
    is_erased: bool


def seal_evidence(
    content: bytes, *, subject_id: uuid.UUID, tenant_id: uuid.UUID, decision_id: uuid.UUID, actor: ledger.ActorRef
) -> SealedEvidence:
    """Seal content about a subject in the tenant's open scope, and record the digest of what was sealed.

    Raises:
        EvidenceErased: the subject was erased: nothing more is kept about it.
        PlatformKeyMissing: the platform key cannot be read.
        LedgerUnavailable: it could not be recorded.
    """
    evidence_id = new_id()
    key = _key_for(tenant_id, subject_id, make=True)
    nonce = os.urandom(NONCE_BYTES)
    sealed = nonce + AESGCM(key).encrypt(nonce, content, evidence_id.bytes)
    digest = hashlib.sha256(sealed).hexdigest()
    entry_id = ledger.record_event(
        Tag.EVIDENCE_SEALED,
        actor=actor,
        resource=ledger.Resource("evidence", evidence_id),
        tenant_id=tenant_id,
        data={"subject": str(subject_id), "decision": str(decision_id), "sha256": digest},
    )
    with connections["default"].cursor() as cursor:
        cursor.execute(
            "INSERT INTO audit_sealed (id, tenant_id, subject_id, entry_id, sealed) VALUES (%s, %s, %s, %s, %s)",
            [evidence_id, tenant_id, subject_id, entry_id, sealed],
        )
    return SealedEvidence(evidence_id, entry_id, digest)


def open_evidence(evidence_id: uuid.UUID, *, tenant_id: uuid.UUID) -> bytes:
    """Return sealed content in the tenant's open scope.

    Raises:
        EvidenceErased: there is none, its subject was erased, or it was altered.
    """
    with connections["default"].cursor() as cursor:
        cursor.execute(_SEALED, [tenant_id, evidence_id])
        row = cursor.fetchone()
    if row is None:
        raise EvidenceErased
    subject_id, sealed = row[0], bytes(row[1])
    try:
        key = _key_for(tenant_id, subject_id, make=False)
        return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], evidence_id.bytes)
    except InvalidTag as error:
        raise EvidenceErased("What was sealed was altered.") from error


def list_evidence(subject_ids: Collection[uuid.UUID], *, tenant_id: uuid.UUID) -> list[StoredEvidence]:
    """Return what was sealed about any of these subjects, oldest first, in the tenant's open scope."""
    with connections["default"].cursor() as cursor:
        cursor.execute(_ABOUT, [tenant_id, list(subject_ids)])
        return [StoredEvidence(*row) for row in cursor.fetchall()]


def erase_subject(subject_id: uuid.UUID, *, tenant_id: uuid.UUID, actor: ledger.ActorRef, reason: str) -> int:
    """Destroy a subject's key in the tenant's open scope: everything sealed under it can be opened by nobody.

    Returns:
        How many pieces of evidence were erased.

    Raises:
        EvidenceErased: there is no such key (any more).
    """
    with connections["default"].cursor() as cursor:
        cursor.execute("DELETE FROM subject_key WHERE tenant_id = %s AND subject_id = %s", [tenant_id, subject_id])
        if cursor.rowcount == 0:
            raise EvidenceErased
        cursor.execute(
            "SELECT count(*) FROM audit_sealed WHERE tenant_id = %s AND subject_id = %s", [tenant_id, subject_id]
        )
        ((count,),) = cursor.fetchall()
    ledger.record_event(
        Tag.SUBJECT_ERASED,
        actor=actor,
        resource=ledger.Resource("subject", subject_id),
        tenant_id=tenant_id,
        data={"evidence": count, "reason": reason},
    )
    return int(count)


def _key_for(tenant_id: uuid.UUID, subject_id: uuid.UUID, *, make: bool) -> bytes:
    context = b"subject-key" + tenant_id.bytes + subject_id.bytes
    with connections["default"].cursor() as cursor:
        if make:
            cursor.execute(_WITHOUT_KEY, {"tenant": tenant_id, "subject": subject_id})
            if cursor.fetchone()[0]:
                raise EvidenceErased("This subject was erased: nothing more is kept about it.")
            cursor.execute(_NEW_KEY, [tenant_id, subject_id, seal(os.urandom(KEY_BYTES), context)])
        cursor.execute(_KEY, [tenant_id, subject_id])
        row = cursor.fetchone()
    if row is None:
        raise EvidenceErased
    return unseal(bytes(row[0]), context)
