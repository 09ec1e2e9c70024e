"""The seed story in a real browser: a charity's search is masked until two reviewers, each blind, release it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from pytest_django.fixtures import Settings

from common.vocabulary import CustomerCategory, OffenceClass, Operation, Purpose, TenantRole
from governance import services as governance
from governance.casework import cases
from recognition.engines.fake import face_picture
from recognition.services import collections
from tests.casework.conftest import GALLERY, Charity, attest, charity, outbox
from tests.e2e.browser import server
from tests.e2e.test_pages import SCREENS, Visit
from tests.people import make_member
from tests.worlds import MoratoriumFactory, PlayerFactory

__all__ = ["charity", "outbox"]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

GRAVE, PETTY = "BTH-2019-041", "BTH-2019-042"


@dataclass(frozen=True, slots=True)
class Cast:
    """Names of the people, made before the browser starts."""

    owner: str
    worker: str
    reviewers: tuple[str, str]
    police: str
    case_id: str
    picture: Path


@pytest.fixture(autouse=True)
def home(tmp_path: Path, settings: Settings) -> Path:
    settings.CUSTOS_HOME = tmp_path
    settings.ALLOWED_HOSTS = ["127.0.0.1"]
    return tmp_path


@pytest.fixture
def cast(charity: Charity, make_player: PlayerFactory, impose: MoratoriumFactory, tmp_path: Path) -> Cast:
    worker = make_member(charity.player, TenantRole.CASE_WORKER)
    grave, _ = (
        cases.open_case(
            charity.actor,
            reference=reference,
            purpose=Purpose.VICTIM_IDENTIFICATION,
            offence_class=offence_class,
            rationale="Minors offered online; identify and find them.",
            officers=[worker.pk],
        )
        for reference, offence_class in ((GRAVE, OffenceClass.LIFE_THREATENING), (PETTY, OffenceClass.MINOR))
    )
    reviewers = [make_member(charity.player, TenantRole.REVIEWER) for _ in range(2)]
    for reviewer in reviewers:
        attest(charity.player, reviewer)
    police = make_player(CustomerCategory.LAW_ENFORCEMENT)
    collections.create_collection("bookings", actor=police.actor)
    impose(selector=governance.Selector(categories=[CustomerCategory.LAW_ENFORCEMENT], operations=[Operation.SEARCH]))
    picture = tmp_path / "picture.png"
    picture.write_bytes(face_picture(1, variant=1))
    return Cast(
        owner=make_member(charity.player).username,
        worker=worker.username,
        reviewers=(reviewers[0].username, reviewers[1].username),
        police=make_member(police).username,
        case_id=str(grave.id),
        picture=picture,
    )


@pytest.fixture
def url(cast: Cast) -> Iterator[str]:
    with server() as address:
        yield address


def visit_as(browser: Browser, url: str, username: str, *, scheme: str = "light", width: int = 1400) -> Visit:
    context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 800})  # type: ignore[arg-type]
    visit = Visit(context.new_page(), url)
    visit.sign_in(username)
    return visit


def search_in(visit: Visit, picture: Path, *, case: str, collection: str = GALLERY, on_behalf_of: str = "") -> None:
    page = visit.page
    visit.go(f"/collections/{collection}/search")
    page.get_by_label("Picture", exact=True).set_input_files(picture)
    page.get_by_text("What it is for").click()
    page.locator("#id_case_ref").fill(case)
    if on_behalf_of:
        page.locator("#id_on_behalf_of").select_option(on_behalf_of)
        page.locator("#id_threshold").fill("99")
    page.get_by_role("button", name=f"Search {collection}").click()


def release_what_was_found(visit: Visit) -> None:
    page = visit.page
    visit.go("/reviews")
    visit.look()
    page.get_by_role("link", name="Look at what was found of").click()
    expect(page.get_by_role("img", name="The face that was searched for")).to_be_visible()
    # The policy of the page lets the sealed picture load.
    image = page.get_by_role("img", name="The face that was searched for")
    assert image.evaluate("image => image.naturalWidth") > 0
    expect(page.get_by_text("not probable cause")).to_be_visible()
    visit.look()
    page.get_by_label("Candidate 1 for face 1").select_option("release")
    page.get_by_label("Why:").fill("Ears and chin agree.")
    page.get_by_role("button", name="Give the verdict").click()
    expect(page.get_by_text("Your verdict is recorded.")).to_be_visible()


def test_a_charitys_search_is_masked_until_two_reviewers_release_it(cast: Cast, url: str, browser: Browser) -> None:
    worker = visit_as(browser, url, cast.worker)
    search_in(worker, cast.picture, case=GRAVE)
    expect(worker.page.get_by_role("heading", name="Review of a search")).to_be_visible()
    review = worker.page.url
    expect(worker.page.get_by_text("Whether anybody was found is not told")).to_be_visible()
    assert "anna" not in worker.page.content()
    worker.look()

    first = visit_as(browser, url, cast.reviewers[0])
    release_what_was_found(first)
    worker.page.goto(review)
    expect(worker.page.get_by_text("Whether anybody was found is not told")).to_be_visible()
    assert "anna" not in worker.page.content()
    first.page.goto(f"{review}judge")
    expect(first.page.get_by_text("This person has given their verdict")).to_be_visible()

    second = visit_as(browser, url, cast.reviewers[1], scheme="dark", width=360)
    release_what_was_found(second)
    worker.page.goto(review)
    expect(worker.page.locator("ol.candidates")).to_contain_text("anna")
    expect(worker.page.locator("ol.candidates")).to_contain_text("false match")
    worker.look()
    assert worker.troubles + first.troubles + second.troubles == []


def test_shoplifting_for_the_police_and_the_police_themselves_are_refused(
    cast: Cast, url: str, browser: Browser
) -> None:
    worker = visit_as(browser, url, cast.worker)
    search_in(worker, cast.picture, case=PETTY, on_behalf_of="law_enforcement")
    expect(worker.page.get_by_role("heading", name="Refused by policy")).to_be_visible()
    expect(worker.page.get_by_text("SEV-001").first).to_be_visible()

    police = visit_as(browser, url, cast.police)
    search_in(police, cast.picture, case="whatever", collection="bookings")
    expect(police.page.get_by_role("heading", name="Refused by policy")).to_be_visible()
    expect(police.page.get_by_text("MOR-001").first).to_be_visible()
    assert worker.troubles + police.troubles == []


@pytest.mark.parametrize(("scheme", "width"), SCREENS)
def test_the_pages_of_cases_are_accessible(cast: Cast, url: str, browser: Browser, scheme: str, width: int) -> None:
    visit = visit_as(browser, url, cast.owner, scheme=scheme, width=width)
    for path in ("/cases", f"/cases/{cast.case_id}/", "/training", "/reviews?show=all"):
        visit.go(path)
        expect(visit.page.get_by_role("heading", level=1)).to_be_visible()
        visit.look()
    with visit.page.expect_download() as download:
        visit.go(f"/cases/{cast.case_id}/")
        visit.page.get_by_role("button", name="Save the disclosure package").click()

    assert download.value.suggested_filename == f"disclosure-{cast.case_id}.zip"
    assert visit.troubles == []
