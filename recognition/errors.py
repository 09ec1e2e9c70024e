"""What recognition answers when it cannot do what was asked. Every code is in `docs/reference/errors.md`."""

from __future__ import annotations

from common.errors import Conflict, InvalidRequest, NotFound, PayloadTooLarge, Unavailable, Unprocessable


class CollectionNotFound(NotFound):
    code = "collection-not-found"
    title = "There is no such collection"


class CollectionExists(Conflict):
    code = "collection-exists"
    title = "A collection of this name exists already"


class TooManyTags(Conflict):
    code = "too-many-tags"
    title = "The collection would have more tags than it may"


class EngineNotOffered(InvalidRequest):
    code = "engine-not-offered"
    title = "This engine is not offered here"


class EngineVersionMismatch(Conflict):
    """Vectors of two engine versions are never compared."""

    code = "engine-version-mismatch"
    title = "The collection holds templates of another engine version"


class EngineMoveNotFound(NotFound):
    code = "engine-move-not-found"
    title = "The collection is not moving to another engine"


class EngineMoveImpossible(Conflict):
    code = "engine-move-impossible"
    title = "The collection cannot move to this engine"


class EngineMoveState(Conflict):
    """Moves go forth and back one step at a time."""

    code = "engine-move-state"
    title = "The move to another engine is at another step"


class SecondIndexBehind(Conflict):
    """Who is missing in the second index would not be found after a switch."""

    code = "second-index-behind"
    title = "Faces have no template in the second index yet"


class FacesNotMovable(Conflict):
    """No template can be made of a face without its picture."""

    code = "faces-not-movable"
    title = "Some faces cannot be moved to the other engine"


class SecondPersonNeeded(Conflict):
    """A collection that serves investigations is switched by another person than who started the move."""

    code = "second-person-needed"
    title = "Another member must do this, in person"


class JobsOpen(Conflict):
    code = "jobs-open"
    title = "Jobs of the collection are not done yet"


class ThresholdBelowCollection(InvalidRequest):
    """A collection's own threshold is a floor: a request may ask for more, never for less."""

    code = "threshold-below-collection"
    title = "The threshold is lower than the collection's own"


class FaceNotFound(NotFound):
    code = "face-not-found"
    title = "There is no such face in the collection"


class PersonNotFound(NotFound):
    code = "person-not-found"
    title = "There is no such person in the collection"


class PersonExists(Conflict):
    code = "person-exists"
    title = "The collection has a person of this id already"


class PersonFull(Conflict):
    """A person holds so many faces and no more; nothing of the request was done."""

    code = "person-full"
    title = "The person cannot have so many faces"


class PersonWithoutFaces(Unprocessable):
    """Nobody can be searched for by a person who has no face."""

    code = "person-without-faces"
    title = "The person has no face to search for"


class NoFaceFound(Unprocessable):
    code = "no-face-found"
    title = "No face was found in the image"


class QualityTooLow(Unprocessable):
    """The probe is below the quality floor of the purpose (QUAL-001)."""

    code = "quality-too-low"
    title = "The picture is not good enough for this purpose"


class NoUsableFace(Unprocessable):
    """Faces were found and every one was rejected; the member `rejected` says why."""

    code = "no-usable-face"
    title = "None of the faces in the image can be enrolled"


class ImageNotFound(NotFound):
    code = "image-not-found"
    title = "There is no such image"


class ImageNotKept(NotFound):
    """Faces were enrolled from it, but its collection keeps no pictures, or kept none at the time."""

    code = "image-not-kept"
    title = "The picture itself was not kept"


class BucketExists(Conflict):
    code = "bucket-exists"
    title = "A bucket is registered under this name already"


class BucketNotFound(NotFound):
    code = "bucket-not-found"
    title = "There is no such bucket"


class BucketEndpointNotOffered(InvalidRequest):
    code = "bucket-endpoint-not-offered"
    title = "Buckets of this service are not offered here"


class BucketObjectUnreadable(Unprocessable):
    """One answer for an object that is missing, forbidden, or of a service that does not answer."""

    code = "bucket-object-unreadable"
    title = "The object of the bucket cannot be read"


class StorageUnavailable(Unavailable):
    code = "storage-unavailable"
    title = "Kept pictures cannot be written or read right now"


class StoredImageDamaged(Unprocessable):
    """The file of a kept picture is missing, or its bytes are not those that were kept."""

    code = "stored-image-damaged"
    title = "The kept picture can no longer be read"


class RequestBodyTooLarge(PayloadTooLarge):
    """Refused by the announced length, before anything is read."""

    code = "request-body-too-large"
    title = "The request body is larger than this route accepts"


class TooManyImages(PayloadTooLarge):
    code = "too-many-images"
    title = "The request holds more images than one job takes"


class JobNotFound(NotFound):
    code = "job-not-found"
    title = "There is no such job"


class JobClosed(Conflict):
    """The job has ended, so it can neither be worked on nor cancelled."""

    code = "job-closed"
    title = "The job has already ended"


class TooManyToReview(Unprocessable):
    """Two people would have to look at each of them."""

    code = "too-many-to-review"
    title = "More candidates were found than two people can review"


class ResultNeverReviewed(Conflict):
    """It was made when such results named their candidates at once."""

    code = "result-never-reviewed"
    title = "The result was never reviewed: search again"


class JobHalted(Conflict):
    """A halted job's output was destroyed: there is nothing to read."""

    code = "job-halted"
    title = "The job was halted by policy and its output destroyed"


class JobResultsExpired(Conflict):
    """Results are kept as long as the collection keeps faces, and never longer than the platform says."""

    code = "job-results-expired"
    title = "The time for which the job's results are kept is over"


class CollectionDeleted(Conflict):
    """Why a job was cancelled: the collection it was to fill is gone."""

    code = "collection-deleted"
    title = "The collection was deleted while the job ran"


class AllImagesFailed(Unprocessable):
    """Why a job failed although it ran to its end."""

    code = "all-images-failed"
    title = "None of the job's images could be used"


class EvaluationImpossible(Unprocessable):
    """The labelled faces do not allow a measurement; the detail says why."""

    code = "evaluation-impossible"
    title = "These faces cannot be evaluated"


class EvaluationNotFound(NotFound):
    code = "evaluation-not-found"
    title = "There is no such evaluation, or no such plot of it"


class StagingUnavailable(Unavailable):
    code = "staging-unavailable"
    title = "Uploaded images cannot be stored right now"


class StagedImageDamaged(Unprocessable):
    """A staged file is missing, or its bytes are not those that were accepted."""

    code = "staged-image-damaged"
    title = "The accepted image can no longer be read"


class ImageAbandoned(Unprocessable):
    """Working on the image ended the worker process, again and again."""

    code = "image-abandoned"
    title = "The image was given up after several attempts"


class EngineBusy(Unavailable):
    code = "engine-busy"
    title = "Too many pictures are being looked at: try again"


class GalleryBusy(Unavailable):
    code = "gallery-busy"
    title = "The collection is being moved: try again"
