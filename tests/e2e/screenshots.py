"""`make screenshots`: the pictures of docs/how-to/officers.md, taken of a demo world in an instance of its own.

Pages of the administration alone: no picture of anybody is on them. What the pictures show is made by what officers and
tenants do (applications, a moratorium that is only previewed, a replay), never put in behind their back.
"""

from __future__ import annotations

import base64
import io
import json
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from governance.catalogue import DEFAULT_POLICY_BODY
from recognition.engines.fake import face_picture
from tests.e2e.browser import ARGUMENTS, installed
from tests.e2e.instances import REPOSITORY, RunningInstance

IMAGES = REPOSITORY / "docs" / "images"
WIDTH = 1440
# Pictures of pages of text need no more, and stay small.
_COLOURS = 64
MOST_BYTES = 150_000


@dataclass(slots=True)
class Camera:
    """A member of staff before a page, and where pictures go."""

    page: Page
    url: str

    def go(self, path: str) -> Page:
        self.page.goto(self.url + path)
        return self.page

    def take(self, name: str, *, height: int = 800) -> None:
        """Take a picture of the page from its top.

        Raises:
            SystemExit: it is too large to be kept in the repository.
        """
        self.page.set_viewport_size({"width": WIDTH, "height": height})
        path = IMAGES / f"{name}.png"
        Image.open(io.BytesIO(self.page.screenshot())).convert("RGB").quantize(_COLOURS).save(path, optimize=True)
        if path.stat().st_size > MOST_BYTES:
            raise SystemExit(f"{path.name} has {path.stat().st_size:,} bytes, more than {MOST_BYTES:,}.")
        print(f"{path.relative_to(REPOSITORY)} ({path.stat().st_size:,} bytes)")


def main() -> None:
    """Take them all."""
    browser_path = installed()
    if browser_path is None:
        raise SystemExit("No browser is installed. On Debian or Ubuntu: apt-get install chromium")
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="custos-pictures-") as folder:
        instance = RunningInstance(Path(folder))
        try:
            instance.start()
            _prepare(instance)
            with sync_playwright() as playwright:
                _take_all(instance, playwright.chromium.launch(executable_path=browser_path, args=ARGUMENTS))
        finally:
            instance.stop()
            instance.remove()


def _prepare(instance: RunningInstance) -> None:
    """Let the charity apply anew for more, and let some requests be allowed and refused."""
    draft = instance.call("POST", "/v1/applications", slug="rescue-charity").json()
    path = f"/v1/applications/{draft['id']}"
    more = {
        "jurisdictions": ["EU", "US"],
        "rationale": "We find minors who are offered online, from now on in Europe as well.",
    }
    instance.call("PATCH", path, slug="rescue-charity", json=more).raise_for_status()
    charter = {"title": "Charter of the European branch", "bytes": "JVBERi0xLjQgY2hhcnRlcg=="}
    instance.call("POST", f"{path}/evidence", slug="rescue-charity", json=charter).raise_for_status()
    instance.call("POST", f"{path}:submit", slug="rescue-charity").raise_for_status()
    image = {"image": {"bytes": base64.b64encode(face_picture(1)).decode()}}
    for slug, times in (("photo-app", 12), ("id-check", 5), ("police", 7)):
        for _ in range(times):
            instance.call("POST", "/v1/detect", slug=slug, json=image)


def _take_all(instance: RunningInstance, browser: Browser) -> None:
    credentials = json.loads((instance.home / "demo" / "credentials.json").read_text())
    staff = {person["username"]: person for person in credentials["staff"]}
    officer, board = (_signed_in(browser, instance, staff[name]) for name in ("officer-1", "oversight-1"))
    _applications(officer)
    _moratorium(board)
    _replay(board)
    _log(officer)


def _signed_in(browser: Browser, instance: RunningInstance, person: dict[str, Any]) -> Camera:
    page = browser.new_context(viewport={"width": WIDTH, "height": 800}, color_scheme="light").new_page()
    page.set_default_timeout(8_000)
    page.goto(f"{instance.url}/admin/")
    page.get_by_label("Username").fill(person["username"])
    page.get_by_label("Password").fill(person["password"])
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label("Code", exact=True).fill(instance.manage("demo_code", person["username"]).stdout.strip())
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Governance").wait_for()
    return Camera(page, instance.url)


def _applications(officer: Camera) -> None:
    page = officer.go("/admin/vetting/vettingapplication/")
    officer.take("officers-queue", height=520)
    page.locator("#result_list tbody tr").filter(has_text="submitted").get_by_role("link").first.click()
    page.get_by_role("link", name="Begin the review").click()
    page.get_by_role("button", name="Begin").click()
    officer.take("officers-application", height=1300)
    page.get_by_role("link", name="Approve", exact=True).click()
    ends = datetime.now(UTC) + timedelta(days=300)
    page.locator("#id_expires_at_0").fill(f"{ends:%Y-%m-%d}")
    page.locator("#id_expires_at_1").fill("00:00:00")
    page.get_by_label("Reason").fill("The branch is registered, its people are trained.")
    page.get_by_label("Statement of interests").fill("none")
    page.get_by_label("I have no interest of my own").check()
    page.get_by_role("button", name="Sign, and ask for the second signature").click()
    officer.take("officers-change-request", height=1100)


def _moratorium(board: Camera) -> None:
    page = board.go("/admin/governance/moratorium/add/")
    page.locator("input[name=categories][value=identity_verification]").check()
    page.locator("input[name=operations][value=compare]").check()
    page.locator("#id_reason").fill("Until the new regulation is in force.")
    page.get_by_role("button", name="Show whom it would cut off").click()
    page.get_by_role("heading", name="Who would be cut off at this moment").wait_for()
    board.take("officers-moratorium", height=900)


def _replay(board: Camera) -> None:
    page = board.go("/admin/governance/policyreplay/add/")
    page.get_by_label("Title").fill("Without the moratorium, and without consumer software")
    page.get_by_label("Or a policy as JSON").fill(json.dumps({"version": 1, "rules": _candidate()}))
    page.get_by_role("button", name="Replay").click()
    for _ in range(60):
        if page.get_by_text("newly denied").count():
            break
        time.sleep(1)
        page.reload()
    board.take("officers-replay", height=1180)


def _candidate() -> list[dict[str, Any]]:
    """Return the shipped rules with some that allow less and some that allow more."""
    rules: list[dict[str, Any]] = json.loads(json.dumps(DEFAULT_POLICY_BODY["rules"]))
    for rule in rules:
        if rule["id"] == "ALW-001":
            rule["selector"]["categories"] = ["identity_verification", "law_enforcement", "victim_rescue_ngo"]
    return [rule for rule in rules if rule["id"] not in ("MOR-001", "MOR-002")]


def _log(officer: Camera) -> None:
    page = officer.go("/admin/audit/auditentry/")
    officer.take("officers-log", height=700)
    page.locator("#result_list tbody").get_by_role("link").first.click()
    officer.take("officers-entry", height=800)


if __name__ == "__main__":
    main()
