"""What holds for every page: sign-in, nothing inline, nothing kept, few queries, tokens of forms, two tenants."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta
from html.parser import HTMLParser

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, get_resolver

from common.context import tenant_scope
from common.vocabulary import AuthorisationKind, OffenceClass, Purpose, TenantRole
from governance.audit.ledger import database_now
from governance.casework import cases, training
from governance.vetting import applications, evidence
from recognition.api.limits import BATCH_BODY_BYTES
from recognition.engines.fake import face_picture
from recognition.models import Collection, Face, Job
from recognition.services import buckets, enrolment, evaluation_runs, persons
from recognition.services.enrolment import Submission
from tenants.models import Membership
from tenants.services import invitations
from tests.api.conftest import authorise, broken, complained, published, purged, put_under_review
from tests.dashboard.conftest import GALLERY, SignIn, text_of, upload
from tests.people import make_member, owner_of
from tests.worlds import Player, World

MOST_QUERIES = 30
# The two ends of a transaction ask the database nothing.
_CONTROL = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")


@pytest.fixture
def addresses(alice: Player, gallery: Collection) -> dict[str, str]:
    """One address of every page, with rows to show on it."""
    enrolment.enrol_image(face_picture(1), collection_name=GALLERY, actor=alice.actor, external_id="anna")
    job = enrolment.submit_job([Submission(face_picture(2))], collection_name=GALLERY, actor=alice.actor)
    evaluation = evaluated(alice)
    with tenant_scope(alice.tenant.id):
        face = Face.objects.first()
    assert face is not None
    persons.create_person("anna", collection_name=GALLERY, actor=alice.actor)
    persons.associate_faces("anna", face_ids=[face.id], collection_name=GALLERY, actor=alice.actor)
    decision = alice.client.get("/v1/decisions")["Custos-Decision"]
    collection = f"/collections/{GALLERY}"
    return {
        "front": "/",
        "overview": "/overview",
        "collections": "/collections",
        "collection": f"{collection}/",
        "collection-delete": f"{collection}/delete",
        "engine": f"{collection}/engine",
        "engine-step": f"{collection}/engine/fill",
        "enrol": f"{collection}/enrol",
        "search": f"{collection}/search",
        "face": f"{collection}/faces/{face.id}/",
        "face-delete": f"{collection}/faces/{face.id}/delete",
        "face-join": f"{collection}/faces/{face.id}/person",
        "persons": f"{collection}/persons",
        "person-search": f"{collection}/persons:search",
        "person": f"{collection}/persons/anna/",
        "person-enrol": f"{collection}/persons/anna/enrol",
        "person-delete": f"{collection}/persons/anna/delete",
        "person-face-remove": f"{collection}/persons/anna/faces/{face.id}/remove",
        "detect": "/detect",
        "liveness": "/liveness",
        "compare": "/compare",
        "usage": "/usage",
        "jobs": "/jobs",
        "job": f"/jobs/{job.id}/",
        "job-results": f"/jobs/{job.id}/results",
        "job-cancel": f"/jobs/{job.id}/cancel",
        "evaluations": "/evaluations",
        "evaluation": f"/evaluations/{evaluation.id}/",
        "evaluation-card": f"/evaluations/{evaluation.id}/card",
        "evaluation-plot": f"/evaluations/{evaluation.id}/calibration.svg",
        "decisions": "/decisions?show=all",
        "decision": f"/decisions/{decision}",
        "keys": "/keys",
        "key-new": "/keys/new",
        "key-rotate": f"/keys/{alice.key_id}/rotate",
        "key-revoke": f"/keys/{alice.key_id}/revoke",
        **_of_buckets(alice),
        "members": "/members",
        "member": f"/members/{_member_of(alice)}",
        "member-defaults": "/members/defaults",
        "member-remove": f"/members/{_member_of(alice)}/remove",
        "organisations": "/organisations",
        "organisation": f"/organisations/{alice.tenant.id}",
        "organisation-delete": "/organisations/leave",
        "organisation-keep": "/organisations/stay",
        "invitation-withdraw": f"/invitations/{_invitation_of(alice)}/withdraw",
        **_of_cases(alice),
        **_of_applications(alice),
        **_of_purges(alice),
        "collection-purpose-met": f"{collection}/purpose-met",
        "consents": f"{collection}/consents",
        "disclosures": "/disclosures",
        **_of_complaints(alice),
    }


def _of_complaints(player: Player) -> dict[str, str]:
    complaint = f"/complaints/{complained(player)}"
    report = published()
    return {
        "complain": "/complain",
        "transparency": "/transparency",
        "transparency-report": f"/transparency/{report}/",
        "transparency-file": f"/transparency/{report}.json",
        "complaints": "/complaints",
        "complaint": f"{complaint}/",
        "complaint-acknowledge": f"{complaint}/acknowledge",
    }


def _of_purges(player: Player) -> dict[str, str]:
    return {"purges": "/purges", "purge": f"/purges/{purged(player)}"}


def _of_applications(player: Player) -> dict[str, str]:
    owner = owner_of(player)
    application = applications.begin_application(owner)
    document = evidence.add_evidence(owner, application_id=application.id, title="Charter", data=b"%PDF-1.7 charter")
    return {
        "applications": "/applications",
        "application": f"/applications/{application.id}/",
        "application-appeal": f"/applications/{application.id}/appeal",
        "application-evidence-remove": f"/applications/{application.id}/evidence/{document.id}/remove",
    }


def _of_cases(player: Player) -> dict[str, str]:
    case = cases.open_case(
        player.actor,
        reference="2026-0117",
        purpose=Purpose.PHOTO_ORGANISATION,
        offence_class=OffenceClass.SERIOUS,
        rationale="Somebody was last seen near the station.",
    )
    urgent = authorise(player, case_id=case.id, kind=AuthorisationKind.EXIGENT)
    authorisation = f"/cases/{case.id}/authorisations/{urgent}"
    grant_id = broken(player, case_id=case.id)
    reviewer = make_member(player, TenantRole.REVIEWER)
    attestation = training.attest(
        owner_of(player), user_id=reviewer.pk, course="Faces", expires_at=database_now() + timedelta(days=1)
    )
    task_id = put_under_review(player)
    return {
        "cases": "/cases",
        "case": f"/cases/{case.id}/",
        "case-close": f"/cases/{case.id}/close",
        "case-disclosure": f"/cases/{case.id}/disclosure",
        "case-erase": f"/cases/{case.id}/kept-probes/erase",
        "authorisation-ratify": f"{authorisation}/ratify",
        "authorisation-revoke": f"{authorisation}/revoke",
        "break-glass": f"/cases/{case.id}/break-glass",
        "break-glass-confirm": f"/cases/{case.id}/break-glass/{grant_id}/confirm",
        "break-glass-close": f"/cases/{case.id}/break-glass/{grant_id}/close",
        "reviews": "/reviews",
        "review": f"/reviews/{task_id}/",
        "review-judge": f"/reviews/{task_id}/judge",
        "training": "/training",
        "training-revoke": f"/training/{attestation.id}/revoke",
    }


def evaluated(player: Player) -> Job:
    """An evaluation of ten people with two pictures each, done."""
    people = range(101, 111)
    for person in people:
        for variant in (1, 2):
            enrolment.enrol_image(
                face_picture(person, variant=variant),
                collection_name=GALLERY,
                actor=player.actor,
                external_id=f"person-{person}",
            )
    job = evaluation_runs.submit_evaluation(
        collection_name=GALLERY, actor=player.actor, groups={f"person-{person}": "a" for person in people}
    )
    for step in range(job.total):
        evaluation_runs.run_step(job.id, step=step, tenant_id=player.tenant.id)
    return job


def _member_of(player: Player) -> uuid.UUID:
    user = make_member(player, TenantRole.VIEWER)
    with tenant_scope(player.tenant.id):
        return Membership.objects.get(user=user).id


def _invitation_of(player: Player) -> uuid.UUID:
    invitation = invitations.invite_member(
        owner_of(player), email="invited@example.test", role=TenantRole.VIEWER, link_of=lambda token: token
    )
    return invitation.id


def _of_buckets(player: Player) -> dict[str, str]:
    stated = buckets.NewBucket(
        name="pictures",
        endpoint="https://objects.example.test",
        region="eu-west-1",
        access_key_id="reader",
        secret_access_key="secret",
    )
    bucket = f"/buckets/{buckets.register_bucket(player.actor, stated=stated).id}"
    return {"buckets": "/buckets", "bucket-try": f"{bucket}/try", "bucket-remove": f"{bucket}/remove"}


# Anybody sees these.
PUBLIC = {"front", "complain", "transparency", "transparency-report", "transparency-file"}
# Whoever is signed in has these, member or not; the second refuses by itself (`test_organisations`).
_OF_PERSON = {"organisations", "organisation"}
ONLY_POST = {
    "person-face-remove",
    "organisation-keep",
    "face-delete",
    "job-cancel",
    "member",
    "member-defaults",
    "member-remove",
    "organisation",
    "invitation-withdraw",
}
ONLY_POST |= {"engine-step", "case-close", "authorisation-ratify", "authorisation-revoke", "training-revoke"}
ONLY_POST |= {"break-glass-confirm", "break-glass-close"}
ONLY_POST |= {"application-appeal", "application-evidence-remove", "complaint-acknowledge"}
# An owner does not review (`test_reviews` has who does).
REFUSED_TO_OWNERS = {"review-judge"}


class _Inline(HTMLParser):
    """Collects what the content security policy would stop."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.labelled: set[str] = set()
        self.controls: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.found += [f"{tag} {name}" for name in values if name == "style" or name.startswith("on")]
        self.found += [f"{tag} {values['src']}" for _ in [1] if (values.get("src") or "").startswith("//")]
        if tag == "style" or (tag == "script" and not values.get("src")):
            self.found.append(tag)
        if tag == "label":
            self.labelled.add(values.get("for") or "")
        if tag in ("input", "select", "textarea") and values.get("type") not in ("hidden", "submit"):
            self.controls.add(values.get("id") or "")


def test_the_list_of_addresses_is_complete(addresses: dict[str, str]) -> None:
    names = {
        pattern.name
        for resolver in get_resolver().url_patterns
        if getattr(resolver, "app_name", None) == "dashboard"
        for pattern in resolver.url_patterns
        if isinstance(pattern, URLPattern)
    }

    assert names == set(addresses)


# Pictures, and a file to keep: what stands in them is no part of a page of ours.
_FILES = {"evaluation-card", "evaluation-plot", "transparency-file"}


def test_every_page_shows_and_holds_nothing_inline(member: Client, addresses: dict[str, str]) -> None:
    for name, address in addresses.items():
        if name in ONLY_POST:
            continue
        response = member.get(address, follow=True)
        parser = _Inline()
        parser.feed(response.content.decode("utf-8", "replace"))  # one answer is a file

        assert response.status_code == (403 if name in REFUSED_TO_OWNERS else 200), name
        assert parser.found == [] or name in _FILES, name
        assert parser.controls <= parser.labelled, name


def test_every_page_has_a_strict_policy_and_is_not_kept(member: Client, addresses: dict[str, str]) -> None:
    for name, address in addresses.items():
        response = member.post(address) if name in ONLY_POST else member.get(address)

        policy = response["Content-Security-Policy"]
        assert "default-src 'none'" in policy, name
        assert "script-src 'self'" in policy, name
        assert "unsafe" not in policy, name
        if name != "front":
            assert "no-store" in response["Cache-Control"], name


def test_every_page_makes_few_queries(member: Client, addresses: dict[str, str]) -> None:
    for name, address in addresses.items():
        if name in ONLY_POST:
            continue
        with CaptureQueriesContext(connections["default"]) as captured:
            member.get(address)
        queries = [query["sql"] for query in captured if not query["sql"].startswith(_CONTROL)]

        assert 0 < len(queries) <= MOST_QUERIES or name in PUBLIC, (name, queries)


def test_a_page_with_many_rows_makes_no_more_queries(member: Client, alice: Player, gallery: Collection) -> None:
    def queries_of_the_page() -> int:
        with CaptureQueriesContext(connections["default"]) as queries:
            assert member.get(f"/collections/{GALLERY}/").status_code == 200
        return len(queries)

    enrolment.enrol_image(face_picture(1), collection_name=GALLERY, actor=alice.actor)
    few = queries_of_the_page()
    for number in range(2, 12):
        enrolment.enrol_image(face_picture(number), collection_name=GALLERY, actor=alice.actor)

    assert queries_of_the_page() == few


def test_whoever_is_not_signed_in_is_asked_to_and_comes_back(addresses: dict[str, str]) -> None:
    for name, address in addresses.items():
        if name in PUBLIC:
            continue
        response = Client().post(address) if name in ONLY_POST else Client().get(address)

        assert response.status_code == 302, name
        assert response["Location"].startswith("/accounts/login/?next=/"), name


def test_what_belongs_to_another_tenant_does_not_exist(
    world: World, addresses: dict[str, str], sign_in: SignIn
) -> None:
    stranger = sign_in(world.mallory)
    own = (
        {
            "front",
            "overview",
            "collections",
            "jobs",
            "detect",
            "liveness",
            "compare",
            "usage",
            "evaluations",
            "decisions",
            "keys",
            "key-new",
            "buckets",
            "members",
            "member-defaults",
            "organisation-delete",
            "organisation-keep",
            "collection-delete",
            "cases",
            "reviews",
            "training",
            "applications",
            "purges",
            "complaints",
            "disclosures",
        }
        | _OF_PERSON
        | PUBLIC
    )

    for name in addresses.keys() - own:
        form = {"role": "viewer", "reason": "Because."}
        response = stranger.post(addresses[name], form) if name in ONLY_POST else stranger.get(addresses[name])
        assert response.status_code == 404, name
    assert stranger.post(addresses["collection-delete"], {"name": GALLERY}).status_code == 404
    for name in own - {"collection-delete", "organisation"}:
        assert GALLERY not in stranger.get(addresses[name], follow=True).content.decode(), name


def test_every_form_needs_its_token(alice: Player, addresses: dict[str, str], sign_in: SignIn) -> None:
    client = sign_in(alice)
    client.handler.enforce_csrf_checks = True

    response = client.post("/collections", {"name": "forged"})

    assert response.status_code == 403
    assert "The form has expired" in text_of(response)
    page = client.get("/collections").content.decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
    assert token is not None
    sent = client.post("/collections", {"name": "real", "csrfmiddlewaretoken": token[1]})
    assert sent.status_code == 302


def test_a_form_that_no_page_could_send_is_refused_unread(member: Client, gallery: Collection) -> None:
    response = member.post(
        f"/collections/{GALLERY}/enrol", {"images": upload()}, CONTENT_LENGTH=str(BATCH_BODY_BYTES + 1)
    )

    assert response.status_code == 413
    assert "The request body is larger" in text_of(response)


def test_an_error_leads_back_to_the_page_that_it_came_from_and_nowhere_else(
    member: Client, gallery: Collection
) -> None:
    form = f"/collections/{GALLERY}/enrol"
    no_picture = {"max_faces": 1, "images": SimpleUploadedFile("notes.txt", b"no picture")}

    answers = [
        member.post(form, no_picture, headers={"Referer": origin}).content.decode()
        for origin in (f"http://testserver{form}", "https://elsewhere.example/enrol")
    ]

    assert "Images must be JPEG, PNG or WebP" in answers[0]
    assert [">Back</a>" in answer for answer in answers] == [True, False]


def test_an_unknown_address_is_a_page_for_people_and_a_problem_for_programs() -> None:
    page, problem = Client().get("/nothing"), Client().get("/v1/nothing")

    assert page.status_code == problem.status_code == 404
    assert page["Content-Type"].startswith("text/html")
    assert problem["Content-Type"] == "application/problem+json"


def test_a_bug_shows_the_request_id_alone(member: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(**_: object) -> None:
        raise ZeroDivisionError("the secret of the bug")

    monkeypatch.setattr("dashboard.views.jobs.jobs.list_jobs", broken)
    member.raise_request_exception = False

    response = member.get("/jobs")

    assert response.status_code == 500
    assert response["X-Request-Id"] in text_of(response)
    assert "secret" not in response.content.decode()
