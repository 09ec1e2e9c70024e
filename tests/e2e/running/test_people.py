"""People of the demo world at a running server: sign-in, second factor, mail in files, the session at /v1."""

from __future__ import annotations

import json
import re
from email import message_from_bytes
from email.policy import default as mail_policy
from typing import Any

import pytest
import requests

from tests.e2e.instances import RunningInstance
from tests.people import one_time_code

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


@pytest.fixture
def credentials(instance: RunningInstance) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((instance.home / "demo" / "credentials.json").read_text())
    return content


def _person(credentials: dict[str, Any], username: str) -> dict[str, str]:
    everybody = [*credentials["staff"], *(user for tenant in credentials["tenants"] for user in tenant["users"])]
    return next(person for person in everybody if person["username"] == username)


class _Browser(requests.Session):
    """Keeps cookies and sends the CSRF token back, as a form does."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url

    def send_form(self, path: str, **fields: str) -> requests.Response:
        page = self.get(self.url + path, timeout=30)
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
        assert token is not None, page.text
        return self.post(page.url, data={"csrfmiddlewaretoken": token[1], **fields}, timeout=30)

    def sign_in(self, person: dict[str, str]) -> requests.Response:
        answer = self.send_form("/accounts/login/", login=person["username"], password=person["password"])
        if not person["totp_secret"]:
            return answer
        assert "/accounts/2fa/authenticate/" in answer.url
        return self.send_form("/accounts/2fa/authenticate/", code=one_time_code(person["totp_secret"]))

    def call(self, method: str, path: str, **arguments: Any) -> requests.Response:
        headers = {"X-CSRFToken": self.cookies.get("csrftoken") or ""}
        return self.request(method, self.url + path, headers=headers, timeout=30, **arguments)


def _mail_to(instance: RunningInstance, address: str) -> str:
    """Return the text of the newest mail to an address, out of the files."""
    found = []
    for path in sorted((instance.home / "mail").iterdir()):
        for part in path.read_bytes().split(b"\n" + b"-" * 79 + b"\n"):
            message = message_from_bytes(part.strip(), policy=mail_policy)
            if message["To"] == address:
                found.append(message.get_content())
    return str(found[-1])


def _names_of_collections(browser: _Browser) -> set[str]:
    return {collection["name"] for collection in browser.call("GET", "/v1/collections").json()["items"]}


def test_a_member_works_with_the_session(instance: RunningInstance, credentials: dict[str, Any]) -> None:
    browser = _Browser(instance.url)
    browser.sign_in(_person(credentials, "album-owner"))
    before = _names_of_collections(browser)

    assert browser.call("POST", "/v1/collections", json={"name": "family"}).status_code == 201
    assert _names_of_collections(browser) - before == {"family"}
    keys = browser.call("GET", "/v1/keys").json()["items"]
    assert [key["secrets"][0]["access_key_id"] for key in keys] == [credentials["tenants"][0]["access_key_id"]]


def test_an_officer_needs_the_second_factor(instance: RunningInstance, credentials: dict[str, Any]) -> None:
    browser = _Browser(instance.url)
    officer = _person(credentials, "officer-1")
    browser.send_form("/accounts/login/", login=officer["username"], password=officer["password"])
    assert "/accounts/2fa/authenticate/" in browser.get(instance.url + "/admin/", timeout=30).url

    browser.send_form("/accounts/2fa/authenticate/", code=one_time_code(officer["totp_secret"]))

    page = browser.get(instance.url + "/admin/", timeout=30)
    assert (page.status_code, page.url) == (200, instance.url + "/admin/")


def test_an_invitation_arrives_as_a_file_and_is_accepted(
    instance: RunningInstance, credentials: dict[str, Any]
) -> None:
    owner = _Browser(instance.url)
    owner.sign_in(_person(credentials, "rescue-owner"))
    invited = owner.call("POST", "/v1/members:invite", json={"email": "new@rescue.example", "role": "viewer"})
    assert invited.status_code == 201, invited.text
    link = re.search(rf"{instance.url}(/accounts/invitations/\S+)", _mail_to(instance, "new@rescue.example"))
    assert link is not None
    newcomer = {"username": "rescue-viewer", "password": "correct horse battery", "totp_secret": ""}

    browser = _Browser(instance.url)
    browser.send_form(link[1], username=newcomer["username"], password=newcomer["password"])
    browser.sign_in(newcomer)

    assert browser.call("GET", "/v1/collections").status_code == 200
    assert browser.call("POST", "/v1/collections", json={"name": "x"}).status_code == 403


def test_a_password_is_reset_by_a_file(instance: RunningInstance, credentials: dict[str, Any]) -> None:
    browser = _Browser(instance.url)
    browser.send_form("/accounts/password/reset/", email="idcheck-owner@id-check.example")
    text = _mail_to(instance, "idcheck-owner@id-check.example")
    link = re.search(rf"{instance.url}(/accounts/password/reset/key/\S+)", text)
    assert link is not None
    fresh = "staple battery horse correct"

    browser.send_form(link[1], password1=fresh, password2=fresh)

    person = _person(credentials, "idcheck-owner") | {"password": fresh}
    browser.sign_in(person)
    assert browser.call("GET", "/v1/collections").status_code == 200


def test_a_key_is_rotated_and_revoked(instance: RunningInstance, credentials: dict[str, Any]) -> None:
    browser = _Browser(instance.url)
    browser.sign_in(_person(credentials, "police-owner"))
    (key,) = browser.call("GET", "/v1/keys").json()["items"]
    old = next(tenant["api_key"] for tenant in credentials["tenants"] if tenant["slug"] == "police")

    def status(token: str) -> int:
        headers = {"Authorization": f"Bearer {token}"}
        return requests.get(f"{instance.url}/v1/decisions", headers=headers, timeout=30).status_code

    fresh = browser.call("POST", f"/v1/keys/{key['id']}:rotate", json={}).json()["api_key"]
    assert [status(old), status(fresh)] == [200, 200]

    assert browser.call("DELETE", f"/v1/keys/{key['id']}").status_code == 204
    assert [status(old), status(fresh)] == [401, 401]
