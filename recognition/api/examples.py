"""The examples of the API's documentation. The tests send every one and hold the answers against them.

`PICTURE` stands for a photograph in base64.
"""

from __future__ import annotations

from typing import Any, Final

from common.documentation import Example
from governance.casework.api.examples import REVIEW_TASK

PICTURE: Final = {"bytes": "/9j/4AAQSkZJRgABAQAAAQABAAD/…"}
FACE_ID: Final = "01971f6e-8c5a-7b3e-9d54-0a4c5e6f7a8b"
IMAGE_ID: Final = "01971f6e-8c52-7f10-b0aa-3d2e1c0f9e8d"
_JOB_ID: Final = "01971f70-11b7-7c41-8f6e-5b6a79880c1d"
_TIME: Final = "2026-03-02T09:15:27.104233Z"
_BOX: Final = {"left": 0.31, "top": 0.18, "width": 0.22, "height": 0.35}
_SEEN: Final[dict[str, Any]] = {
    "box": _BOX,
    "confidence": 93.7,
    "landmarks": [{"type": "eyeLeft", "x": 0.37, "y": 0.3}, {"type": "eyeRight", "x": 0.46, "y": 0.31}],
    "pose": {"yaw": -4.2, "pitch": 1.7, "roll": 0.6},
    "quality": {"brightness": 61.3, "sharpness": 78.9, "score": 84.1},
}
_ATTRIBUTES: Final[dict[str, Any]] = {
    "age_range": {"low": 24, "high": 38},
    "eyeglasses": {"value": False, "confidence": 97.2},
    "liveness": {"kind": "passive", "score": 41.5, "measured_on": "photograph", "is_advisory": True},
    "smile": {"value": True, "confidence": 98.5},
}
_FACE: Final[dict[str, Any]] = {"id": FACE_ID, "image_id": IMAGE_ID, "external_id": "anna", **_SEEN}
_SUBJECT: Final = {"subject": "anna"}
RECORD_CONSENT: Final = Example(
    request={**_SUBJECT, "evidence_digest": "5f0c6e2b1d0f4a7c9e3b8a6d2c1f0e9d8c7b6a594837261504f3e2d1c0b9a897"},
    answer={**_SUBJECT, "recorded_at": _TIME},
)
WITHDRAW_CONSENT: Final = Example(
    request=_SUBJECT,
    answer={**_SUBJECT, "withdrawn_at": _TIME, "deleted_faces": 3, "is_held": False, "certificate": _JOB_ID},
)
REPORT_CONSENT: Final = Example(
    request=_SUBJECT,
    answer={**_SUBJECT, "consent": "live", "recorded_at": _TIME, "withdrawn_at": None, "faces": 3, "searches": 0},
)
_BEYOND: Final = "less than about 1 false match per 1,000,000 comparisons (beyond the measured data)"
_SCORES: Final = {"similarity": 99.4, "score": 0.71, "fmr": 3.1e-08, "fmr_words": _BEYOND}
_COLLECTION: Final[dict[str, Any]] = {
    "name": "family",
    "description": "Holidays since 1998",
    "engine": "onnx",
    "engine_version": "sface-1",
    "retention_days": 365,
    "kept_days": 365,
    "purpose_met_at": None,
    "threshold": 90.0,
    "store_images": False,
    "face_count": 2,
    "person_count": 0,
    "created_at": _TIME,
}
_BUCKET: Final = {
    "name": "family-photos",
    "endpoint": "https://objects.example.test",
    "bucket": "photos-2026",
    "region": "eu-west-1",
    "prefix": "albums/",
    "access_key_id": "AKEXAMPLE0123456789",
}
_REGISTERED: Final = {"id": _JOB_ID, **_BUCKET, "created_at": _TIME}
REGISTER_BUCKET: Final = Example(request={**_BUCKET, "secret_access_key": "x" * 40}, answer=_REGISTERED)
LIST_BUCKETS: Final = Example(answer={"items": [_REGISTERED], "next_cursor": None})
_PERSON_ID: Final = "anna-1998"
_PERSON: Final[dict[str, Any]] = {
    "person_id": _PERSON_ID,
    "display_name": "Anna",
    "status": "created",
    "face_count": 0,
    "created_at": _TIME,
}
_NOTICE: Final = (
    "An investigative lead, not an identification: similarity is not the probability that two pictures show one person."
    " At this threshold about 1 in 1,000,000 pairs of different people match; have a trained person examine every"
    " candidate."
)
_SEARCH: Final[dict[str, Any]] = {
    "searches": [
        {
            "probe": {"box": _BOX, "confidence": 93.7},
            "candidates": [{"rank": 1, **_SCORES, "face": _FACE}],
        }
    ],
    "gallery_size": 2,
    "expected_false_candidates": 2e-06,
    "engine_version": "sface-1",
    "threshold": 90.0,
    "notice": _NOTICE,
}


def _job(kind: str, status: str, *, done: int) -> dict[str, Any]:
    started = _TIME if status != "queued" else None
    return {
        "id": _JOB_ID,
        "kind": kind,
        "status": status,
        "collection": "family",
        "progress": {"done": done, "total": 2, "failed": 0},
        "problem": None,
        "created_at": _TIME,
        "started_at": started,
        "finished_at": _TIME if status in {"succeeded", "cancelled"} else None,
    }


def _page(item: dict[str, Any]) -> dict[str, Any]:
    return {"items": [item], "next_cursor": None}


GET_IMAGE: Final = Example(
    answer={
        "id": IMAGE_ID,
        "collection": "family",
        "width": 1600,
        "height": 1200,
        "format": "JPEG",
        "digest": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "is_kept": True,
        "size_bytes": 412_345,
        "created_at": _TIME,
    }
)
DETECT: Final = Example(
    {"image": PICTURE, "attributes": ["age_range", "eyeglasses", "liveness", "smile"]},
    {"image": {"width": 1600, "height": 1200}, "faces": [{**_SEEN, "attributes": _ATTRIBUTES}]},
)
COMPARE: Final = Example(
    {"source": PICTURE, "target": PICTURE, "threshold": 90},
    {"source_face": _SEEN, "matches": [{**_SCORES, "face": _SEEN}], "unmatched": [], "threshold": 90.0},
)
LIST_COLLECTIONS: Final = Example(answer=_page(_COLLECTION))
CREATE_COLLECTION: Final = Example(
    {"name": "family", "description": "Holidays since 1998", "retention_days": 365, "threshold": 90},
    {**_COLLECTION, "face_count": 0},
)
GET_COLLECTION: Final = Example(answer=_COLLECTION)
DECLARE_PURPOSE_MET: Final = Example(answer={**_COLLECTION, "kept_days": 0, "purpose_met_at": _TIME})
UPDATE_COLLECTION: Final = Example({"threshold": 95}, {**_COLLECTION, "threshold": 95.0})
LIST_FACES: Final = Example(answer=_page(_FACE))
ENROL_FACES: Final = Example(
    {"image": PICTURE, "external_id": "anna", "max_faces": 1},
    {"image_id": IMAGE_ID, "faces": [_FACE], "rejected": []},
)
ENROL_FACES_BATCH: Final = Example(
    {"images": [{**PICTURE, "external_id": "anna", "person": _PERSON_ID}, {**PICTURE, "external_id": "ben"}]},
    _job("enrol_faces", "queued", done=0),
)
DELETE_FACES: Final = Example({"ids": [FACE_ID]}, {"deleted": [FACE_ID], "failed": []})
GET_FACE: Final = Example(answer=_FACE)
SEARCH_FACES: Final = Example({"image": PICTURE, "threshold": 90, "limit": 5, "every_face": True}, _SEARCH)
SEARCH_FACES_BATCH: Final = Example(
    {"images": [{**PICTURE, "external_id": "beach.jpg"}], "threshold": 90, "limit": 5},
    _job("search_faces", "queued", done=0),
)
LIST_PERSONS: Final = Example(answer=_page(_PERSON))
CREATE_PERSON: Final = Example(
    {"person_id": "ben-1998", "display_name": "Ben"}, {**_PERSON, "person_id": "ben-1998", "display_name": "Ben"}
)
GET_PERSON: Final = Example(answer=_PERSON)
UPDATE_PERSON: Final = Example({"display_name": "Anna B."}, {**_PERSON, "display_name": "Anna B."})
LIST_FACES_OF_PERSON: Final = Example(answer=_page({**_FACE, "person_id": _PERSON_ID}))
ASSOCIATE_FACES: Final = Example(
    {"ids": [FACE_ID], "threshold": 75},
    {
        "associated": [FACE_ID],
        "failed": [],
        "person": {**_PERSON, "status": "active", "face_count": 1},
    },
)
DISASSOCIATE_FACES: Final = Example({"ids": [FACE_ID]}, {"disassociated": [FACE_ID], "failed": [], "person": _PERSON})
SEARCH_PERSONS: Final = Example(
    {"image": PICTURE, "threshold": 90, "limit": 5},
    {
        "probe": _SEEN,
        "others": [],
        "candidates": [{"rank": 1, **_SCORES, "person": {**_PERSON, "status": "active", "face_count": 1}}],
        "gallery_size": 1,
        "expected_false_candidates": 1e-06,
        "engine_version": "sface-1",
        "threshold": 90.0,
        "notice": _NOTICE,
    },
)
LIST_JOBS: Final = Example(answer=_page(_job("enrol_faces", "running", done=1)))
GET_JOB: Final = Example(answer=_job("enrol_faces", "running", done=1))
CANCEL_JOB: Final = Example(answer=_job("enrol_faces", "cancelled", done=1))
GET_JOB_RESULTS: Final = Example(
    answer=_page(
        {
            "sequence": 0,
            "status": "done",
            "external_id": "beach.jpg",
            "image_id": None,
            "faces": [],
            "rejected": [],
            "search": _SEARCH,
            "review_task": None,
            "problem": None,
        }
    )
)
GET_REVIEW_RESULT: Final = Example(
    answer={
        "review_task": {**REVIEW_TASK, "status": "released", "closed_at": _TIME},
        "searches": _SEARCH["searches"],
    }
)
_EVALUATION: Final[dict[str, Any]] = {
    "id": _JOB_ID,
    "status": "succeeded",
    "collection": "family",
    "probe_collection": None,
    "engine_version": "sface-1",
    "problem": None,
    "created_at": _TIME,
    "finished_at": _TIME,
}
LIST_EVALUATIONS: Final = Example(answer=_page(_EVALUATION))
CREATE_EVALUATION: Final = Example(
    {"collection": "family", "groups": {"anna": "women", "ben": "men"}}, _job("evaluate", "queued", done=0)
)
GET_EVALUATION: Final = Example(
    answer={
        **_EVALUATION,
        "report": {"data": {"templates": 120, "subjects": 40, "unlabelled": 0, "drawn_from": 120}},
        "plots": ["det", "calibration"],
    }
)
