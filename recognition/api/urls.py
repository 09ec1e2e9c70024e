"""Routes under /v1 about faces, collections, persons, searches and jobs."""

from django.urls import path, register_converter

from recognition.api.views import (
    buckets,
    collections,
    consents,
    detection,
    engine_moves,
    evaluations,
    faces,
    images,
    jobs,
    persons,
    reviews,
    searches,
)
from recognition.models import COLLECTION_NAME, PERSON_NAME


class CollectionName:
    """A tenant's own name for a collection, as it stands in a path."""

    regex = COLLECTION_NAME

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


class PersonName(CollectionName):
    """A tenant's own id for a person, as it stands in a path."""

    regex = PERSON_NAME


register_converter(CollectionName, "collection")
register_converter(PersonName, "person")

_COLLECTION = "collections/<collection:collection>"
_PERSON = f"{_COLLECTION}/persons/<person:person>"

urlpatterns = [
    path("detect", detection.Detect.as_view(), name="detect"),
    path("compare", detection.Compare.as_view(), name="compare"),
    path("buckets", buckets.BucketList.as_view(), name="buckets"),
    path("buckets/<uuid:bucket_id>", buckets.BucketDetail.as_view(), name="bucket"),
    path("collections", collections.CollectionList.as_view(), name="collections"),
    path(_COLLECTION, collections.CollectionDetail.as_view(), name="collection"),
    path(f"{_COLLECTION}:purpose-met", collections.CollectionPurpose.as_view(), name="collection-purpose-met"),
    path(f"{_COLLECTION}/faces", faces.FaceList.as_view(), name="faces"),
    path(f"{_COLLECTION}/faces:batch", faces.FaceBatch.as_view(), name="faces-batch"),
    path(f"{_COLLECTION}/faces:delete", faces.FaceDeletion.as_view(), name="faces-delete"),
    path(f"{_COLLECTION}/faces/<uuid:face_id>", faces.FaceDetail.as_view(), name="face"),
    path(f"{_COLLECTION}/consents", consents.ConsentList.as_view(), name="consents"),
    path(f"{_COLLECTION}/consents:withdraw", consents.ConsentWithdrawal.as_view(), name="consents-withdraw"),
    path(f"{_COLLECTION}/consents:report", consents.ConsentReport.as_view(), name="consents-report"),
    path(f"{_COLLECTION}/engine-move", engine_moves.EngineMoveDetail.as_view(), name="engine-move"),
    path(f"{_COLLECTION}/engine-move/unmoved", engine_moves.EngineMoveUnmoved.as_view(), name="engine-move-unmoved"),
    path(f"{_COLLECTION}/engine-move:fill", engine_moves.EngineMoveFilling.as_view(), name="engine-move-fill"),
    path(f"{_COLLECTION}/engine-move:switch", engine_moves.EngineMoveSwitch.as_view(), name="engine-move-switch"),
    path(f"{_COLLECTION}/engine-move:roll-back", engine_moves.EngineMoveRollBack.as_view(), name="engine-move-back"),
    path(f"{_COLLECTION}/engine-move:end", engine_moves.EngineMoveEnd.as_view(), name="engine-move-end"),
    path(f"{_COLLECTION}/search:batch", searches.SearchBatch.as_view(), name="search-batch"),
    path(f"{_COLLECTION}/search", searches.FaceSearch.as_view(), name="search"),
    path(f"{_COLLECTION}/persons", persons.PersonList.as_view(), name="persons"),
    path(f"{_COLLECTION}/persons:search", persons.PersonSearch.as_view(), name="persons-search"),
    path(_PERSON, persons.PersonDetail.as_view(), name="person"),
    path(f"{_PERSON}/faces", persons.PersonFaces.as_view(), name="person-faces"),
    path(f"{_PERSON}/faces:remove", persons.PersonFaceRemoval.as_view(), name="person-faces-remove"),
    path("evaluations", evaluations.EvaluationList.as_view(), name="evaluations"),
    path("evaluations/<uuid:evaluation_id>", evaluations.EvaluationDetail.as_view(), name="evaluation"),
    path("images/<uuid:image_id>", images.ImageDetail.as_view(), name="image"),
    path("images/<uuid:image_id>/content", images.ImageContent.as_view(), name="image-content"),
    path("jobs", jobs.JobList.as_view(), name="jobs"),
    path("jobs/<uuid:job_id>", jobs.JobDetail.as_view(), name="job"),
    path("jobs/<uuid:job_id>:cancel", jobs.JobCancellation.as_view(), name="job-cancel"),
    path("jobs/<uuid:job_id>/results", jobs.JobResults.as_view(), name="job-results"),
    path("review-tasks/<uuid:task_id>/result", reviews.ReviewResult.as_view(), name="review-result"),
]
