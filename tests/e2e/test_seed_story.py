"""The story that the platform was made for, in a real browser, from two applications to a longer moratorium.

A police department applies and is refused under the moratorium; a rescue charity is approved by two officers; its
search stays masked until two reviewers release it; its attempt on behalf of the police for shoplifting is refused; the
board extends the moratorium.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from pytest_django.fixtures import Settings

from common.vocabulary import CustomerCategory, OffenceClass, Purpose, StaffRole, TenantRole
from governance import ports
from governance import services as governance
from governance.casework import cases
from governance.models import Moratorium
from recognition.engines.fake import face_picture
from tests.casework.conftest import attest
from tests.e2e.browser import server
from tests.e2e.test_pages import Visit
from tests.e2e.test_review_story import release_what_was_found, search_in, visit_as
from tests.people import PASSWORD, make_member, make_staff, one_time_code
from tests.worlds import Player, PlayerFactory, Staff, current_engine_versions

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

GRAVE, PETTY = "BTH-2019-041", "BTH-2019-042"
REASON = "So that legislators have time to put rules in place."
NGO, POLICE = CustomerCategory.VICTIM_RESCUE_NGO, CustomerCategory.LAW_ENFORCEMENT
GALLERY = "missing"


@dataclass(frozen=True, slots=True)
class Cast:
    """Everybody, made before the browser starts; nobody is approved. Staff with the secrets of their codes."""

    charity: Player
    owner: str
    worker: str
    reviewers: tuple[str, str]
    chief: str
    officers: tuple[tuple[str, str], tuple[str, str]]
    board: tuple[str, str]
    picture: Path


@pytest.fixture(autouse=True)
def home(tmp_path: Path, settings: Settings) -> Path:
    settings.CUSTOS_HOME = tmp_path
    settings.ALLOWED_HOSTS = ["127.0.0.1"]
    return tmp_path


@pytest.fixture
def cast(make_player: PlayerFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cast:
    monkeypatch.setattr(ports, "_offered_versions", current_engine_versions)
    charity, police = make_player(NGO, approved=False, end_users=(NGO, POLICE)), make_player(POLICE, approved=False)
    worker = make_member(charity, TenantRole.CASE_WORKER)
    for reference, offence_class in ((GRAVE, OffenceClass.LIFE_THREATENING), (PETTY, OffenceClass.MINOR)):
        cases.open_case(
            charity.actor,
            reference=reference,
            purpose=Purpose.VICTIM_IDENTIFICATION,
            offence_class=offence_class,
            rationale="Minors offered online; identify and find them.",
            officers=[worker.pk],
        )
    reviewers = [make_member(charity, TenantRole.REVIEWER) for _ in range(2)]
    for reviewer in reviewers:
        attest(charity, reviewer)
    officers = [make_staff(), make_staff()]
    board, secret = make_staff(StaffRole.OVERSIGHT)
    picture = tmp_path / "picture.png"
    picture.write_bytes(face_picture(1, variant=1))
    return Cast(
        charity=charity,
        owner=make_member(charity).username,
        worker=worker.username,
        reviewers=(reviewers[0].username, reviewers[1].username),
        chief=make_member(police).username,
        officers=((officers[0][0].username, officers[0][1]), (officers[1][0].username, officers[1][1])),
        board=(board.username, secret),
        picture=picture,
    )


@pytest.fixture
def url(cast: Cast, staff: Staff) -> Iterator[str]:
    with server() as address:
        yield address
    for moratorium in Moratorium.objects.using("officer").filter(reason=REASON, lifted_at=None):
        governance.lift_moratorium(moratorium, lifters=staff.oversight)


def _staff(browser: Browser, url: str, person: tuple[str, str]) -> Visit:
    visit = Visit(_page(browser), url)
    visit.go("/admin/")
    visit.page.get_by_label("Username").fill(person[0])
    visit.page.get_by_label("Password").fill(PASSWORD)
    visit.page.get_by_role("button", name="Sign in").click()
    visit.page.get_by_label("Code", exact=True).fill(one_time_code(person[1]))
    visit.page.get_by_role("button", name="Sign in").click()
    expect(visit.page.get_by_role("heading", name="Governance")).to_be_visible()
    return visit


def _page(browser: Browser) -> Page:
    return browser.new_context(viewport={"width": 1400, "height": 800}).new_page()


def _box(page: Page, name: str, value: str) -> Locator:
    return page.locator(f"input[name={name}][value={value}]")


def _impose(board: Visit, *, until: date) -> None:
    board.go("/admin/governance/moratorium/add/")
    page = board.page
    _box(page, "categories", "law_enforcement").check()
    page.locator("#id_reason").fill(REASON)
    page.locator("#id_effective_until_0").fill(until.isoformat())
    page.locator("#id_effective_until_1").fill("00:00:00")
    page.get_by_role("button", name="Show whom it would cut off").click()
    expect(page.get_by_role("heading", name="Who would be cut off at this moment")).to_be_visible()
    page.get_by_role("button", name="Impose the moratorium").click()
    expect(page.get_by_text("The moratorium is imposed.")).to_be_visible()


def _moratoria(board: Visit) -> Locator:
    """Return the rows of the list of moratoria on the police, of this story and of others before it."""
    board.go("/admin/governance/moratorium/")
    return board.page.get_by_role("row").filter(has_text="law_enforcement")


def _apply(visit: Visit, *, name: str, purpose: str, category: str) -> str:
    """Write an application and hand it in; return its address."""
    visit.go("/applications")
    page = visit.page
    page.get_by_role("button", name="Begin an application").click()
    page.get_by_label("Legal name").fill(name)
    page.get_by_label("Registration").fill("Register of Springfield, 4711")
    page.get_by_label("Address", exact=True).fill("1 Main Street, Springfield")
    page.get_by_label("Mail address for questions").fill("office@applicant.example")
    page.get_by_label("What it is for, and why").fill("We look for children who were abducted, and for nobody else.")
    _box(page, "purposes", purpose).check()
    for operation in ("administer", "detect", "enrol", "read_result", "search", "review"):
        _box(page, "operations", operation).check()
    _box(page, "end_users", category).check()
    page.get_by_label("Where").select_option("US")
    for attestation in page.locator("input[name=attestations]").all():
        attestation.check()
    page.locator("#id_officers-0-name").fill("A. Jones")
    page.locator("#id_officers-0-training").fill("Reviewing candidates")
    page.locator("#id_officers-0-trained_on").fill("2026-03-02")
    page.get_by_label("Title of a document").fill("Charter")
    charter = {"name": "charter.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7 charter"}
    page.locator("#id_evidence_file").set_input_files(charter)  # type: ignore[arg-type]  # playwright's own dict
    page.get_by_role("button", name="Save and submit to the officers").click()
    expect(page.get_by_text("It is with the officers now.")).to_be_visible()
    visit.look()
    return page.url


def _assign(board: Visit, *, name: str, officers: tuple[str, ...]) -> None:
    for officer in officers:
        board.go("/admin/vetting/vettingapplication/")
        board.page.get_by_role("link", name=name).click()
        board.page.get_by_role("link", name="Assign officers").click()
        board.page.get_by_label("Officer").select_option(label=officer)
        board.page.get_by_role("button", name="Save").click()
        expect(board.page.get_by_text("Saved.")).to_be_visible()


def _state(page: Page, *, reason: str) -> None:
    page.get_by_label("Reason").fill(reason)
    page.get_by_label("Statement of interests").fill("none")
    page.get_by_label("I have no interest of my own").check()


def _decide(officers: tuple[Visit, Visit], *, name: str, act: str) -> None:
    """Let the first officer review and sign, and the second sign what the first asked for."""
    first, second = (officer.page for officer in officers)
    officers[0].go("/admin/vetting/vettingapplication/")
    first.get_by_role("link", name=name).click()
    first.get_by_role("link", name="Begin the review").click()
    first.get_by_role("button", name="Begin").click()
    expect(first.get_by_text("Reviewing candidates")).to_be_visible()
    first.get_by_role("link", name=act, exact=True).click()
    if act == "Approve":
        first.locator("#id_expires_at_0").fill((date.today() + timedelta(days=300)).isoformat())
        first.locator("#id_expires_at_1").fill("00:00:00")
    else:
        first.get_by_label("To the organisation").fill("A moratorium on police use is in force.")
    _state(first, reason="Read with its documents.")
    first.get_by_role("button", name="Sign, and ask for the second signature").click()
    expect(first.get_by_text("Signed by you.")).to_be_visible()

    second.goto(first.url)
    second.get_by_role("link", name="Approve and execute").click()
    _state(second, reason="So do I.")
    second.get_by_role("button", name="Sign and execute").click()
    expect(second.get_by_text("Signed and executed.")).to_be_visible()


def _enrol(visit: Visit, cast: Cast) -> None:
    """Fill a collection with the charity's key, as its own program would."""
    headers = {"Authorization": f"Bearer {cast.charity.token}"}
    created = visit.page.request.post(f"{visit.url}/v1/collections", headers=headers, data={"name": GALLERY})
    assert created.status == 201, created.text()
    picture = {"name": "anna.png", "mimeType": "image/png", "buffer": face_picture(1)}
    form = {"image": picture, "external_id": "anna"}
    enrolled = visit.page.request.post(
        f"{visit.url}/v1/collections/{GALLERY}/faces",
        headers=headers,
        multipart=form,  # type: ignore[arg-type]  # playwright's own dict
    )
    assert enrolled.status == 201, enrolled.text()


def test_from_two_applications_to_a_longer_moratorium(cast: Cast, url: str, browser: Browser) -> None:
    board = _staff(browser, url, cast.board)
    officers = (_staff(browser, url, cast.officers[0]), _staff(browser, url, cast.officers[1]))
    names = (cast.officers[0][0], cast.officers[1][0])
    until = date.today() + timedelta(days=365)
    _impose(board, until=until)

    # A police department applies, and is refused.
    chief = visit_as(browser, url, cast.chief)
    address = _apply(chief, name="Metro Police", purpose="criminal_investigation", category="law_enforcement")
    _assign(board, name="Metro Police", officers=names)
    _decide(officers, name="Metro Police", act="Refuse")
    chief.page.goto(address)
    expect(chief.page.get_by_text("A moratorium on police use is in force.")).to_be_visible()
    chief.go("/detect")
    chief.page.get_by_label("Picture", exact=True).set_input_files(cast.picture)
    chief.page.get_by_role("button", name="Find faces").click()
    expect(chief.page.get_by_role("heading", name="Refused by policy")).to_be_visible()
    for rule in ("MOR-001", "VET-001"):
        expect(chief.page.get_by_text(rule).first).to_be_visible()

    # A rescue charity applies, and two officers approve it for victim identification.
    owner = visit_as(browser, url, cast.owner)
    _apply(owner, name="Bring Them Home", purpose="victim_identification", category="victim_rescue_ngo")
    _assign(board, name="Bring Them Home", officers=names)
    _decide(officers, name="Bring Them Home", act="Approve")
    owner.go("/applications")
    expect(owner.page.get_by_text("Its approval is in force until")).to_be_visible()
    _enrol(owner, cast)

    # Its search names nobody until two case workers have looked.
    worker = visit_as(browser, url, cast.worker)
    search_in(worker, cast.picture, case=GRAVE, collection=GALLERY)
    expect(worker.page.get_by_text("Whether anybody was found is not told")).to_be_visible()
    review = worker.page.url
    for number, username in enumerate(cast.reviewers):
        worker.page.goto(review)
        assert "anna" not in worker.page.content(), f"named after {number} verdicts"
        release_what_was_found(visit_as(browser, url, username))
    worker.page.goto(review)
    expect(worker.page.locator("ol.candidates")).to_contain_text("anna")

    # On behalf of the police, for shoplifting, it is refused.
    search_in(worker, cast.picture, case=PETTY, collection=GALLERY, on_behalf_of="law_enforcement")
    expect(worker.page.get_by_role("heading", name="Refused by policy")).to_be_visible()
    for rule in ("SEV-001", "VET-004", "MOR-001"):
        expect(worker.page.get_by_text(rule).first).to_be_visible()

    # The board extends the moratorium: until further notice.
    dated = _moratoria(board).filter(has_text=str(until.year))
    dated.first.get_by_role("link").first.click()
    board.page.get_by_role("link", name="Extend", exact=True).click()
    board.page.get_by_label("Reason").fill("There are no rules yet.")
    board.page.get_by_role("button", name="Extend now").click()
    expect(board.page.get_by_text("It ends later from this moment on.")).to_be_visible()
    board.go("/admin/governance/moratorium/")
    expect(dated).to_have_count(0)
    visits = (board, *officers, chief, owner, worker)
    assert [trouble for visit in visits for trouble in visit.troubles] == []
