"""What stored searches hold of faces that are gone: nothing."""

from __future__ import annotations

import uuid
from collections.abc import Collection as CollectionOf
from typing import Any, Final

from django.db import connections

from recognition.models import Collection

# A result holds candidates by id alone (`services.found`); others of the same search stay.
_FORGET: Final = """
    UPDATE recognition_jobitem item
    SET search = jsonb_set(item.search, '{searches}', (
        SELECT jsonb_agg(jsonb_set(probe, '{candidates}', (
            SELECT coalesce(jsonb_agg(candidate), '[]')
            FROM jsonb_array_elements(probe -> 'candidates') candidate
            WHERE NOT (candidate ->> 'face_id')::uuid = ANY(%(ids)s::uuid[])
        )))
        FROM jsonb_array_elements(item.search -> 'searches') probe
    ))
    FROM recognition_job job
    WHERE job.tenant_id = %(tenant)s AND job.collection_id = %(collection)s
      AND item.tenant_id = job.tenant_id AND item.job_id = job.id AND item.search IS NOT NULL
      AND EXISTS (
        SELECT FROM jsonb_path_query(item.search, '$.searches[*].candidates[*].face_id') found
        WHERE (found #>> '{}')::uuid = ANY(%(ids)s::uuid[])
      )
"""


def forget(face_ids: CollectionOf[uuid.UUID], *, collection: Collection) -> int:
    """Take faces out of the results of searches of a locked collection; return how many results named one."""
    parameters: dict[str, Any] = {"ids": list(face_ids), "tenant": collection.tenant_id, "collection": collection.id}
    with connections["default"].cursor() as cursor:
        cursor.execute(_FORGET, parameters)
        return int(cursor.rowcount)
