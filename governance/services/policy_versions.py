"""Publishing rules as policy versions."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Max, Q
from django.db.models.functions import Now

from common.instants import micros_of
from governance import fence, policy_signatures
from governance.audit import ledger
from governance.audit.tags import Tag
from governance.catalogue import DEFAULT_POLICY_BODY
from governance.models import PolicyVersion
from governance.policies import Policy


def publish_policy(body: dict[str, Any], *, author: str, approver: str, effective_from: datetime | None = None) -> int:
    """Publish and sign rules as the next policy version, effective now or later; nothing happens when they are in force or due.

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
    known = PolicyVersion.objects.using("officer").exclude(signature="").filter(body__rules=rules).order_by("version").last()
    if known is not None:
        return known.version
    return publish_policy(
        dict(DEFAULT_POLICY_BODY), author="custos shipped policy", approver="operator of this instance"
    )
