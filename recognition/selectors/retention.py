"""When the time of what a collection holds is over. Every selector of such rows asks this, so that it is said once.

What is over is neither found nor read, whether or not the purge (`services.purging`) has come by already.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from django.conf import settings
from django.db.models import DurationField, ExpressionWrapper, F, Q, Value
from django.db.models.functions import Coalesce, Least, Now

from common.prepared import execute_prepared
from governance.questions import AccessRequest

_DAY: Final = Value(timedelta(days=1), output_field=DurationField())
# With every decision on a gallery: Django would take longer to write this than the database to answer it.
_KEPT_DAYS: Final = """
    SELECT CASE WHEN EXISTS (
        SELECT FROM accountability_legalhold AS hold
        WHERE hold.tenant_id = collection.tenant_id AND hold.collection_id = collection.id AND hold.settled_at IS NULL
    ) THEN 0 ELSE collection.kept_days END
    FROM recognition_collection AS collection WHERE collection.tenant_id = $1 AND collection.id = $2
"""
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
    found = execute_prepared(_KEPT_DAYS, (request.actor.tenant_id, request.gallery_id))
    return int(found[0][0]) if found else None
