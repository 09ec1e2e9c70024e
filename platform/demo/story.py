"""The demonstration, told in plain words while it happens: one function a scene, each fails loudly.

It speaks to the running server over HTTP with the demo keys, as any tenant would. Only the acts of an oversight member
and of the reviewers, who are people and have no key, go through the governance services, as their screens do.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import requests
from django.conf import settings

from common.vocabulary import CustomerCategory, Operation, StaffRole
from demo import cast
from demo.photographs import Photographs
from demo.world import Credentials, member_of
from governance import services as governance
from governance.audit.key_files import trusted_keys
from governance.audit.verification import Verification, verify_log
from governance.audit.witnessing import last_cosigned
from governance.casework import verdicts
from tenants.models import User

JOB_DEADLINE_SECONDS = 120.0
REFUSED = 403
_IN_CASE = {"Custos-Case": cast.GRAVE_CASE}
_FOR_POLICE = {"Custos-On-Behalf-Of": CustomerCategory.LAW_ENFORCEMENT.value}


class StoryFailed(Exception):
    """A scene did not go as it must."""


@dataclass(frozen=True, slots=True)
class Api:
    """A tenant's view of the server."""

    base_url: str
    token: str

    def call(self, method: str, path: str, *, expect: int, **arguments: Any) -> Any:
        """Send a request and return the JSON answer (None when empty).

        Raises:
            StoryFailed: the status is not the expected one.
        """
        headers = {"Authorization": f"Bearer {self.token}", **arguments.pop("headers", {})}
        response = requests.request(method, self.base_url + path, headers=headers, timeout=60, **arguments)
        if response.status_code != expect:
            raise StoryFailed(f"{method} {path} answered {response.status_code}, not {expect}: {response.text[:500]}")
        return response.json() if response.content else None


@dataclass(slots=True)
class Stage:
    """What the scenes share."""

    credentials: Credentials
    photographs: Photographs
    say: Callable[[str], None]
    review_id: str = ""

    def api(self, slug: str) -> Api:
        return Api(self.credentials.base_url, self.credentials.key_of(slug))


def tell(stage: Stage) -> None:
    """Play every scene in turn.

    Raises:
        StoryFailed: a scene did not go as it must.
    """
    for number, scene in enumerate(SCENES, start=1):
        stage.say(f"\n{number}. {scene.__doc__}")
        scene(stage)


def enrol_people(stage: Stage) -> None:
    """A rescue charity enrols three people from several photographs."""
    api = stage.api("rescue-charity")
    api.call("POST", "/v1/collections", expect=201, json={"name": "missing-people"})
    for photograph, person in (
        ("person_a_1", "case-A"),
        ("person_a_2", "case-A"),
        ("person_b_1", "case-B"),
        ("person_d_1", "case-C"),
    ):
        answer = api.call(
            "POST",
            "/v1/collections/missing-people/faces",
            expect=201,
            files={"image": stage.photographs.read(photograph)},
            data={"external_id": person, "max_faces": 1},
        )
        _require(len(answer["faces"]) == 1, f"one face enrolled from {photograph}")
        stage.say(f"   {photograph}: enrolled one face as {person}, id {answer['faces'][0]['id']}")


def find_a_person(stage: Stage) -> None:
    """Another photograph of the first person is searched for; what is found is masked."""
    api = stage.api("rescue-charity")
    task = _search(api, stage=stage, data={"limit": 5}, headers=_IN_CASE)
    stage.say(f"   review {task['id']} is {task['status']}; the answer says: {task['notices'][1]}")
    problem = api.call("GET", f"/v1/review-tasks/{task['id']}/result", expect=409)
    _require(problem["code"] == "review-pending", "nobody is named before the review")
    stage.say(f"   asked who it is: {problem['title']}")
    stage.review_id = task["id"]


def release_by_two(stage: Stage) -> None:
    """Two trained reviewers look at the candidates, each without knowing what the other saw."""
    api = stage.api("rescue-charity")
    path = f"/v1/review-tasks/{stage.review_id}"
    for username in cast.REVIEWERS:
        reviewer = member_of("rescue-charity", username=username, token=api.token)
        sheet = verdicts.show_sheet(reviewer, task_id=UUID(stage.review_id))
        seen = [shown.candidate.id for probe in sheet.probes for shown in probe.candidates]
        verdicts.give_verdict(
            reviewer,
            task_id=UUID(stage.review_id),
            judgements=dict.fromkeys(seen, verdicts.Judgement.RELEASE),
            reasons="Ears, chin and the mole on the left agree.",
        )
        stage.say(f"   {username} releases {len(seen)}; the review is {api.call('GET', path, expect=200)['status']}")
    answer = api.call("GET", f"{path}/result", expect=200)
    candidates = answer["searches"][0]["candidates"]
    for candidate in candidates:
        person = candidate["face"]["external_id"]
        stage.say(f"   rank {candidate['rank']}: {person}, similarity {candidate['similarity']:.1f} %, that is")
        stage.say(f"   {candidate['fmr_words']}")
    _require(bool(candidates), "at least one candidate above the threshold")
    _require({c["face"]["external_id"] for c in candidates} == {"case-A"}, "case-A and nobody else")
    expected = answer["review_task"]["expected_false_candidates"]
    stage.say(f"   gallery {answer['review_task']['gallery_size']}, expected false candidates {expected:.2g}")


def _search(api: Api, *, stage: Stage, data: dict[str, Any], headers: dict[str, str]) -> Any:
    answer = api.call(
        "POST",
        "/v1/collections/missing-people/search",
        expect=202,
        files={"image": stage.photographs.read("person_a_probe")},
        data=data,
        headers=headers,
    )
    _require(not answer["review_task"]["probes"][0]["candidates"], "nothing tells whether anybody was found")
    return answer["review_task"]


def detect_a_group(stage: Stage) -> None:
    """A group photograph is looked at."""
    answer = stage.api("photo-app").call(
        "POST", "/v1/detect", expect=200, files={"image": stage.photographs.read("group")}
    )
    size = answer["image"]
    stage.say(f"   {size['width']}x{size['height']} pixels, {len(answer['faces'])} faces:")
    for face in answer["faces"]:
        box = face["box"]
        stage.say(f"   at {box['left']:.2f},{box['top']:.2f} size {box['width']:.2f}x{box['height']:.2f}")
    _require(len(answer["faces"]) == 6, "six faces found")


def refuse_the_police(stage: Stage) -> None:
    """The police department asks the same, and is refused with the rules that forbid it."""
    api = stage.api("police")
    image = stage.photographs.read("person_a_probe")
    faces = f"/v1/collections/{cast.POLICE_COLLECTION}"
    refusals: tuple[tuple[str, str, dict[str, bytes], dict[str, int]], ...] = (
        ("detect", "/v1/detect", {"image": image}, {}),
        ("search", f"{faces}/search", {"image": image}, {"threshold": 80}),
        ("job", f"{faces}/faces:batch", {"images": image}, {}),
    )
    for name, path, files, data in refusals:
        problem = api.call("POST", path, expect=REFUSED, files=files, data=data)
        rules = {rule["id"]: rule["reason"] for rule in problem["rules"]}
        _require("MOR-001" in rules, f"{name} refused by the moratorium")
        stage.say(f"   {name}: refused by {', '.join(rules)} (decision {problem['decision_id']})")
    stage.say(f"   MOR-001 says: {rules['MOR-001']}")


def help_the_rescuers(stage: Stage) -> None:
    """The charity goes on, also when it works on behalf of the police: its exemption says so. This is reviewed, too."""
    _search(stage.api("rescue-charity"), stage=stage, data={"threshold": 99}, headers={**_IN_CASE, **_FOR_POLICE})
    stage.say("   allowed on behalf of law enforcement, at the 99 % that such searches need")


def refuse_shoplifting(stage: Stage) -> None:
    """The charity asks for the police who took two bottles of wine, and is refused: no such search is worth it."""
    problem = stage.api("rescue-charity").call(
        "POST",
        "/v1/collections/missing-people/search",
        expect=REFUSED,
        files={"image": stage.photographs.read("person_a_probe")},
        data={"threshold": 99},
        headers={"Custos-Case": cast.PETTY_CASE, **_FOR_POLICE},
    )
    rules = {rule["id"]: rule["reason"] for rule in problem["rules"]}
    _require(list(rules) == ["SEV-001"], "refused for the offence alone")
    stage.say(f"   refused by SEV-001: {rules['SEV-001']}")


def run_a_job(stage: Stage) -> None:
    """A photo app enrols many photographs as a job, and one of them is broken."""
    api = stage.api("photo-app")
    api.call("POST", "/v1/collections", expect=201, json={"name": "album"})
    names = ("person_a_1", "person_a_2", "person_b_1", "person_c_1", "person_d_1", "group")
    images = [("images", (f"{name}.jpg", stage.photographs.read(name))) for name in names]
    images.append(("images", ("broken.jpg", b"this is not a photograph")))
    job = _finished(stage, api=api, job=api.call("POST", "/v1/collections/album/faces:batch", expect=202, files=images))
    progress = job["progress"]
    stage.say(f"   {job['status']}: {progress['done']} of {progress['total']} done, {progress['failed']} failed")
    _require(job["status"] == "succeeded" and progress["failed"] == 1, "all but the broken one enrolled")


def halt_a_job(stage: Stage) -> None:
    """A moratorium begins while the identity checker's job runs."""
    api = stage.api("id-check")
    api.call("POST", "/v1/collections", expect=201, json={"name": "customers"})
    images = [("images", ("group.jpg", stage.photographs.read("group"))) for _ in range(96)]
    job = api.call("POST", "/v1/collections/customers/faces:batch", expect=202, files=images)
    job = _until(api, job=job, reached=lambda seen: seen["progress"]["done"] > 0)
    stage.say(f"   running: {job['progress']['done']} of {job['progress']['total']} photographs done")
    moratorium = governance.impose_moratorium(
        selector=governance.Selector(
            categories=[CustomerCategory.IDENTITY_VERIFICATION],
            operations=[Operation.ENROL, Operation.SEARCH, Operation.COMPARE],
        ),
        reason="Demonstration of a moratorium that begins while a job runs.",
        imposed_by=User.objects.get(username="oversight-1"),
    )
    started = time.monotonic()
    stage.say("   moratorium imposed on identity verification")
    job = _finished(stage, api=api, job=job)
    stage.say(f"   job is {job['status']} after {time.monotonic() - started:.1f} s: {job['problem']['detail'][:120]}")
    _require(job["status"] == "halted_by_policy", "the job halted by policy")
    for path in (f"/v1/jobs/{job['id']}/results", "/v1/collections/customers/faces"):
        problem = api.call("GET", path, expect=REFUSED)
        stage.say(f"   GET {path.replace(job['id'], '{id}')}: refused by {problem['rules'][0]['id']}")
    oversight = tuple(User.objects.filter(staff_role=StaffRole.OVERSIGHT).order_by("username")[:2])
    governance.lift_moratorium(moratorium, lifters=(oversight[0], oversight[1]))
    left = api.call("GET", "/v1/collections/customers/faces", expect=200)["items"]
    _require(not left, "nothing of the halted job is left")
    stage.say("   lifted by two oversight members; the collection is empty: its partial output was destroyed")


def keep_rights(stage: Stage) -> None:
    """The police may not search, but their rights stay: reading their decisions, and deleting."""
    api = stage.api("police")
    decisions = api.call("GET", "/v1/decisions?limit=50", expect=200)["items"]
    refused = [decision for decision in decisions if decision["effect"] == "deny"]
    explained = api.call("GET", f"/v1/decisions/{refused[0]['id']}", expect=200)
    stage.say(f"   {len(refused)} refusals on record; the latest: {explained['operation']}, {explained['outcome']}")
    path = f"/v1/collections/{cast.POLICE_COLLECTION}/faces/{stage.credentials.police_face_id}"
    api.call("DELETE", path, expect=204)
    stage.say("   the face enrolled before the moratorium is deleted")


def check_the_log(stage: Stage) -> None:
    """The audit log is verified as an auditor verifies it: every hash, root, signature and cosignature."""
    found = _settled_log()
    stage.say(
        f"   {found.entries} entries under {found.checkpoints} signed checkpoints, {found.cosigned} of them cosigned by"
        f" the witness; {found.unfinished} decisions without outcome"
    )
    for finding in found.findings:
        stage.say(f"   {finding}")
    _require(found.is_sound and not found.unfinished, "a sound log, every decision with one later outcome")
    _require(found.cosigned == found.entries, "the witness has cosigned it all")
    stage.say("   sound")


SCENES: tuple[Callable[[Stage], None], ...] = (
    enrol_people,
    find_a_person,
    release_by_two,
    detect_a_group,
    refuse_the_police,
    help_the_rescuers,
    refuse_shoplifting,
    run_a_job,
    halt_a_job,
    keep_rights,
    check_the_log,
)


def _require(is_so: bool, what: str) -> None:
    if not is_so:
        raise StoryFailed(f"This did not hold: {what}.")


def _until(api: Api, *, job: Any, reached: Callable[[Any], bool]) -> Any:
    deadline = time.monotonic() + JOB_DEADLINE_SECONDS
    while not reached(job):
        if time.monotonic() > deadline:
            raise StoryFailed(f"The job {job['id']} is {job['status']} after {JOB_DEADLINE_SECONDS:.0f} s.")
        time.sleep(0.1)
        job = api.call("GET", f"/v1/jobs/{job['id']}", expect=200)
    return job


def _settled_log() -> Verification:
    """Verify the log once what was still running has ended, and sequencer and witness have caught up."""
    deadline = time.monotonic() + JOB_DEADLINE_SECONDS
    origin = trusted_keys()[0].name
    while True:
        found = verify_log(witnessed=last_cosigned(settings.CUSTOS_WITNESS_URL, origin=origin))
        is_settled = not found.unfinished and not found.waiting and found.cosigned == found.entries
        if is_settled or time.monotonic() > deadline:
            return found
        time.sleep(0.5)


def _finished(stage: Stage, *, api: Api, job: Any) -> Any:
    return _until(api, job=job, reached=lambda seen: seen["status"] not in ("queued", "running"))
