"""Publishing rules as policy versions."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Max, Q
from django.db.models.functions import Now

from common.errors import InvalidRequest
from common.instants import micros_of
from governance import fence, policy_signatures
from governance.audit import ledger
from governance.audit.tags import Tag
from governance.catalogue import DEFAULT_POLICY_BODY
from governance.four_eyes import Execution, Payload, Signed
from governance.models import PolicyVersion
from governance.policies import Policy
from governance.services.payloads import instant


def publish_policy(body: dict[str, Any], *, author: str, approver: str, effective_from: datetime | None = None) -> int:
    """Publish and sign rules as the next policy version, effective now or later; nothing happens when they are already.

    The database numbers versions: a changed body that still carries the number of an older one is a new version.
    One that bears no signature of this platform counts as never published: nothing can be decided under it.

    Returns:
        The version number; `body["version"]` is the least it can be.

    Raises:
        PolicyInvalid: the body does not fit the closed schema.
    """
    wanted = Policy.from_body(body)
    versions = PolicyVersion.objects.using("officer").exclude(signature="")
    in_force = versions.filter(effective_from__lte=Now()).order_by("-version").values("version")[:1]
    current = versions.filter(Q(version__in=in_force) | Q(effective_from__gt=Now()), body__rules=body["rules"]).first()
    if current is not None:
        return current.version
    with fence.closed() as now:
        newest = PolicyVersion.objects.using("officer").aggregate(newest=Max("version"))["newest"] or 0
        version = max(newest + 1, wanted.version)
        body = {**body, "version": version}
        policy = Policy.from_body(body)
        begins = effective_from or now
        signature = policy_signatures.sign(
            version=version,
            digest=policy.digest,
            author=author,
            approver=approver,
            effective_from=micros_of(begins),
        )
        PolicyVersion.objects.using("officer").create(
            version=version,
            body=body,
            digest=policy.digest,
            author=author,
            approver=approver,
            effective_from=begins,
            signature=signature,
        )
        ledger.record_event(
            Tag.POLICY_PUBLISHED,
            actor=ledger.SYSTEM,
            resource=ledger.Resource("policy", None),
            tenant_id=None,
            data={"version": version, "digest": policy.digest, "author": author, "approver": approver},
            using="officer",
        )
    return version


def publish_shipped_policy() -> int:
    """Publish the policy that ships with the platform unless it was published before, even if another one followed it.

    So an upgrade with changed rules puts them in force once, and a restart undoes no operator's policy.

    Returns:
        The version number of the shipped policy.
    """
    rules = DEFAULT_POLICY_BODY["rules"]
    signed = PolicyVersion.objects.using("officer").exclude(signature="")
    known = signed.filter(body__rules=rules).order_by("version").last()
    if known is not None:
        return known.version
    return publish_policy(
        dict(DEFAULT_POLICY_BODY), author="custos shipped policy", approver="operator of this instance"
    )


def check_publication(payload: Payload) -> None:
    """Refuse a body that does not fit the closed schema."""
    Policy.from_body(_body_of(payload))
    if payload.get("effective_from") is not None:
        instant(payload, "effective_from")


def execute_publication(payload: Payload, signed: Signed) -> Execution:
    """Publish it, by the two people who signed."""
    begins = instant(payload, "effective_from") if payload.get("effective_from") is not None else None
    author, approver = (str(person.pk) for person in signed.people)
    publish_policy(_body_of(payload), author=author, approver=approver, effective_from=begins)
    return Execution()


def _body_of(payload: Payload) -> dict[str, Any]:
    body = payload.get("body")
    if not isinstance(body, dict):
        raise InvalidRequest("The change states no body of a policy.")
    return body
