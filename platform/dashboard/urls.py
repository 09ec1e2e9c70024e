"""Addresses of the pages."""

from django.urls import path, register_converter

from dashboard.views import (
    applications,
    cases,
    collections,
    decisions,
    emergencies,
    engine_moves,
    evaluations,
    faces,
    home,
    jobs,
    keys,
    looking,
    members,
    organisations,
    persons,
    reviews,
    rights,
    usage,
)
from recognition.api.urls import CollectionName, PersonName

app_name = "dashboard"

register_converter(CollectionName, "collection_name")
register_converter(PersonName, "person_name")

_APPLICATION = "applications/<uuid:application_id>"
_CASE = "cases/<uuid:case_id>"
_COLLECTION = "collections/<collection_name:name>"
_PERSON = f"{_COLLECTION}/persons/<person_name:person>"

urlpatterns = [
    path("", home.front, name="front"),
    path("overview", home.overview, name="overview"),
    path("collections", collections.index, name="collections"),
    path(f"{_COLLECTION}/", collections.detail, name="collection"),
    path(f"{_COLLECTION}/delete", collections.delete, name="collection-delete"),
    path(f"{_COLLECTION}/purpose-met", collections.purpose_met, name="collection-purpose-met"),
    path(f"{_COLLECTION}/engine", engine_moves.detail, name="engine"),
    path(f"{_COLLECTION}/engine/<slug:step>", engine_moves.take, name="engine-step"),
    path(f"{_COLLECTION}/enrol", faces.enrol, name="enrol"),
    path(f"{_COLLECTION}/search", faces.search, name="search"),
    path(f"{_COLLECTION}/faces/<uuid:face_id>/", faces.detail, name="face"),
    path(f"{_COLLECTION}/faces/<uuid:face_id>/delete", faces.delete, name="face-delete"),
    path(f"{_COLLECTION}/faces/<uuid:face_id>/person", persons.join, name="face-join"),
    path(f"{_COLLECTION}/persons", persons.index, name="persons"),
    path(f"{_COLLECTION}/persons:search", persons.search, name="person-search"),
    path(f"{_PERSON}/", persons.detail, name="person"),
    path(f"{_PERSON}/enrol", persons.enrol, name="person-enrol"),
    path(f"{_PERSON}/delete", persons.delete, name="person-delete"),
    path(f"{_PERSON}/faces/<uuid:face_id>/remove", persons.remove_face, name="person-face-remove"),
    path("detect", looking.detect, name="detect"),
    path("compare", looking.compare, name="compare"),
    path("usage", usage.index, name="usage"),
    path("jobs", jobs.index, name="jobs"),
    path("jobs/<uuid:job_id>/", jobs.detail, name="job"),
    path("jobs/<uuid:job_id>/results", jobs.results, name="job-results"),
    path("jobs/<uuid:job_id>/cancel", jobs.cancel, name="job-cancel"),
    path("applications", applications.index, name="applications"),
    path(f"{_APPLICATION}/", applications.detail, name="application"),
    path(f"{_APPLICATION}/appeal", applications.appeal, name="application-appeal"),
    path(
        f"{_APPLICATION}/evidence/<uuid:evidence_id>/remove",
        applications.remove_evidence,
        name="application-evidence-remove",
    ),
    path("cases", cases.index, name="cases"),
    path(f"{_CASE}/", cases.detail, name="case"),
    path(f"{_CASE}/close", cases.close, name="case-close"),
    path(f"{_CASE}/disclosure", cases.disclose, name="case-disclosure"),
    path(f"{_CASE}/authorisations/<uuid:authorisation_id>/ratify", cases.ratify, name="authorisation-ratify"),
    path(f"{_CASE}/authorisations/<uuid:authorisation_id>/revoke", cases.withdraw, name="authorisation-revoke"),
    path(f"{_CASE}/break-glass", emergencies.declare, name="break-glass"),
    path(f"{_CASE}/break-glass/<uuid:grant_id>/confirm", emergencies.confirm, name="break-glass-confirm"),
    path(f"{_CASE}/break-glass/<uuid:grant_id>/close", emergencies.close, name="break-glass-close"),
    path("purges", rights.purges, name="purges"),
    path("purges/<uuid:certificate_id>", rights.purge, name="purge"),
    path("reviews", reviews.index, name="reviews"),
    path("reviews/<uuid:task_id>/", reviews.detail, name="review"),
    path("reviews/<uuid:task_id>/judge", reviews.judge, name="review-judge"),
    path("training", reviews.trained, name="training"),
    path("training/<uuid:attestation_id>/revoke", reviews.revoke_training, name="training-revoke"),
    path("evaluations", evaluations.index, name="evaluations"),
    path("evaluations/<uuid:job_id>/", evaluations.detail, name="evaluation"),
    path("evaluations/<uuid:job_id>/card", evaluations.card, name="evaluation-card"),
    path("evaluations/<uuid:job_id>/<slug:name>.<slug:file_format>", evaluations.plot, name="evaluation-plot"),
    path("decisions", decisions.index, name="decisions"),
    path("decisions/<uuid:decision_id>", decisions.detail, name="decision"),
    path("keys", keys.index, name="keys"),
    path("keys/new", keys.create, name="key-new"),
    path("keys/<uuid:key_id>/rotate", keys.rotate, name="key-rotate"),
    path("keys/<uuid:key_id>/revoke", keys.revoke, name="key-revoke"),
    path("members", members.index, name="members"),
    path("members/defaults", members.defaults, name="member-defaults"),
    path("members/<uuid:member_id>", members.change, name="member"),
    path("members/<uuid:member_id>/remove", members.remove, name="member-remove"),
    path("organisations/leave", organisations.leave, name="organisation-delete"),
    path("organisations/stay", organisations.stay, name="organisation-keep"),
    path("organisations", organisations.index, name="organisations"),
    path("organisations/<uuid:tenant_id>", organisations.choose, name="organisation"),
    path("invitations/<uuid:invitation_id>/withdraw", members.withdraw, name="invitation-withdraw"),
]
