"""When the time of what a collection holds is over. Every selector of such rows asks this, so that it is said once.

What is over is neither found nor read, whether or not the purge (`services.purging`) has come by already.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.conf import settings
from django.db.models import DurationField, ExpressionWrapper, F, Q, Value
from django.db.models.functions import Coalesce, Least, Now

_DAY: Final = Value(timedelta(days=1), output_field=DurationField())
_OF_COLLECTION: Final = ExpressionWrapper(F("collection__retention_days") * _DAY, output_field=DurationField())


def is_live() -> Q:
    """Return the condition that faces, or images, are within the retention of their collection."""
    return Q(collection__retention_days=None) | Q(created_at__gt=Now() - _OF_COLLECTION)


def results_are_over() -> Q:
    """Return the condition that the results of jobs are purged, or older than collection and platform keep them."""
    most = Value(timedelta(days=settings.CUSTOS_JOB_RESULT_DAYS), output_field=DurationField())
    kept = Least(Coalesce(_OF_COLLECTION, most), most)
    return Q(results_purged_at__isnull=False) | Q(created_at__lte=Now() - kept)
