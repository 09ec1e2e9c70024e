"""Every route of the platform with what each kind of caller gets: one row a method. A new route is a new row.

Columns are HTTP statuses, in the order of `CALLERS`. Rows that destroy something come last, because each caller walks
the table from top to bottom over one set of objects of its own.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from governance.catalogue import mandatory_rules
from recognition.engines.fake import face_picture

PERSON = "person-nobody-else-may-know"


@dataclass(frozen=True, slots=True)
class Objects:
    """Names and ids of one tenant's objects, as they stand in paths."""

    collection: str
    face_id: str
    job_id: str
    decision_id: str
    key_id: str = "0190d7a2-0000-7000-8000-000000000000"
    member_id: str = "0190d7a2-0000-7000-8000-000000000000"
    image_id: str = "0190d7a2-0000-7000-8000-000000000000"
    case_id: str = "0190d7a2-0000-7000-8000-000000000000"
    authorisation_id: str = "0190d7a2-0000-7000-8000-000000000000"
    grant_id: str = "0190d7a2-0000-7000-8000-000000000000"
    application_id: str = "0190d7a2-0000-7000-8000-000000000000"
    evidence_id: str = "0190d7a2-0000-7000-8000-000000000000"
    task_id: str = "0190d7a2-0000-7000-8000-000000000000"
    person: str = PERSON
    entry_id: str = "0190d7a2-0000-7000-8000-000000000000"
    receipt: str = ""
    level: str = "0"
    tile: str = "0"
    complaint_id: str = "0190d7a2-0000-7000-8000-000000000000"
    certificate_id: str = "0190d7a2-0000-7000-8000-000000000000"
    evaluation_id: str = "0190d7a2-0000-7000-8000-000000000000"
    bucket_id: str = "0190d7a2-0000-7000-8000-000000000000"

    def in_path(self, path: str) -> str:
        return path.format(**{field.name: getattr(self, field.name) for field in fields(self)})


Body = Callable[[Objects], dict[str, Any]]


def _image() -> dict[str, str]:
    return {"bytes": base64.b64encode(face_picture(1)).decode()}


def image_by_id(objects: Objects) -> dict[str, Any]:
    return {"image": {"image_id": objects.image_id}}


def images_by_id(objects: Objects) -> dict[str, Any]:
    return {"images": [{"image_id": objects.image_id}]}


def nothing(_: Objects) -> dict[str, Any]:
    return {}


def image(_: Objects) -> dict[str, Any]:
    return {"image": _image()}


def images(_: Objects) -> dict[str, Any]:
    return {"images": [_image()]}


def two_images(_: Objects) -> dict[str, Any]:
    return {"source": _image(), "target": _image()}


def new_collection(_: Objects) -> dict[str, Any]:
    return {"name": "a-new-one"}


def description(_: Objects) -> dict[str, Any]:
    return {"description": "another"}


def probe_by_id(objects: Objects) -> dict[str, Any]:
    return {"face_id": objects.face_id}


def probe_by_person(objects: Objects) -> dict[str, Any]:
    return {"person_id": objects.person}


def new_person(_: Objects) -> dict[str, Any]:
    return {"person_id": "ben-2001"}


def display_name(_: Objects) -> dict[str, Any]:
    return {"display_name": "another"}


def confirmation(_: Objects) -> dict[str, Any]:
    return {"confirm": "a-slug"}


def new_defaults(_: Objects) -> dict[str, Any]:
    return {"default_purpose": "photo_organisation"}


def same_engine(_: Objects) -> dict[str, Any]:
    return {"engine": "fake"}


def new_evaluation(objects: Objects) -> dict[str, Any]:
    return {"collection": objects.collection}


def new_key(_: Objects) -> dict[str, Any]:
    return {"name": "another", "scopes": ["detect"], "purposes": ["photo_organisation"]}


def new_bucket(_: Objects) -> dict[str, Any]:
    return {
        "name": "pictures",
        "endpoint": "https://objects.example.test",
        "region": "eu-west-1",
        "access_key_id": "AK",
        "secret_access_key": "secret",
    }


def new_role(_: Objects) -> dict[str, Any]:
    return {"role": "developer"}


def new_member(_: Objects) -> dict[str, Any]:
    return {"email": "somebody@example.test", "role": "viewer"}


def complaint(_: Objects) -> dict[str, Any]:
    return {"kind": "correction", "text": "That is not me.", "contact": "somebody@example.test"}


def verdict_of_complaint(_: Objects) -> dict[str, Any]:
    return {"outcome": "upheld", "answer": "It is corrected."}


def new_case(_: Objects) -> dict[str, Any]:
    return {
        "reference": "2026-0042",
        "purpose": "photo_organisation",
        "offence_class": "serious",
        "rationale": "Somebody was last seen near the station.",
    }


def erasure(_: Objects) -> dict[str, Any]:
    return {"reason": "case-ended"}


def warrant(_: Objects) -> dict[str, Any]:
    return {
        "kind": "warrant",
        "authority": "District Court of Springfield",
        **ratification(_),
        "operations": ["search"],
        "valid_from": "2026-01-01T00:00:00Z",
        "valid_until": "2026-12-31T00:00:00Z",
    }


def ratification(_: Objects) -> dict[str, Any]:
    return {"document_reference": "26-SW-00418", "document_digest": "0" * 64}


def emergency(_: Objects) -> dict[str, Any]:
    return {
        "reason": "Somebody is held, and lives depend on minutes.",
        "operations": ["search"],
        "end_user": "consumer_software",
        "jurisdiction": "US",
        "hours": 1,
    }


def statements(_: Objects) -> dict[str, Any]:
    return {"legal_name": "Photo e. V.", "purposes": ["photo_organisation"]}


def document(_: Objects) -> dict[str, Any]:
    return {"title": "Register", "bytes": base64.b64encode(b"%PDF-1.7 register").decode()}


def appeal(_: Objects) -> dict[str, Any]:
    return {"reason": "We disagree."}


def receipt(objects: Objects) -> dict[str, Any]:
    return {"receipt": objects.receipt}


def face_ids(objects: Objects) -> dict[str, Any]:
    return {"ids": [objects.face_id]}


def person(objects: Objects) -> dict[str, Any]:
    return {"subject": "nobody"}


def supposition(objects: Objects) -> dict[str, Any]:
    return {"operation": "search", "threshold": 90}


def candidate(objects: Objects) -> dict[str, Any]:
    return {"rules": mandatory_rules(), "days": 1}


def disclosure(objects: Objects) -> dict[str, Any]:
    """A period that ended before there was an approval: only who may file learns that it will not do."""
    return {"period_until": "2020-01-01T00:00:00Z", "statement": "Nothing."}


@dataclass(frozen=True, slots=True)
class Row:
    """One method of one path.

    Attributes:
        allowed: an approved key.
        stopped: a police department's key under a moratorium.
        unvetted: a key of a tenant without an approval.
        suspended: a key of a suspended tenant.
        other: an approved key of another tenant, with the ids of the first one.
        anonymous: no key.
    """

    method: str
    path: str
    body: Body
    allowed: int
    stopped: int
    unvetted: int
    suspended: int
    other: int
    anonymous: int

    def __str__(self) -> str:
        return f"{self.method} {self.path} ({self.body.__name__})"


CALLERS = ("allowed", "stopped", "unvetted", "suspended", "other", "anonymous")

_COLLECTION = "/v1/collections/{collection}"
_FACE = f"{_COLLECTION}/faces/{{face_id}}"
_PERSON = f"{_COLLECTION}/persons/{{person}}"
_IMAGE = "/v1/images/{image_id}"
_DECISION = "/v1/decisions/{decision_id}"
_KEY = "/v1/keys/{key_id}"
_MEMBER = "/v1/members/{member_id}"

# fmt: off
_USES = (
    #   method    path                           body            allowed stopped unvetted suspended other anonymous
    # public
    Row("GET",    "/",                           nothing,        200, 200, 200, 200, 200, 200),
    # AWS SDKs, which sign their calls; a bearer key is no signature (tests/rekognition)
    Row("POST",   "/",                           nothing,        400, 400, 400, 400, 400, 400),
    Row("GET",    "/health/live",                nothing,        200, 200, 200, 200, 200, 200),
    Row("GET",    "/health/ready",               nothing,        200, 200, 200, 200, 200, 200),
    # for scrapers that have the operator's token (tests/common/test_metrics.py)
    Row("GET",    "/metrics",                    nothing,        404, 404, 404, 404, 404, 404),
    Row("GET",    "/v1/schema/",                 nothing,        200, 200, 200, 200, 200, 200),
    Row("GET",    "/v1/docs/",                   nothing,        200, 200, 200, 200, 200, 200),
    # governed
    Row("POST",   "/v1/detect",                  image,          200, 403, 403, 403, 200, 401),
    Row("POST",   "/v1/compare",                 two_images,     200, 403, 403, 403, 200, 401),
    Row("GET",    "/v1/collections",             nothing,        200, 403, 403, 403, 200, 401),
    Row("POST",   "/v1/collections",             new_collection, 201, 403, 403, 403, 201, 401),
    Row("GET",    _COLLECTION,                   nothing,        200, 403, 403, 403, 404, 401),
    Row("PATCH",  _COLLECTION,                   description,    200, 403, 403, 403, 404, 401),
    Row("GET",    f"{_COLLECTION}/faces",        nothing,        200, 403, 403, 403, 404, 401),
    Row("POST",   f"{_COLLECTION}/faces",        image,          201, 403, 403, 403, 404, 401),
    Row("POST",   f"{_COLLECTION}/faces:batch",  images,         202, 403, 403, 403, 404, 401),
    Row("GET",    _FACE,                         nothing,        200, 403, 403, 403, 404, 401),
    Row("POST",   f"{_COLLECTION}/consents",     person,         201, 403, 403, 403, 404, 401),
    Row("POST",   f"{_COLLECTION}/consents:report", person,      200, 403, 403, 403, 404, 401),
    # It has this engine already, and so never moved.
    Row("POST",   f"{_COLLECTION}/engine-move",  same_engine,    409, 403, 403, 403, 404, 401),
    Row("GET",    f"{_COLLECTION}/engine-move",  nothing,        404, 403, 403, 403, 404, 401),
    Row("GET",    f"{_COLLECTION}/engine-move/unmoved", nothing, 404, 403, 403, 403, 404, 401),
    Row("POST",   f"{_COLLECTION}/engine-move:fill", nothing,    404, 404, 404, 404, 404, 401),
    Row("POST",   f"{_COLLECTION}/engine-move:switch", nothing,  404, 404, 404, 404, 404, 401),
    Row("POST",   f"{_COLLECTION}/engine-move:roll-back", nothing, 404, 404, 404, 404, 404, 401),
    Row("POST",   f"{_COLLECTION}/engine-move:end", nothing,     404, 404, 404, 404, 404, 401),
    Row("POST",   f"{_COLLECTION}/search",       image,          200, 403, 403, 403, 404, 401),
    Row("POST",   f"{_COLLECTION}/search",       probe_by_id,    200, 403, 403, 403, 404, 401),
    Row("POST",   f"{_COLLECTION}/search:batch", images,         202, 403, 403, 403, 404, 401),
    Row("POST",   f"{_COLLECTION}/search",       probe_by_person, 200, 403, 403, 403, 404, 401),
    Row("GET",    f"{_COLLECTION}/persons",      nothing,        200, 403, 403, 403, 404, 401),
    Row("POST",   f"{_COLLECTION}/persons",      new_person,     201, 403, 403, 403, 404, 401),
    Row("POST",   f"{_COLLECTION}/persons:search", image,        200, 403, 403, 403, 404, 401),
    Row("POST",   f"{_COLLECTION}/persons:search", probe_by_id,  200, 403, 403, 403, 404, 401),
    Row("POST",   f"{_COLLECTION}/persons:search", probe_by_person, 200, 403, 403, 403, 404, 401),
    Row("GET",    _PERSON,                       nothing,        200, 403, 403, 403, 404, 401),
    Row("PATCH",  _PERSON,                       display_name,   200, 403, 403, 403, 404, 401),
    Row("GET",    f"{_PERSON}/faces",            nothing,        200, 403, 403, 403, 404, 401),
    Row("POST",   f"{_PERSON}/faces",            face_ids,       200, 403, 403, 403, 404, 401),
    Row("GET",    _IMAGE,                        nothing,        200, 403, 403, 403, 404, 401),
    Row("GET",    f"{_IMAGE}/content",           nothing,        200, 403, 403, 403, 404, 401),
    Row("POST",   "/v1/detect",                  image_by_id,    200, 403, 403, 403, 404, 401),
    Row("POST",   f"{_COLLECTION}/faces:batch",  images_by_id,   202, 403, 403, 403, 404, 401),
    Row("GET",    "/v1/usage",                   nothing,        200, 403, 403, 403, 200, 401),
    Row("GET",    "/v1/jobs",                    nothing,        200, 403, 403, 403, 200, 401),
    Row("GET",    "/v1/jobs/{job_id}",           nothing,        200, 403, 403, 403, 404, 401),
    Row("GET",    "/v1/jobs/{job_id}/results",   nothing,        200, 403, 403, 403, 404, 401),
    Row("GET",    "/v1/disclosures",             nothing,        200, 403, 403, 403, 200, 401),
    Row("POST",   "/v1/disclosures",             disclosure,     400, 403, 403, 403, 400, 401),
    Row("GET",    "/v1/cases/{case_id}/disclosure", nothing,     200, 403, 403, 403, 404, 401),
    Row("GET",    "/v1/review-tasks",            nothing,        200, 403, 403, 403, 200, 401),
    Row("GET",    "/v1/review-tasks/{task_id}",  nothing,        200, 403, 403, 403, 404, 401),
    Row("GET",    "/v1/review-tasks/{task_id}/result", nothing,  409, 403, 403, 403, 404, 401),
    Row("GET",    "/v1/evaluations",             nothing,        200, 403, 403, 403, 200, 401),
    Row("POST",   "/v1/evaluations",             new_evaluation, 202, 403, 403, 403, 404, 401),
    # An investigator has none: an evaluation counts as identification, and cannot mask.
    Row("GET",    "/v1/evaluations/{evaluation_id}", nothing,    200, 404, 403, 403, 404, 401),
    # rights, which nothing takes away
    Row("GET",    "/v1/decisions",               nothing,        200, 200, 200, 200, 200, 401),
    Row("GET",    _DECISION,                     nothing,        200, 200, 200, 200, 404, 401),
    Row("GET",    "/v1/audit/entries/{entry_id}", nothing,       200, 200, 200, 200, 404, 401),
    Row("GET",    "/v1/audit/export",            nothing,        200, 200, 200, 200, 200, 401),
    Row("GET",    "/v1/purges",                  nothing,        200, 200, 200, 200, 200, 401),
    Row("GET",    "/v1/purges/{certificate_id}", nothing,        200, 200, 200, 200, 404, 401),
    Row("POST",   "/v1/policy/what-if",          supposition,    200, 200, 200, 200, 200, 401),
    Row("POST",   "/v1/policy/simulate",         candidate,      200, 200, 200, 200, 200, 401),
    # destroying
    Row("POST",   f"{_COLLECTION}/consents:withdraw", person,    200, 200, 200, 200, 404, 401),
    Row("POST",   "/v1/jobs/{job_id}:cancel",    nothing,        200, 403, 403, 403, 404, 401),
    Row("POST",   f"{_PERSON}/faces:remove",     face_ids,       200, 200, 200, 200, 404, 401),
    Row("DELETE", _PERSON,                       nothing,        204, 204, 204, 204, 404, 401),
    Row("DELETE", _FACE,                         nothing,        204, 204, 204, 204, 404, 401),
    Row("POST",   f"{_COLLECTION}/faces:delete", face_ids,       200, 200, 200, 200, 404, 401),
    Row("DELETE", _IMAGE,                        nothing,        204, 204, 204, 204, 404, 401),
    Row("POST",   f"{_COLLECTION}:purpose-met",  nothing,        200, 200, 200, 200, 404, 401),
    Row("DELETE", _COLLECTION,                   nothing,        204, 204, 204, 204, 404, 401),
)

# Managing keys, members and buckets is no use of faces and does not pass the gate: an unvetted tenant may, a suspended
# one only looks and ends. (The police's key is for another purpose, so it issues no key for this one.)
PEOPLE = (
    Row("GET",    "/v1/keys",                    nothing,        200, 200, 200, 200, 200, 401),
    Row("POST",   "/v1/keys",                    new_key,        201, 403, 201, 403, 201, 401),
    Row("GET",    _KEY,                          nothing,        200, 200, 200, 200, 404, 401),
    Row("POST",   f"{_KEY}:rotate",              nothing,        201, 201, 201, 403, 404, 401),
    Row("GET",    "/v1/members",                 nothing,        200, 200, 200, 200, 200, 401),
    Row("POST",   "/v1/members:invite",          new_member,     201, 201, 201, 403, 201, 401),
    Row("PATCH",  _MEMBER,                       new_role,       200, 200, 200, 403, 404, 401),
    Row("DELETE", _MEMBER,                       nothing,        204, 204, 204, 204, 404, 401),
    Row("GET",    "/v1/buckets",                 nothing,        200, 200, 200, 200, 200, 401),
    Row("POST",   "/v1/buckets",                 new_bucket,     201, 201, 201, 403, 201, 401),
    Row("DELETE", "/v1/buckets/{bucket_id}",     nothing,        204, 204, 204, 204, 404, 401),
    Row("DELETE", _KEY,                          nothing,        204, 204, 204, 204, 404, 401),
)
# Nor do cases: they allow nothing by themselves.
_CASE = "/v1/cases/{case_id}"
CASES = (
    Row("GET",    "/v1/cases",                   nothing,        200, 200, 200, 200, 200, 401),
    Row("POST",   "/v1/cases",                   new_case,       201, 201, 201, 403, 201, 401),
    Row("GET",    _CASE,                         nothing,        200, 200, 200, 200, 404, 401),
    Row("POST",   f"{_CASE}/authorisations",     warrant,        201, 201, 201, 403, 404, 401),
    Row("POST",   f"{_CASE}/authorisations/{{authorisation_id}}:revoke", nothing, 200, 200, 200, 403, 404, 401),
    Row("POST",   f"{_CASE}:close",              nothing,        200, 200, 200, 403, 404, 401),
)
# Leaving is for owners, emergencies for case workers, and ratifying and confirming for a second person. They sign in;
# no key may, whatever the state of its tenant.
IN_PERSON = (
    Row("POST",   f"{_CASE}/authorisations/{{authorisation_id}}:ratify", ratification, 403, 403, 403, 403, 403, 401),
    Row("POST",   f"{_CASE}/kept-probes:erase",  erasure,        403, 403, 403, 403, 403, 401),
    Row("POST",   f"{_CASE}/break-glass",        emergency,      403, 403, 403, 403, 403, 401),
    Row("POST",   f"{_CASE}/break-glass/{{grant_id}}:confirm", nothing, 403, 403, 403, 403, 403, 401),
    Row("POST",   f"{_CASE}/break-glass/{{grant_id}}:close", nothing, 403, 403, 403, 403, 403, 401),
    Row("GET",    "/v1/organisation",            nothing,        200, 200, 200, 200, 200, 401),
    Row("PATCH",  "/v1/organisation",            new_defaults,   403, 403, 403, 403, 403, 401),
    Row("POST",   "/v1/organisation:delete",     confirmation,   403, 403, 403, 403, 403, 401),
    Row("POST",   "/v1/organisation:keep",       nothing,        403, 403, 403, 403, 403, 401),
)

# Asking to be vetted is no use of faces either: who is unvetted must be able to, and so may a suspended organisation.
_APPLICATION = "/v1/applications/{application_id}"
VETTING = (
    Row("GET",    "/v1/applications",            nothing,        200, 200, 200, 200, 200, 401),
    Row("POST",   "/v1/applications",            nothing,        409, 409, 409, 409, 201, 401),
    Row("GET",    _APPLICATION,                  nothing,        200, 200, 200, 200, 404, 401),
    Row("PATCH",  _APPLICATION,                  statements,     200, 200, 200, 200, 404, 401),
    Row("POST",   f"{_APPLICATION}/evidence",    document,       201, 201, 201, 201, 404, 401),
    Row("DELETE", f"{_APPLICATION}/evidence/{{evidence_id}}", nothing, 204, 204, 204, 204, 404, 401),
    Row("POST",   f"{_APPLICATION}:submit",      nothing,        200, 200, 200, 200, 404, 401),
    Row("POST",   f"{_APPLICATION}:appeal",      appeal,         409, 409, 409, 409, 404, 401),
)

# Nor are complaints: a right of people, which nothing takes away.
_COMPLAINT = "/v1/complaints/{complaint_id}"
COMPLAINTS = (
    Row("GET",    "/v1/complaints",              nothing,        200, 200, 200, 200, 200, 401),
    Row("POST",   "/v1/complaints",              complaint,      201, 201, 201, 201, 201, 401),
    Row("GET",    _COMPLAINT,                    nothing,        200, 200, 200, 200, 404, 401),
    Row("POST",   f"{_COMPLAINT}:acknowledge",   nothing,        200, 200, 200, 200, 404, 401),
    Row("POST",   f"{_COMPLAINT}:answer",        verdict_of_complaint, 200, 200, 200, 200, 404, 401),
)

# The tree of the log is hashes, the same for everybody; an entry's own proof and receipt hold no more.
LOG = (
    Row("GET",    "/v1/audit/checkpoint",        nothing,        200, 200, 200, 200, 200, 401),
    Row("GET",    "/v1/audit/tile/{level}/{tile}", nothing,      200, 200, 200, 200, 200, 401),
    Row("GET",    "/v1/audit/consistency",       nothing,        200, 200, 200, 200, 200, 401),
    Row("GET",    "/v1/audit/entries/{entry_id}/proof", nothing, 200, 200, 200, 200, 404, 401),
    Row("POST",   "/v1/audit/receipts:check",    receipt,        200, 200, 200, 200, 200, 401),
)
# fmt: on
UNGOVERNED = (*CASES, *COMPLAINTS, *VETTING, *LOG, *IN_PERSON, *PEOPLE)
ROWS = (*_USES, *UNGOVERNED)

# The administration is Django's own; `test_permission_matrix` walks its pages without knowing them.
ADMINISTRATION = "/admin/"
# So are the account pages of allauth; `test_permission_matrix` walks those too.
ACCOUNTS = "/accounts/"
# The members' pages have a list of their own, which is as complete: `tests/dashboard/test_every_page.py`.
_SECTIONS = (
    "overview applications collections detect liveness compare usage jobs cases reviews training evaluations decisions"
    " keys purges complaints complain disclosures transparency buckets members organisations invitations"
)
PAGES = tuple(f"/{name}" for name in _SECTIONS.split())
OF_OTHERS = (ADMINISTRATION, ACCOUNTS, *PAGES)


def resolver_routes(
    patterns: list[URLPattern | URLResolver] | None = None, prefix: str = "/"
) -> Iterator[tuple[str, URLPattern]]:
    """Return every path of the resolver, its parameters written as `{name}`, with its pattern."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from resolver_routes(pattern.url_patterns, path)
        else:
            yield re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", path), pattern


def methods_of(pattern: URLPattern) -> set[str]:
    """Return the methods that a view answers; a plain function is taken for a page."""
    view = getattr(pattern.callback, "view_class", None) or getattr(pattern.callback, "cls", None)
    if view is None:
        return {"GET"}
    return {name.upper() for name in view.http_method_names if hasattr(view, name)} - {"OPTIONS", "HEAD"}
