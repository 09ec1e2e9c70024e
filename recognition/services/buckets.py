"""Buckets of tenants: registered and removed by who manages keys, read where an edge names one of their objects.

Only services that the operator lists can be registered (`CUSTOS_BUCKET_ENDPOINTS`), and are read while they are listed.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from common.context import Actor, tenant_scope
from common.ids import new_id
from common.sealing import seal, unseal
from common.vocabulary import Operation
from governance import gate
from governance.audit import ledger
from governance.audit.tags import Tag
from recognition import buckets
from recognition.errors import BucketEndpointNotOffered, BucketExists, BucketNotFound, BucketObjectUnreadable
from recognition.models import Bucket
from recognition.selectors import buckets as selectors
from recognition.services.examination import open_image
from tenants.membership import require_manager
from tenants.ports import require_not_suspended

R = TypeVar("R")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBucket:
    """A bucket as it is registered; see `recognition.models.Bucket`. An empty `bucket` is called like `name`."""

    name: str
    endpoint: str
    region: str
    access_key_id: str
    secret_access_key: str = field(repr=False)
    bucket: str = ""
    prefix: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What a bucket gave when it was tried: how many bytes, and the upright picture's size in pixels."""

    n_bytes: int
    width: int
    height: int


def offered_endpoints() -> tuple[str, ...]:
    """Return the services that the operator lists: scheme and host each; none where buckets are off."""
    return tuple(settings.CUSTOS_BUCKET_ENDPOINTS)


def register_bucket(actor: Actor, *, stated: NewBucket) -> Bucket:
    """Let the platform read pictures from a bucket of the tenant's. Whether it answers is not tried.

    Raises:
        NotAMember, RoleNotSufficient: the actor does not manage keys.
        Suspended: the tenant or the actor is.
        BucketEndpointNotOffered: the operator does not list the service.
        BucketExists: another bucket is registered under this name.
        PlatformKeyMissing: the secret cannot be sealed.
    """
    with tenant_scope(actor.tenant_id):
        require_manager(actor)
        require_not_suspended(actor)
        if not _is_offered(stated.endpoint):
            raise BucketEndpointNotOffered("The operator of this server has not listed it.")
        bucket = _insert(stated, tenant_id=actor.tenant_id)
        _record(Tag.BUCKET_REGISTERED, bucket, actor=actor)
    return bucket


def list_buckets(actor: Actor, *, paginate: Callable[[QuerySet[Bucket]], R]) -> R:
    """Return a page of the tenant's buckets.

    Raises:
        NotAMember, RoleNotSufficient: the actor does not manage keys.
    """
    with tenant_scope(actor.tenant_id):
        require_manager(actor)
        return paginate(selectors.list_for(actor.tenant_id))


def get_bucket(actor: Actor, *, bucket_id: uuid.UUID) -> Bucket:
    """Return one of the tenant's buckets.

    Raises:
        NotAMember, RoleNotSufficient: the actor does not manage keys.
        BucketNotFound: there is none of this id, or it is another tenant's.
    """
    with tenant_scope(actor.tenant_id):
        require_manager(actor)
        bucket = selectors.list_for(actor.tenant_id).filter(id=bucket_id).first()
    if bucket is None:
        raise BucketNotFound
    return bucket


def try_bucket(actor: Actor, *, bucket_id: uuid.UUID, key: str) -> Tried:
    """Read a picture of a bucket and throw it away, to see that the log-in works. Judged as reading it to detect.

    Raises:
        NotAMember, RoleNotSufficient, BucketNotFound: see `get_bucket`.
        PolicyRefused, BucketObjectUnreadable, ImageTooLarge: see `read_object`.
        ImageUnreadable, ImageFormatUnsupported: it is no picture that could be used.
    """
    bucket = get_bucket(actor, bucket_id=bucket_id)
    data = read_object(bucket, key=key, version="", use=Operation.DETECT, actor=actor)
    picture = open_image(data)
    return Tried(n_bytes=len(data), width=picture.width, height=picture.height)


def remove_bucket(actor: Actor, *, bucket_id: uuid.UUID) -> None:
    """Forget a bucket with its log-in; its objects are not touched. Also a suspended tenant may.

    Raises:
        NotAMember, RoleNotSufficient: the actor does not manage keys.
        BucketNotFound: there is none of this id, or it is another tenant's.
    """
    with tenant_scope(actor.tenant_id):
        bucket = get_bucket(actor, bucket_id=bucket_id)
        if not selectors.list_for(actor.tenant_id).filter(id=bucket_id).delete()[0]:
            raise BucketNotFound
        _record(Tag.BUCKET_REMOVED, bucket, actor=actor)


def find_bucket(name: str, *, actor: Actor) -> Bucket | None:
    """Return the tenant's bucket of this name, to be read from; None where there is none."""
    with tenant_scope(actor.tenant_id):
        return selectors.list_for(actor.tenant_id).filter(name=name).first()


def read_object(bucket: Bucket, *, key: str, version: str, use: Operation, actor: Actor) -> bytes:
    """Return a picture of a bucket; the decision to read it is on record before the service is asked.

    Args:
        bucket: as `find_bucket` returns it.
        key: name of the object; the bucket's prefix goes before it.
        version: of the object; empty: the present one.
        use: what the picture is for: reading it is judged like that.
        actor: who asks.

    Raises:
        PolicyRefused: the policy does not allow it.
        BucketObjectUnreadable: the service is not listed any more, or see `buckets.fetch`.
        ImageTooLarge: it has more bytes than a picture may have.
        SealBroken, PlatformKeyMissing: its log-in cannot be opened.
    """
    request = gate.AccessRequest(
        actor=actor,
        operation=Operation.READ_RESULT,
        result_of=use,
        resource=gate.ResourceRef("bucket", bucket.id, actor.tenant_id),
        n_searches=0,
    )
    with gate.authorised(request) as admission:
        if not _is_offered(bucket.endpoint):
            raise BucketObjectUnreadable("The operator of this server does not list the service any more.")
        data = buckets.fetch(
            _place_of(bucket), key=bucket.prefix + key, version=version, most_bytes=settings.CUSTOS_MAX_IMAGE_BYTES
        )
        with tenant_scope(actor.tenant_id):
            admission.complete()
    return data


def _insert(stated: NewBucket, *, tenant_id: uuid.UUID) -> Bucket:
    bucket_id = new_id()
    bucket = Bucket(
        id=bucket_id,
        tenant_id=tenant_id,
        name=stated.name,
        endpoint=stated.endpoint,
        bucket=stated.bucket or stated.name,
        region=stated.region,
        prefix=stated.prefix,
        access_key_id=stated.access_key_id,
        secret_access_key=seal(stated.secret_access_key.encode(), _context(tenant_id, bucket_id)),
    )
    try:
        with transaction.atomic():
            bucket.save(force_insert=True)
    except IntegrityError as error:
        if "bucket_name_once_per_tenant" not in str(error):
            raise
        raise BucketExists from error
    bucket.refresh_from_db(fields=["created_at"])
    return bucket


def _is_offered(endpoint: str) -> bool:
    return endpoint in offered_endpoints()


def _place_of(bucket: Bucket) -> buckets.Place:
    secret = unseal(bytes(bucket.secret_access_key), _context(bucket.tenant_id, bucket.id))
    return buckets.Place(bucket.endpoint, bucket.bucket, bucket.region, bucket.access_key_id, secret.decode())


def _context(tenant_id: uuid.UUID, bucket_id: uuid.UUID) -> bytes:
    return b"custos/bucket\0" + tenant_id.bytes + bucket_id.bytes


def _record(tag: Tag, bucket: Bucket, *, actor: Actor) -> None:
    ledger.record_event(
        tag,
        actor=ledger.ref_of(actor),
        resource=ledger.Resource("bucket", bucket.id),
        tenant_id=actor.tenant_id,
        data={"endpoint": bucket.endpoint},
    )
