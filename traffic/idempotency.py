"""Idempotency keys: the first answer to a named request is kept for a day and given again.

Who claims a key holds it for as long as a request can last. A process that dies between its commit and the keeping of
its answer leaves a claim that lapses; until then the key is refused with `Retry-After`, and after it the request runs
anew. A kept answer is a result like any other: it is given again only if the gate, asked the same question now,
still allows it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings
from django.db import connections

from common.canonical import canonical_json
from common.context import Actor, bind_decision_id, tenant_scope
from common.ids import new_id
from common.keys import tenant_key
from common.sealing import seal, unseal
from common.vocabulary import Operation
from governance import gate
from governance.audit import receipts
from governance.audit import selectors as log
from traffic.errors import IdempotencyKeyInUse, IdempotencyKeyReused
from traffic.models import IdempotencyRecord

RECORD_SECONDS: Final = 24 * 3600
_LONGEST_WAIT_SECONDS: Final = 5

# One statement decides between concurrent claims. A claim that lapsed is taken over by the same request only: what
# became of another one is not known.
_CLAIM: Final = """
    INSERT INTO traffic_idempotencyrecord AS kept
        (id, tenant_id, actor_id, key_digest, fingerprint, locked_until, headers, expires_at)
    VALUES (%(id)s, %(tenant)s, %(actor)s, %(key)s, %(fingerprint)s,
            clock_timestamp() + make_interval(secs => %(lease)s), '{}',
            clock_timestamp() + make_interval(secs => %(record)s))
    ON CONFLICT (tenant_id, actor_id, key_digest) DO UPDATE SET
        id = excluded.id, fingerprint = excluded.fingerprint, locked_until = excluded.locked_until, headers = '{}',
        status = NULL, body = NULL, decision_id = NULL, created_at = clock_timestamp(), expires_at = excluded.expires_at
    WHERE kept.expires_at <= clock_timestamp()
       OR (kept.status IS NULL AND kept.locked_until <= clock_timestamp() AND kept.fingerprint = excluded.fingerprint)
    RETURNING id
"""
_KEPT: Final = """
    SELECT id, fingerprint, status, headers::text, body, decision_id,
           ceil(extract(epoch FROM locked_until - clock_timestamp()))::int
    FROM traffic_idempotencyrecord WHERE tenant_id = %s AND actor_id = %s AND key_digest = %s
"""


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to answer a named request; `id` is the record's."""

    id: uuid.UUID
    tenant_id: uuid.UUID


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it was given. `decision_id` is the decision that it rested on."""

    status: int
    headers: dict[str, str]
    body: bytes
    decision_id: uuid.UUID | None


def fingerprint_of(actor: Actor, *, method: str, path: str, fields: Iterable[tuple[str, bytes]]) -> str:
    """Return a keyed digest of what was asked: nobody can test a picture against it without the platform's key.

    Args:
        actor: who asks; purpose, end user, jurisdiction and case are part of the question.
        method: of the request.
        path: with the query.
        fields: the body, name by name.
    """
    usage = actor.usage
    digest = hmac.new(tenant_key(actor.tenant_id, use="idempotency"), digestmod=hashlib.sha256)
    stated = [method, path, usage.purpose, usage.on_behalf_of, usage.jurisdiction, usage.case_ref, *usage.circumstances]
    digest.update(canonical_json(stated))
    for name, value in fields:
        digest.update(hashlib.sha256(name.encode()).digest() + hashlib.sha256(value).digest())
    return digest.hexdigest()


def claim(key: str, *, actor: Actor, fingerprint: str) -> Claim | Answer:
    """Claim a key, or return the answer that is kept for it.

    Raises:
        IdempotencyKeyReused: it names another request.
        IdempotencyKeyInUse: the first request has not been answered yet.
    """
    key_digest = hmac.new(tenant_key(actor.tenant_id, use="idempotency"), key.encode(), hashlib.sha256).hexdigest()
    parameters: dict[str, uuid.UUID | str | int] = {
        "id": new_id(),
        "tenant": actor.tenant_id,
        "actor": actor.id,
        "key": key_digest,
        "fingerprint": fingerprint,
        "lease": settings.CUSTOS_IDEMPOTENCY_LEASE_SECONDS,
        "record": RECORD_SECONDS,
    }
    with tenant_scope(actor.tenant_id), connections["default"].cursor() as cursor:
        cursor.execute(_CLAIM, parameters)
        claimed = cursor.fetchone()
        if claimed is not None:
            return Claim(claimed[0], actor.tenant_id)
        cursor.execute(_KEPT, [actor.tenant_id, actor.id, key_digest])
        row = cursor.fetchone()
    if row is None:  # it was given back between the two statements
        raise IdempotencyKeyInUse(retry_after=1)
    return _answer(row, fingerprint=fingerprint)


def keep(held: Claim, *, answer: Answer) -> None:
    """Keep the answer to a claimed request; does nothing when the claim has been taken over meanwhile."""
    with tenant_scope(held.tenant_id):
        IdempotencyRecord.objects.filter(tenant_id=held.tenant_id, id=held.id).update(
            status=answer.status,
            headers=answer.headers,
            body=seal(answer.body, _context(held.id)),
            decision_id=answer.decision_id,
        )


def give_back(held: Claim) -> None:
    """Free the key: nothing was done, and the same request may be tried again."""
    with tenant_scope(held.tenant_id):
        IdempotencyRecord.objects.filter(tenant_id=held.tenant_id, id=held.id).delete()


def allow_again(answer: Answer, *, actor: Actor) -> None:
    """Ask the gate the question of the first request again, and record that its answer is given once more.

    Raises:
        PolicyRefused: it would be refused now.
    """
    if answer.decision_id is None or answer.status >= 400:
        return
    with tenant_scope(actor.tenant_id):
        decision = log.get_decision(actor.tenant_id, decision_id=answer.decision_id)
    if decision is None:
        return
    content = decision.content
    with gate.authorised(_same_question(content, actor=actor)) as admission, tenant_scope(actor.tenant_id):
        admission.complete()
    bind_decision_id(answer.decision_id)
    receipts.give(decision.id, leaf=bytes(decision.leaf_hash), time=decision.ts)


def purge() -> int:
    """Delete the records that have expired, of whichever tenant; return how many there were."""
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT custos_purge_idempotency()")
        purged: int = cursor.fetchone()[0]
    return purged


def _answer(row: tuple[Any, ...], *, fingerprint: str) -> Answer:
    record_id, kept_fingerprint, status, headers, body, decision_id, seconds_left = row
    if not hmac.compare_digest(kept_fingerprint, fingerprint):
        raise IdempotencyKeyReused("Take a new key for a new request.")
    if status is None:
        raise IdempotencyKeyInUse(retry_after=max(1, min(seconds_left, _LONGEST_WAIT_SECONDS)))
    return Answer(status, json.loads(headers), unseal(bytes(body), _context(record_id)), decision_id)


def _same_question(content: dict[str, Any], *, actor: Actor) -> gate.AccessRequest:
    resource, params = content["resource"], content["params"]
    milli = params["threshold_milli"]
    return gate.AccessRequest(
        actor=actor,
        operation=Operation(content["action"]),
        resource=gate.ResourceRef(
            resource["type"], uuid.UUID(resource["id"]) if resource["id"] else None, actor.tenant_id
        ),
        threshold=milli / 1000 if milli is not None else None,
        gallery_size=params["gallery_size"],
        engine_version=params["model"],
        max_faces=params["max_faces"],
        meets=content["facts"].get("obligations_met", ()),
    )


def _context(record_id: uuid.UUID) -> bytes:
    return b"idempotency" + record_id.bytes
