"""When the time of what a collection holds is over. Every selector of such rows asks this, so that it is said once.

What is over is neither found nor read, whether or not the purge (`services.purging`) has come by already.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from django.conf import settings
from django.db.models import DurationField, Exists, ExpressionWrapper, F, OuterRef, Q, Value
from django.db.models.functions import Coalesce, Least, Now

from governance.accountability.models import LegalHold
from governance.questions import AccessRequest
from recognition.models import Collection

_DAY: Final = Value(timedelta(days=1), output_field=DurationField())
_OF_COLLECTION: Final = ExpressionWrapper(F("collection__kept_days") * _DAY, output_field=DurationField())


def is_live() -> Q:
    """Return the condition that faces, or images, are within the retention of their collection."""
    return Q(created_at__gt=Now() - _OF_COLLECTION)


def results_are_over() -> Q:
    """Return the condition that the results of jobs are purged, or older than collection and platform keep them."""
    most = Value(timedelta(days=settings.CUSTOS_JOB_RESULT_DAYS), output_field=DurationField())
    kept = Least(Coalesce(_OF_COLLECTION, most), most)
    return Q(results_purged_at__isnull=False) | Q(created_at__lte=Now() - kept)


def gallery_kept_days(request: AccessRequest, facts: Mapping[str, Any]) -> int | None:
    """Return the fact of this name; frozen is a collection until what a hold kept from deletion is settled."""
    if request.gallery_id is None:
        return None
    tenant_id = request.actor.tenant_id
    holds = LegalHold.objects.filter(tenant_id=tenant_id, collection_id=OuterRef("id"), settled_at=None)
    rows = Collection.objects.filter(tenant_id=tenant_id, id=request.gallery_id)
    found = rows.annotate(is_frozen=Exists(holds)).values_list("kept_days", "is_frozen").first()
    return None if found is None else 0 if found[1] else found[0]
