"""A building of the demo world that is killed goes on where it stopped, with the log-ins that it had given out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

from common.context import tenant_scope
from demo import cast, world
from demo.photographs import Photographs
from demo.progress import Progress
from governance import four_eyes, ports
from governance import services as governance
from governance.audit.ledger import database_now
from governance.casework import cases, training
from governance.models import Approval, Moratorium
from governance.vetting import applications, deciding, evidence
from governance.vetting.models import VettingApplication
from recognition.engines import registry
from recognition.engines.fake import face_picture
from recognition.services import enrolment
from tenants import services
from tenants.models import ApiKey, User
from tenants.sign_in import give_totp, totp_secret_of


class Killed(BaseException):
    """As if the process had been ended here."""


# What is done last before the process dies, each time further on.
LAST_ACTS = [
    (world, "give_totp"),
    (services, "create_tenant"),
    (services, "create_member"),
    (applications, "begin_application"),
    (evidence, "add_evidence"),
    (applications, "submit"),
    (deciding, "propose_approval"),
    (four_eyes, "approve"),
    (enrolment, "enrol_image"),
    (cases, "open_case"),
    (training, "attest"),
    (governance, "impose_moratorium"),
    (governance, "grant_exemption"),
]


@pytest.fixture
def photographs(tmp_path: Path) -> Photographs:
    (tmp_path / "face.png").write_bytes(face_picture(4711))
    return Photographs({"person_d_1": tmp_path / "face.png"})


@pytest.fixture
def _one_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Versions of the other engines are read from weights, which these tests do not need."""
    monkeypatch.setattr(ports, "_offered_versions", lambda: [registry.get("fake").version])


@pytest.fixture
def _no_moratorium_stays() -> Iterator[None]:
    yield
    for moratorium in Moratorium.objects.using("officer").filter(reason=cast.MORATORIUM_REASON, lifted_at=None):
        lifters = User.objects.filter(username__in=["oversight-1", "oversight-2"]).order_by("username")
        governance.lift_moratorium(moratorium, lifters=(lifters[0], lifters[1]))


@pytest.mark.usefixtures("_one_engine", "_no_moratorium_stays")
def test_it_is_built_once_however_often_it_is_killed(
    tmp_path: Path, photographs: Photographs, settings: Settings
) -> None:
    def build() -> world.Credentials:
        return world.build(
            home=tmp_path, base_url="http://127.0.0.1:8000", photographs=photographs, report=lambda line: None
        )

    for module, name in LAST_ACTS:
        with pytest.MonkeyPatch.context() as patch:
            act = getattr(module, name)

            def act_and_die(*arguments: Any, act: Any = act, **options: Any) -> None:
                act(*arguments, **options)
                raise Killed

            patch.setattr(module, name, act_and_die)
            with pytest.raises(Killed):
                build()
        assert world.read_credentials(tmp_path) is None

    credentials = build()

    assert world.read_credentials(tmp_path) == credentials
    assert [path.name for path in (tmp_path / "demo").iterdir()] == ["credentials.json"], "no secret lies elsewhere"
    for person in [*credentials.staff, *(user for tenant in credentials.tenants for user in tenant.users)]:
        user = User.objects.get(username=person.username)
        assert user.check_password(person.password)
        assert person.totp_secret == (totp_secret_of(user) or "")
        assert bool(person.totp_secret) == user.is_staff
    for part in credentials.tenants:
        actor = world.actor_of_key(part.slug, token=part.api_key)
        assert Approval.objects.using("officer").filter(tenant_id=actor.tenant_id).count() == 1
        applied = VettingApplication.objects.using("officer").filter(tenant_id=actor.tenant_id)
        assert list(applied.values_list("state", flat=True)) == ["approved"]
        with tenant_scope(actor.tenant_id):
            assert ApiKey.objects.filter(tenant_id=actor.tenant_id).count() == 1
    moratoria = Moratorium.objects.using("officer").filter(
        reason=cast.MORATORIUM_REASON, effective_from__lte=database_now()
    )
    assert [str(row.id) for row in moratoria] == [credentials.moratorium_id]
    assert moratoria[0].exemptions.count() == 1
    _refuses_a_world_whose_log_ins_were_lost(tmp_path, settings=settings)


def _refuses_a_world_whose_log_ins_were_lost(home: Path, *, settings: Settings) -> None:
    world.credentials_path(home).unlink()
    settings.CUSTOS_HOME = home
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("demo.management.commands.seed_demo.fetch_photographs", lambda *_, **__: Photographs({}))
        with pytest.raises(CommandError, match="log-ins of this demo world were lost"):
            call_command("seed_demo", "--base-url", "http://127.0.0.1:8000", verbosity=0)


def test_what_is_remembered_is_on_the_disk_and_private(tmp_path: Path) -> None:
    path = tmp_path / "demo" / "progress.json"

    assert Progress(path).remember("a", lambda: "first") == "first"
    assert Progress(path).remember("a", lambda: "second") == "first"
    assert path.stat().st_mode & 0o777 == 0o600
    Progress(path).forget()
    assert not path.exists()


def test_the_secret_of_a_second_factor_is_found_again() -> None:
    user = User.objects.create_user("nobody-of-the-demo")
    assert totp_secret_of(user) is None

    assert give_totp(user) == totp_secret_of(user)
