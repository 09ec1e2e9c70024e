"""The pages in a real browser: accessible, within the screen, obedient to their content policy, asking nobody else."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect
from pytest_django.fixtures import Settings

from common.vocabulary import CustomerCategory, Operation
from governance import services as governance
from governance.vetting import applications
from recognition import dispatch
from recognition.engines.fake import face_picture
from recognition.services import collections, enrolment, persons
from recognition.services.enrolment import Submission
from tests.e2e.browser import server
from tests.people import PASSWORD, make_member, make_staff, one_time_code, owner_of
from tests.recognition.conftest import Outbox, outbox
from tests.worlds import MoratoriumFactory, Player, PlayerFactory
from traffic import metering

__all__ = ["outbox"]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

GALLERY = "family"
SCHEMES = ("light", "dark")
WIDTHS = (360, 1400)
SCREENS = list(zip(SCHEMES, WIDTHS, strict=True))
_AXE = Axe()
_NO_TRANSITION = """for (const each of document.getAnimations()) if (each instanceof CSSTransition) each.finish()"""


@dataclass  # no slots: playwright keeps its wrappers of our methods on the object
class Visit:
    """One browser window, and what went wrong in it."""

    page: Page
    url: str
    troubles: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self._heard)
        self.page.on("request", self._asked)
        self.page.on("pageerror", lambda error: self.troubles.append(f"{self.page.url}: {error}"))

    def _heard(self, message: ConsoleMessage) -> None:
        # The browser reports every 4xx that a page is; those are asked for here.
        if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
            self.troubles.append(f"{self.page.url}: {message.text}")

    def _asked(self, request: Request) -> None:
        if not request.url.startswith((self.url, "data:", "blob:")):
            self.troubles.append(f"{self.page.url} asks {request.url}")

    def go(self, path: str) -> None:
        self.page.goto(self.url + path)

    def sign_in(self, username: str) -> None:
        self.go("/accounts/login/")
        self.page.get_by_label("Username").fill(username)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Sign in").click()
        expect(self.page.get_by_role("heading", name="Overview")).to_be_visible()

    def look(self) -> None:
        """Note what is not accessible, or wider than the screen."""
        width = self.page.viewport_size["width"] if self.page.viewport_size else 0
        if (needed := self.page.evaluate("document.documentElement.scrollWidth")) > width:
            self.troubles.append(f"{self.page.url} is {needed} px wide on a screen of {width} px")
        for violation in _AXE.run(self.page).response["violations"]:
            where = [node["target"] for node in violation["nodes"]]
            self.troubles.append(f"{self.page.url}: {violation['id']}: {violation['help']}: {where}")

    def look_by_day_and_night(self) -> None:
        """Look at the page in both colour schemes; what is loaded is the same."""
        for scheme in SCHEMES:
            self.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            self.page.evaluate(_NO_TRANSITION)
            self.look()


@dataclass(frozen=True, slots=True)
class Cast:
    """Who is in the story, made before the browser starts; the officer with the secret of its one-time codes."""

    member: str
    refused: str
    job_id: str
    face_id: str
    application_id: str
    picture: Path
    officer: tuple[str, str]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, settings: Settings) -> Path:
    settings.CUSTOS_HOME = tmp_path
    settings.ALLOWED_HOSTS = ["127.0.0.1"]
    return tmp_path


@pytest.fixture
def cast(alice: Player, make_player: PlayerFactory, impose: MoratoriumFactory, tmp_path: Path) -> Cast:
    collections.create_collection(GALLERY, actor=alice.actor, description="Photographs of the whole family")
    for number, name in ((1, "anna"), (2, "bert")):
        enrolment.enrol_image(face_picture(number), collection_name=GALLERY, actor=alice.actor, external_id=name)
    persons.create_person("anna", collection_name=GALLERY, actor=alice.actor, display_name="Anna")
    known = enrolment.enrol_image(face_picture(1, variant=3), collection_name=GALLERY, actor=alice.actor, person="anna")
    metering.count(alice.actor, operation="get_collection", status=200, images=0)
    submissions = [Submission(face_picture(number), f"image-{number}") for number in (50, 51)]
    job = enrolment.submit_job(submissions, collection_name=GALLERY, actor=alice.actor)
    police = make_player(CustomerCategory.LAW_ENFORCEMENT)
    collections.create_collection("bookings", actor=police.actor)
    impose(selector=governance.Selector(categories=[CustomerCategory.LAW_ENFORCEMENT], operations=[Operation.SEARCH]))
    picture = tmp_path / "picture.png"
    picture.write_bytes(face_picture(1, others=(2,), variant=1))
    officer, secret = make_staff()
    return Cast(
        member=make_member(alice).username,
        refused=make_member(police).username,
        job_id=str(job.id),
        face_id=str(known.face_ids[0]),
        application_id=str(applications.begin_application(owner_of(alice)).id),
        picture=picture,
        officer=(officer.username, secret),
    )


@pytest.fixture
def url(cast: Cast) -> Iterator[str]:
    with server() as address:
        yield address


@pytest.mark.parametrize("width", WIDTHS)
def test_every_page_is_accessible_and_keeps_to_itself(cast: Cast, url: str, browser: Browser, width: int) -> None:
    page = browser.new_context(viewport={"width": width, "height": 800}).new_page()
    visit = Visit(page, url)
    for path in ("/", "/accounts/login/", "/accounts/password/reset/", "/nothing-here"):
        visit.go(path)
        visit.look_by_day_and_night()

    visit.sign_in(cast.member)
    for path in (
        "/overview",
        "/collections",
        f"/collections/{GALLERY}/",
        f"/collections/{GALLERY}/delete",
        f"/collections/{GALLERY}/enrol",
        f"/collections/{GALLERY}/search",
        f"/collections/{GALLERY}/persons",
        f"/collections/{GALLERY}/persons/anna/",
        f"/collections/{GALLERY}/persons/anna/enrol",
        f"/collections/{GALLERY}/persons/anna/delete",
        f"/collections/{GALLERY}/persons:search",
        f"/collections/{GALLERY}/faces/{cast.face_id}/person",
        "/detect",
        "/liveness",
        "/compare",
        "/usage",
        "/jobs",
        f"/jobs/{cast.job_id}/",
        f"/jobs/{cast.job_id}/results",
        "/decisions",
        "/decisions?show=all",
        "/complain",
        "/transparency",
        "/complaints",
        "/disclosures",
        "/purges",
        f"/collections/{GALLERY}/consents",
        f"/collections/{GALLERY}/purpose-met",
        "/applications",
        f"/applications/{cast.application_id}/",
        "/keys",
        "/keys/new",
        "/buckets",
        "/members",
        "/organisations",
        "/accounts/2fa/",
        "/accounts/password/change/",
    ):
        visit.go(path)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        visit.look_by_day_and_night()
    visit.go("/collections")
    page.get_by_label("Name").fill("two words")
    page.get_by_role("button", name="Create the collection").click()
    expect(page.get_by_label("Name")).to_have_attribute("aria-invalid", "true")
    visit.look_by_day_and_night()

    assert visit.troubles == []


@pytest.mark.parametrize(("scheme", "width"), SCREENS)
def test_a_search_shows_outlines_and_candidates_that_point_at_each_other(
    cast: Cast, url: str, browser: Browser, scheme: str, width: int
) -> None:
    page = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 800}).new_page()  # type: ignore[arg-type]
    visit = Visit(page, url)
    visit.sign_in(cast.member)
    visit.go(f"/collections/{GALLERY}/search")

    page.get_by_label("Picture", exact=True).set_input_files(cast.picture)
    preview = page.get_by_role("img", name="Preview of the chosen picture")
    expect(preview).to_have_attribute("src", re.compile("^blob:"))
    page.get_by_label("Search for every face").check()
    page.get_by_role("button", name=f"Search {GALLERY}").click()

    expect(page.get_by_text("An investigative lead, not an identification")).to_be_visible()
    expect(page.locator("ol.candidates").first).to_contain_text("anna")
    # The picture is really shown: the policy lets it load, and the outlines lie on it.
    assert page.locator(".picture img").evaluate("image => image.naturalWidth") > 0
    image, outline = page.locator(".picture img").bounding_box(), page.locator(".picture rect").first.bounding_box()
    assert image is not None and outline is not None
    assert image["x"] <= outline["x"] and outline["x"] + outline["width"] <= image["x"] + image["width"]
    page.get_by_role("link", name="Face 2", exact=True).hover()
    expect(page.locator("#probe-2")).to_have_class(re.compile("marked"))
    page.get_by_role("link", name="Face 2", exact=True).click()
    expect(page.locator("#probe-2:target")).to_be_in_viewport()
    visit.look()
    assert visit.troubles == []


@pytest.mark.parametrize(("scheme", "width"), SCREENS)
def test_pictures_are_looked_at_compared_and_searched_for_among_persons(
    cast: Cast, url: str, browser: Browser, scheme: str, width: int
) -> None:
    page = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 800}).new_page()  # type: ignore[arg-type]
    visit = Visit(page, url)
    visit.sign_in(cast.member)

    visit.go("/detect")
    page.get_by_label("Picture", exact=True).set_input_files(cast.picture)
    page.get_by_role("button", name="Find faces").click()
    expect(page.get_by_role("heading", name="2 faces found")).to_be_visible()
    assert page.locator(".picture circle.landmark").count() == 10
    visit.look()
    visit.go("/detect")
    page.get_by_label("Picture", exact=True).set_input_files(cast.picture)
    page.get_by_label("Say what each face looks like").check()
    page.get_by_role("button", name="Find faces").click()
    expect(page.locator("ul.said").first).to_contain_text("years old")
    visit.look()

    visit.go("/compare")
    for label in ("First picture", "Second picture"):
        page.get_by_label(label).set_input_files(cast.picture)
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_role("heading", name="1 of 2 faces alike")).to_be_visible()
    expect(page.get_by_text("1 false match per").first).to_be_visible()
    visit.look()
    # Outlines stay on their picture, however tall its neighbour is.
    page.locator(".pair img").last.evaluate("image => { image.style.height = '3000px' }")
    first = page.locator(".pair .picture").first
    assert first.locator("svg").bounding_box() == first.locator("img").bounding_box()

    visit.go(f"/collections/{GALLERY}/persons:search")
    page.get_by_label("Picture", exact=True).set_input_files(cast.picture)
    page.get_by_role("button", name="Search persons").click()
    page.locator("ol.candidates").get_by_role("link", name="Anna").click()
    expect(page.get_by_role("heading", name="Anna")).to_be_visible()
    visit.look()
    assert visit.troubles == []


def test_progress_moves_by_itself_until_the_job_is_done(cast: Cast, url: str, browser: Browser, outbox: Outbox) -> None:
    page = browser.new_page()
    visit = Visit(page, url)
    visit.sign_in(cast.member)
    visit.go(f"/jobs/{cast.job_id}/")
    expect(page.get_by_text("0 of 2 pictures done")).to_be_visible()

    _work_off(outbox, job_id=cast.job_id)

    expect(page.get_by_text("2 of 2 pictures done")).to_be_visible()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(3_000)
    assert asked == [], "a job that is done is not asked about again"
    visit.look()
    assert visit.troubles == []


def _work_off(outbox: Outbox, *, job_id: str) -> None:
    """Do what a worker would with the job's messages."""
    for task, arguments, tenant_id in outbox.messages:
        if task == dispatch.RUN_ENROLMENT_BATCH and arguments[0] == job_id:
            enrolment.run_batch(uuid.UUID(job_id), first=arguments[1], tenant_id=tenant_id)


def test_a_refusal_leads_to_its_reasons(cast: Cast, url: str, browser: Browser) -> None:
    page = browser.new_page()
    visit = Visit(page, url)
    visit.sign_in(cast.refused)
    visit.go("/collections/bookings/search")

    page.get_by_label("Picture", exact=True).set_input_files(cast.picture)
    page.get_by_role("button", name="Search bookings").click()
    expect(page.get_by_role("heading", name="Refused by policy")).to_be_visible()
    visit.look()
    page.get_by_role("link", name="Why was I refused?").click()

    expect(page.get_by_role("heading", name="Why was I refused?")).to_be_visible()
    expect(page.get_by_text("Stopped by moratorium")).to_be_visible()
    page.get_by_text("Every fact it went by").click()
    expect(page.get_by_text("tenant_category")).to_be_visible()
    visit.look()
    assert visit.troubles == []


def test_the_reference_of_the_api_obeys_the_policy_too(cast: Cast, url: str, browser: Browser) -> None:
    page = browser.new_page()
    visit = Visit(page, url)

    visit.go("/v1/docs/")

    expect(page.get_by_text("/v1/collections", exact=True).first).to_be_visible()
    assert visit.troubles == []


def test_the_administration_obeys_the_policy_too(cast: Cast, url: str, browser: Browser) -> None:
    page = browser.new_page()
    visit = Visit(page, url)
    visit.go("/admin/")
    page.get_by_label("Username").fill(cast.officer[0])
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_label("Code", exact=True)).to_be_visible()
    visit.look()
    page.get_by_label("Code", exact=True).fill(one_time_code(cast.officer[1]))
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Governance")).to_be_visible()

    for path in ("tenants/tenant/", "tenants/tenant/categories/", "governance/moratorium/", "audit/decision/"):
        visit.go(f"/admin/{path}")
        expect(page.get_by_role("table").first).to_be_visible()

    assert visit.troubles == []


def test_a_page_works_without_a_script(cast: Cast, url: str, browser: Browser) -> None:
    page = browser.new_context(java_script_enabled=False).new_page()
    visit = Visit(page, url)
    visit.sign_in(cast.member)
    visit.go(f"/collections/{GALLERY}/search")

    page.get_by_label("Picture", exact=True).set_input_files(cast.picture)
    page.get_by_role("button", name=f"Search {GALLERY}").click()

    expect(page.locator("ol.candidates").first).to_contain_text("anna")
