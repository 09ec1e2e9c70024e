"""Throttles and quotas: of a key, of its tenant, across processes, with the broker and without."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

from common.context import Actor, tenant_scope
from common.errors import InvalidRequest, QuotaExceeded
from common.ids import new_id
from common.problems import Throttled
from governance import four_eyes
from governance.audit.models import AuditEntry
from governance.audit.tags import Tag
from governance.errors import NotPermittedForRole
from governance.four_eyes import Statement
from recognition.engines.fake import face_picture
from tenants import services as tenants
from tests.plugin import REPOSITORY
from tests.worlds import Player, PlayerFactory, Staff, World
from traffic import allowances, services
from traffic.errors import AllowanceRaised
from traffic.models import Allowance


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    """Nothing remembered of other tests' settings, and a broker that counts as healthy."""
    allowances.forget()
    allowances._health.broken_until = 0.0
    yield
    allowances.forget()
    allowances._health.broken_until = 0.0


def _statuses(player: Player, count: int) -> list[int]:
    return [player.client.get("/v1/collections").status_code for _ in range(count)]


def test_a_key_that_asks_too_often_is_told_when_to_come_back(alice: Player, settings: Settings) -> None:
    settings.CUSTOS_KEY_REQUESTS_PER_MINUTE = 3

    assert _statuses(alice, 3) == [200] * 3
    refused = alice.client.get("/v1/collections")

    assert (refused.status_code, refused.json()["code"]) == (429, "throttled")
    assert 1 <= int(refused["Retry-After"]) <= 60
    assert refused.json()["retry_after"] == int(refused["Retry-After"])


def test_a_throttled_request_leaves_no_decision(alice: Player, settings: Settings) -> None:
    settings.CUSTOS_KEY_REQUESTS_PER_MINUTE = 1
    _statuses(alice, 1)
    with tenant_scope(alice.tenant.id):
        before = AuditEntry.objects.filter(tenant_id=alice.tenant.id).count()

    assert _statuses(alice, 1) == [429]

    with tenant_scope(alice.tenant.id):
        assert AuditEntry.objects.filter(tenant_id=alice.tenant.id).count() == before


def test_two_tenants_do_not_share_a_count(world: World, settings: Settings) -> None:
    settings.CUSTOS_KEY_REQUESTS_PER_MINUTE = settings.CUSTOS_TENANT_REQUESTS_PER_MINUTE = 1

    assert _statuses(world.alice, 2) == [200, 429]
    assert _statuses(world.mallory, 2) == [200, 429]


def test_the_keys_of_a_tenant_share_its_count(alice: Player, settings: Settings) -> None:
    settings.CUSTOS_TENANT_REQUESTS_PER_MINUTE = 2
    other = Actor(alice.actor.kind, alice.tenant.id, alice.tenant.id, alice.actor.usage)

    allowances.admit(alice.actor)
    allowances.admit(other)

    with pytest.raises(Throttled):
        allowances.admit(other)


def test_a_quota_counts_images(alice: Player, settings: Settings) -> None:
    settings.CUSTOS_TENANT_UNITS_PER_DAY = 4
    alice.client.post("/v1/collections", {"name": "album"})
    picture = _encoded()

    accepted = alice.client.post("/v1/collections/album/search:batch", {"images": [picture] * 3})
    refused = alice.client.post("/v1/collections/album/search:batch", {"images": [picture] * 3})

    assert (accepted.status_code, refused.status_code) == (202, 429)
    assert refused.json()["code"] == "quota-exceeded"
    assert 23 * 3600 < int(refused["Retry-After"]) <= 24 * 3600


def _encoded() -> dict[str, str]:
    import base64

    return {"bytes": base64.b64encode(face_picture(1)).decode()}


def test_all_processes_count_together(alice: Player, settings: Settings) -> None:
    settings.CUSTOS_KEY_REQUESTS_PER_MINUTE = 5
    program = f"""
import django; from config.boot import choose_settings; choose_settings(); django.setup()
import uuid
from django.conf import settings
settings.CUSTOS_KEY_REQUESTS_PER_MINUTE = 5
from traffic import allowances
allowances._read = lambda tenant_id: {{}}
from common.context import Actor, ActorKind, Usage
actor = Actor(ActorKind.API_KEY, uuid.UUID("{alice.actor.id}"), uuid.UUID("{alice.tenant.id}"), Usage(None, None, None))
for _ in range(3): allowances.admit(actor)
"""
    environment = {**os.environ, "PYTHONPATH": f"{REPOSITORY}:{REPOSITORY / 'platform'}"}
    subprocess.run([sys.executable, "-c", program], env=environment, check=True, timeout=60)

    assert _statuses(alice, 3) == [200, 200, 429]


def test_zero_is_no_limit(alice: Player, settings: Settings) -> None:
    settings.CUSTOS_KEY_REQUESTS_PER_MINUTE = settings.CUSTOS_TENANT_REQUESTS_PER_MINUTE = 0
    settings.CUSTOS_KEY_UNITS_PER_DAY = settings.CUSTOS_TENANT_UNITS_PER_DAY = 0

    assert _statuses(alice, 5) == [200] * 5


def test_without_the_broker_each_process_counts_for_itself(alice: Player, settings: Settings) -> None:
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"
    settings.CUSTOS_KEY_REQUESTS_PER_MINUTE = 2
    began = time.monotonic()

    assert _statuses(alice, 3) == [200, 200, 429]

    assert time.monotonic() - began < 30
    assert allowances._health.broken_until > began


def test_an_officer_gives_a_tenant_an_allowance_of_its_own(alice: Player, staff: Staff, settings: Settings) -> None:
    settings.CUSTOS_TENANT_REQUESTS_PER_MINUTE = 1

    with pytest.raises(AllowanceRaised):
        services.set_allowance(alice.tenant.id, set_by=staff.officers[0], requests_per_minute=3)
    _raise(alice, staff, requests_per_minute=3, units_per_day=None)
    allowances.forget()

    assert _statuses(alice, 4) == [200, 200, 200, 429]
    with tenant_scope(alice.tenant.id):
        entry = AuditEntry.objects.filter(tenant_id=alice.tenant.id, kind="event").order_by("-ins_id")[0]
    assert entry.content["action"] == Tag.ALLOWANCE_SET
    signed = [str(officer.pk) for officer in staff.officers]
    assert entry.content["data"] == {"requests_per_minute": 3, "units_per_day": None, "people": signed}


def test_one_officer_lowers_it_and_two_take_the_limit_away(alice: Player, staff: Staff, settings: Settings) -> None:
    settings.CUSTOS_TENANT_UNITS_PER_DAY = 0
    lower = {"set_by": staff.officers[0], "units_per_day": 5}
    services.set_allowance(alice.tenant.id, **lower)

    for looser in ({"units_per_day": 6}, {"units_per_day": 0}, {"units_per_day": None}):
        with pytest.raises(AllowanceRaised):
            services.set_allowance(alice.tenant.id, **{**lower, **looser})
    services.set_allowance(alice.tenant.id, **{**lower, "requests_per_minute": 7})
    _raise(alice, staff, requests_per_minute=0, units_per_day=0)

    with tenant_scope(alice.tenant.id):
        row = Allowance.objects.get(tenant_id=alice.tenant.id)
    assert (row.requests_per_minute, row.units_per_day) == (0, 0)


def test_a_change_of_an_allowance_names_a_tenant(staff: Staff) -> None:
    with pytest.raises(InvalidRequest, match="no tenant"):
        four_eyes.propose(
            "set_allowance",
            services.allowance_payload(new_id(), key_id=None, requests_per_minute=1, units_per_day=None),
            proposer=staff.officers[0],
            statement=Statement("why", interest="none"),
        )


def _raise(player: Player, staff: Staff, **limits: int | None) -> None:
    payload = services.allowance_payload(player.tenant.id, key_id=None, **limits)
    four_eyes.sign_together("set_allowance", payload, people=staff.officers, reason="A larger customer.")


def test_an_allowance_of_a_key_leaves_the_rest_of_the_defaults(alice: Player, staff: Staff, settings: Settings) -> None:
    settings.CUSTOS_KEY_REQUESTS_PER_MINUTE = 2

    services.set_allowance(alice.tenant.id, set_by=staff.officers[0], key_id=alice.key_id, units_per_day=5)
    services.set_allowance(alice.tenant.id, set_by=staff.officers[1], key_id=alice.key_id, units_per_day=1)
    allowances.forget()

    allowances.admit(alice.actor)
    with pytest.raises(QuotaExceeded):
        allowances.admit(alice.actor)
    with pytest.raises(Throttled):
        allowances.admit(alice.actor)


def test_nobody_else_sets_an_allowance(alice: Player, staff: Staff) -> None:
    with pytest.raises(NotPermittedForRole):
        services.set_allowance(alice.tenant.id, set_by=staff.oversight[0], requests_per_minute=0)


def test_the_command_sets_an_allowance(alice: Player, staff: Staff) -> None:
    options: dict[str, Any] = {"officer": staff.officers[0].username, "requests_per_minute": 2, "stdout": StringIO()}

    call_command("set_allowance", alice.tenant.slug, **options)
    allowances.forget()

    assert _statuses(alice, 3) == [200, 200, 429]
    with pytest.raises(CommandError, match="no tenant"):
        call_command("set_allowance", "nobody", **options)
    with pytest.raises(CommandError, match="no officer"):
        call_command("set_allowance", alice.tenant.slug, **{**options, "officer": "nobody"})
    with pytest.raises(CommandError, match="role officer"):
        call_command("set_allowance", alice.tenant.slug, **{**options, "officer": staff.oversight[0].username})


def test_a_stranger_is_not_counted(make_player: PlayerFactory, settings: Settings) -> None:
    settings.CUSTOS_KEY_REQUESTS_PER_MINUTE = 1
    player = make_player()
    tenants.revoke_api_key(player.tenant.id, key_id=player.key_id, actor=_system())

    assert _statuses(player, 3) == [401] * 3


def _system() -> Any:
    from governance.audit import ledger

    return ledger.SYSTEM
