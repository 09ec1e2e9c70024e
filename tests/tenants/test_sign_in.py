"""People sign in: members with a password and, if they set one up, a second factor; staff never without."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from allauth.mfa.models import Authenticator
from django.core import mail
from django.db import DatabaseError, connections, transaction
from django.test import Client
from pytest_django.fixtures import Settings

from common.context import tenant_scope
from common.vocabulary import StaffRole, TenantRole
from governance.audit import ledger
from tenants import services
from tenants.models import User
from tenants.services.provisioning import add_member
from tenants.sign_in import give_totp
from tests.people import (
    LOGIN,
    PASSWORD,
    SECOND_FACTOR,
    browser,
    events_about,
    make_member,
    make_staff,
    one_time_code,
    sign_in,
)
from tests.worlds import Player

ACTIVATE = "/accounts/2fa/totp/activate/"
NEW_PASSWORD = "staple battery horse correct"


def _member(alice: Player) -> User:
    user = make_member(alice)
    User.objects.filter(id=user.id).update(email=f"{user.username}@example.test")
    return User.objects.get(id=user.id)


def _secret_offered_to(client: Client) -> str:
    """Show the password once more, as the page asks, and return the secret that it then offers."""
    assert client.get(ACTIVATE)["Location"].startswith("/accounts/reauthenticate/")
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    page = client.get(ACTIVATE).content.decode()
    found = re.search(r'id="authenticator_secret"[^>]*value="([A-Z2-7]+)"', page)
    assert found is not None
    return found[1]


# --- Members ------------------------------------------------------------------------------------------------------
def test_a_member_signs_in_and_out(alice: Player) -> None:
    user = make_member(alice)
    client = sign_in(user)
    assert client.get("/v1/collections").status_code == 200

    assert client.post("/accounts/logout/").status_code == 302

    assert client.get("/v1/collections").status_code == 401
    assert [tag for tag, _ in events_about(user, tenant_id=alice.tenant.id)] == ["user:signed-in", "user:signed-out"]


def test_a_wrong_password_does_not_and_is_recorded_without_it(alice: Player) -> None:
    user = make_member(alice)

    response = browser().post(LOGIN, {"login": user.username, "password": "a wrong guess"})

    assert response.status_code == 200
    assert "not correct" in response.content.decode()
    assert events_about(user, tenant_id=alice.tenant.id) == [("user:sign-in-failed", {"factor": "password"})]


def test_a_name_that_nobody_has_gets_the_same_answer(alice: Player) -> None:
    known = browser().post(LOGIN, {"login": make_member(alice).username, "password": "a wrong guess"})
    unknown = browser().post(LOGIN, {"login": "nobody-of-this-name", "password": "a wrong guess"})

    def complaint(page: bytes) -> list[str]:
        return re.findall(r'<ul class="errorlist.*?</ul>', page.decode(), re.DOTALL)

    assert complaint(known.content) == complaint(unknown.content) != []


def test_guessing_is_stopped_whichever_the_address(alice: Player) -> None:
    user = make_member(alice)
    for _ in range(5):
        browser().post(LOGIN, {"login": user.username, "password": "a wrong guess"})

    response = browser().post(LOGIN, {"login": user.username, "password": PASSWORD})

    assert response.status_code == 200
    assert "Too many failed" in response.content.decode()


def test_one_address_cannot_try_many_names() -> None:
    client = browser()

    statuses = [client.post(LOGIN, {"login": f"nobody-{n}", "password": "guess"}).status_code for n in range(31)]

    assert statuses[-1] == 429


def test_nobody_signs_up() -> None:
    names = User.objects.count()

    page = browser().get("/accounts/signup/")
    browser().post("/accounts/signup/", {"username": "me", "password1": PASSWORD, "password2": PASSWORD})

    assert "closed" in page.content.decode()
    assert User.objects.count() == names


def test_a_member_sets_up_a_second_factor_and_needs_it_from_then_on(alice: Player) -> None:
    user = make_member(alice)
    client = sign_in(user)
    secret = _secret_offered_to(client)

    assert client.post(ACTIVATE, {"code": one_time_code(secret)}).status_code == 302

    again = browser()
    assert again.post(LOGIN, {"login": user.username, "password": PASSWORD})["Location"].startswith(SECOND_FACTOR)
    assert again.get("/v1/collections").status_code == 401, "a password alone is no session"
    again.post(SECOND_FACTOR, {"code": one_time_code(secret, steps=0)})
    assert again.get("/v1/collections").status_code == 200
    tags = [tag for tag, _ in events_about(user, tenant_id=alice.tenant.id)]
    assert tags.count("user:second-factor-added") == 2, "the app and its recovery codes"


def test_a_code_counts_once(alice: Player) -> None:
    user = make_member(alice)
    secret = give_totp(user)
    code = one_time_code(secret)
    first, second = browser(), browser()
    for client in (first, second):
        client.post(LOGIN, {"login": user.username, "password": PASSWORD})

    assert first.post(SECOND_FACTOR, {"code": code}).status_code == 302
    assert second.post(SECOND_FACTOR, {"code": code}).status_code == 200

    assert second.get("/v1/collections").status_code == 401
    assert ("user:sign-in-failed", {"factor": "second"}) in events_about(user, tenant_id=alice.tenant.id)


def test_the_secret_of_a_second_factor_is_sealed(alice: Player) -> None:
    user = make_member(alice)

    secret = give_totp(user)

    stored = Authenticator.objects.get(user=user).data
    assert secret not in str(stored)
    assert secret not in str(events_about(user, tenant_id=alice.tenant.id))


def test_a_password_is_reset_by_mail(alice: Player, settings: Settings) -> None:
    user = _member(alice)
    client = browser()

    client.post("/accounts/password/reset/", {"email": user.email})

    (message,) = [m for m in mail.outbox if m.to == [user.email]]
    assert message.subject.startswith("Custos: ")
    link = re.search(r"https?://[^/]+(/accounts/password/reset/key/\S+)", str(message.body))
    assert link is not None
    page = client.get(link[1], follow=True)
    form = page.redirect_chain[-1][0]
    client.post(form, {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD})
    assert browser().post(LOGIN, {"login": user.username, "password": PASSWORD}).status_code == 200
    assert browser().post(LOGIN, {"login": user.username, "password": NEW_PASSWORD}).status_code == 302
    assert ("user:password-changed", {}) in events_about(user, tenant_id=alice.tenant.id)


def test_a_reset_for_an_unknown_address_looks_the_same_and_sends_nothing() -> None:
    before = len(mail.outbox)

    response = browser().post("/accounts/password/reset/", {"email": "nobody@example.test"})

    assert response["Location"] == "/accounts/password/reset/done/"
    assert len(mail.outbox) == before


def test_a_weak_password_is_not_taken(alice: Player) -> None:
    user = make_member(alice)
    client = sign_in(user)

    response = client.post(
        "/accounts/password/change/", {"oldpassword": PASSWORD, "password1": "short", "password2": "short"}
    )

    assert response.status_code == 200
    assert User.objects.get(id=user.id).check_password(PASSWORD)


def test_a_new_password_ends_the_other_sessions(alice: Player) -> None:
    user = make_member(alice)
    here, elsewhere = sign_in(user), sign_in(user)

    here.post(
        "/accounts/password/change/",
        {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD},
    )

    assert here.get("/v1/collections").status_code == 200
    assert elsewhere.get("/v1/collections").status_code == 401


# --- Staff --------------------------------------------------------------------------------------------------------
def test_staff_sign_in_with_a_second_factor() -> None:
    user, secret = make_staff()

    client = sign_in(user, secret)

    assert client.get("/admin/").status_code == 200
    assert events_about(user)[-1] == ("user:signed-in", {"second_factor": True})


def test_staff_without_one_get_no_further_than_setting_it_up() -> None:
    user = services.create_staff(
        username=f"new-{make_staff()[0].username}", password=PASSWORD, role=StaffRole.AUDITOR, actor=ledger.SYSTEM
    )
    client = sign_in(user)

    for path in ("/admin/", "/v1/collections", "/"):
        assert client.get(path)["Location"].startswith(ACTIVATE), path

    secret = _secret_offered_to(client)
    client.post(ACTIVATE, {"code": one_time_code(secret)})
    assert client.get("/admin/")["Location"].startswith("/accounts/2fa/reauthenticate/"), "now it has to be shown"
    client.post("/accounts/2fa/reauthenticate/", {"code": one_time_code(secret)})
    assert client.get("/admin/").status_code == 200


def test_a_session_that_began_without_it_stays_confined() -> None:
    """Whoever knows the password alone gains nothing from the owner's setting up the second factor."""
    user = services.create_staff(
        username=f"late-{make_staff()[0].username}", password=PASSWORD, role=StaffRole.OFFICER, actor=ledger.SYSTEM
    )
    intruder = sign_in(user)

    give_totp(user)

    assert intruder.get("/admin/")["Location"].startswith("/accounts/2fa/reauthenticate/")


def test_staff_cannot_put_it_down() -> None:
    user, secret = make_staff()
    client = sign_in(user, secret)

    client.post("/accounts/2fa/totp/deactivate/")

    assert Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).exists()


def test_the_administration_has_no_way_in_of_its_own() -> None:
    user, _ = make_staff()
    client = browser()

    response = client.post("/admin/login/", {"username": user.username, "password": PASSWORD})

    assert response["Location"].startswith(LOGIN)
    assert client.get("/admin/")["Location"].startswith("/admin/login/")


def test_nobody_becomes_superuser_or_changes_sides(alice: Player) -> None:
    staff, _ = make_staff()
    member = make_member(alice)

    for change in ({"is_superuser": True}, {"staff_role": ""}):
        with pytest.raises(DatabaseError), transaction.atomic():
            User.objects.filter(id=staff.id).update(**change)
    with pytest.raises(DatabaseError), transaction.atomic():
        User.objects.filter(id=member.id).update(staff_role="officer")
    with pytest.raises(DatabaseError, match="staff"), tenant_scope(alice.tenant.id):
        add_member(alice.tenant.id, user=staff, role=TenantRole.OWNER, actor=ledger.SYSTEM)


# --- Pages and settings -------------------------------------------------------------------------------------------
def test_the_pages_ask_nobody_else_for_anything(alice: Player) -> None:
    signed_in = sign_in(make_member(alice))
    signed_in.post("/accounts/reauthenticate/", {"password": PASSWORD})
    for client, path in (
        (browser(), LOGIN),
        (browser(), "/accounts/password/reset/"),
        (signed_in, "/accounts/2fa/"),
        (signed_in, ACTIVATE),
        (signed_in, "/accounts/password/change/"),
    ):
        page = client.get(path).content.decode()
        assert "<h1" in page and 'lang="en"' in page, path
        assert re.findall(r"""(?:src|href|action)=["'](?:https?:)?//[^"']+""", page) == [], path
        for field in re.findall(r'<input(?![^>]*type="(?:hidden|submit)")[^>]*id="([^"]+)"', page):
            assert f'for="{field}"' in page, f"{path}: {field} has no label"


def test_failed_sign_ins_are_counted_where_every_process_sees_them(alice: Player) -> None:
    user = make_member(alice)

    browser().post(LOGIN, {"login": user.username, "password": "a wrong guess"})

    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT count(*) FROM django_cache WHERE cache_key LIKE '%%login_failed%%'")
        assert cursor.fetchone()[0] > 0


def test_mail_goes_into_files_unless_a_server_is_named(tmp_path: Path) -> None:
    code = (
        "from config.settings import base as s;"
        "print(s.EMAIL_BACKEND, getattr(s, 'EMAIL_HOST', None), getattr(s, 'EMAIL_USE_TLS', None), s.EMAIL_FILE_PATH)"
    )

    def settings_with(**variables: str) -> str:
        environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": "platform:.", "CUSTOS_HOME": str(tmp_path), **variables}
        done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    assert settings_with() == f"django.core.mail.backends.filebased.EmailBackend None None {tmp_path / 'mail'}"
    smtp = settings_with(EMAIL_URL="smtp+tls://user:pass@mail.example.test:587")
    assert smtp.startswith("django.core.mail.backends.smtp.EmailBackend mail.example.test True")
