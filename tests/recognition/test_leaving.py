"""A tenant leaves: asked for by its owner, taken back within the grace, and then nothing is left but the log."""

from __future__ import annotations

import io
import time
import uuid
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connections, transaction
from pytest_django.fixtures import Settings

from common.context import tenant_scope
from common.vocabulary import TenantRole
from governance import services as governance
from governance.audit.models import AuditEntry
from governance.models import Suspension
from recognition import staging
from recognition.engines.fake import face_picture
from recognition.errors import StorageUnavailable
from recognition.gallery import partitions
from recognition.models import Collection, DispatchTicket, Job, TemplatePartition
from recognition.services import batches, collections, enrolment, erasure, keeping, purging, searches
from recognition.services.submission import Submission
from recognition.tasks import purge
from tenants import erasure as tables
from tenants import services
from tenants.errors import ConfirmationMismatch, DeletionUnderWay, NotAMember, RoleNotSufficient
from tenants.models import Tenant
from tests.api.conftest import apply_for
from tests.conftest import admin_connection
from tests.people import actor_for, make_member, owner_of, sign_in
from tests.recognition.conftest import GALLERY, Outbox
from tests.worlds import MoratoriumFactory, Player, World

# What stays of a tenant: the log, which names nobody, and a row that says that there was one.
KEPT = {"audit_entry"}


def _admin() -> Any:
    return admin_connection(connections["default"].settings_dict["NAME"])


def _rows(player: Player) -> dict[str, int]:
    """Count a tenant's rows in every table that has a tenant_id, partitions included, past every policy."""
    with _admin() as admin:
        names = admin.execute(
            "SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'"
            " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT a.attisdropped"
        ).fetchall()
        counts = {
            str(name): admin.execute(
                f"SELECT count(*) FROM {name} WHERE tenant_id = %s", [player.tenant.id]
            ).fetchone()[0]
            for (name,) in names
        }
    return {name: count for name, count in counts.items() if count}


def _populate(player: Player) -> None:
    """Give a tenant something of every kind."""
    collections.create_collection(GALLERY, actor=player.actor, store_images=True, retention_days=10)
    enrolment.enrol_image(face_picture(1, others=(2,)), collection_name=GALLERY, actor=player.actor, external_id="anna")
    done = enrolment.submit_job([Submission(face_picture(3))], collection_name=GALLERY, actor=player.actor)
    batches.run_batch(done.id, first=0, tenant_id=player.tenant.id)
    found = searches.submit_job([Submission(face_picture(1))], collection_name=GALLERY, actor=player.actor)
    batches.run_batch(found.id, first=0, tenant_id=player.tenant.id)
    enrolment.submit_job([Submission(face_picture(4))], collection_name=GALLERY, actor=player.actor)
    player.client.post("/v1/collections", {"name": "named"}, HTTP_IDEMPOTENCY_KEY="once")
    application_id, _ = apply_for(player)
    player.client.post(f"/v1/applications/{application_id}:submit")


def _due(player: Player) -> None:
    services.request_deletion(owner_of(player), confirmation=player.tenant.slug)
    with _admin() as admin:
        admin.execute(
            "UPDATE tenants_tenant SET deletion_due_at = clock_timestamp() - interval '1 second' WHERE id = %s",
            [player.tenant.id],
        )


def _erase(player: Player) -> bool:
    return erasure.erase(player.tenant.id, until=time.monotonic() + 60)


def _reload(player: Player) -> Tenant:
    with tenant_scope(player.tenant.id):
        return Tenant.objects.get(id=player.tenant.id)


def _events(player: Player, action: str) -> list[dict[str, Any]]:
    with tenant_scope(player.tenant.id):
        return [e.content for e in AuditEntry.objects.filter(kind="event") if e.content["action"] == action]


# --- asking ---


def test_an_owner_asks_and_takes_it_back(alice: Player, settings: Settings) -> None:
    settings.CUSTOS_TENANT_DELETION_DAYS = 3
    client = sign_in(make_member(alice))
    body = {"confirm": alice.tenant.slug}

    asked = client.post("/v1/organisation:delete", body, content_type="application/json").json()
    again = client.post("/v1/organisation:delete", body, content_type="application/json").json()

    assert asked["deletion"]["due_at"] > asked["deletion"]["requested_at"]
    assert again == asked
    (event,) = _events(alice, "tenant:deletion-requested")
    assert event["data"] == {"grace_seconds": 3 * 86_400}
    assert erasure.erase_due(seconds=1) is None
    assert alice.client.get("/v1/collections").status_code == 200

    kept = client.post("/v1/organisation:keep", {}, content_type="application/json").json()
    assert kept["deletion"] is None
    assert len(_events(alice, "tenant:deletion-withdrawn")) == 1


@pytest.mark.parametrize("role", sorted(set(TenantRole) - {TenantRole.OWNER}))
def test_nobody_but_an_owner_may(alice: Player, role: TenantRole) -> None:
    actor = actor_for(alice, make_member(alice, role))

    for act in (
        lambda: services.request_deletion(actor, confirmation=alice.tenant.slug),
        lambda: services.withdraw_deletion(actor),
    ):
        with pytest.raises(RoleNotSufficient):
            act()


def test_no_key_may_and_no_owner_of_another_tenant(world: World) -> None:
    with pytest.raises(NotAMember):
        services.request_deletion(world.alice.actor, confirmation=world.alice.tenant.slug)
    with pytest.raises(ConfirmationMismatch):
        services.request_deletion(owner_of(world.mallory), confirmation=world.alice.tenant.slug)
    assert _reload(world.alice).deletion_due_at is None


def test_what_is_due_cannot_be_taken_back(alice: Player) -> None:
    owner = owner_of(alice)
    _due(alice)

    with pytest.raises(DeletionUnderWay):
        services.withdraw_deletion(owner)


def test_the_page_asks_for_the_name_and_takes_it_back(alice: Player) -> None:
    client = sign_in(make_member(alice))
    page = "/organisations/leave"

    assert client.post(page, {"name": "another"}).status_code == 422
    assert _reload(alice).deletion_due_at is None
    assert client.post(page, {"name": alice.tenant.slug}).status_code == 302
    assert _reload(alice).deletion_due_at is not None
    assert b"Keep the organisation" in client.get(page).content
    client.post("/organisations/stay")

    assert _reload(alice).deletion_due_at is None


# --- erasing ---


def test_nothing_is_left_but_the_log(world: World, outbox: Outbox, home: Path) -> None:
    for player in (world.alice, world.mallory):
        _populate(player)
    others = _rows(world.mallory)
    tickets = set(DispatchTicket.objects.values_list("job_id", flat=True))
    with tenant_scope(world.alice.tenant.id):
        jobs = set(Job.objects.values_list("id", flat=True))
    assert len(tickets & jobs) == 1
    owner = make_member(world.alice)
    client = sign_in(owner)
    _due(world.alice)
    before = _rows(world.alice)
    assert {"recognition_template", "recognition_jobitem", "tenants_apikey", "traffic_usagecounter"} <= set(before)

    assert _erase(world.alice) is True

    assert set(_rows(world.alice)) == KEPT
    assert _rows(world.mallory) == others
    assert not (home / "images" / str(world.alice.tenant.id)).exists()
    assert not (home / "staging" / str(world.alice.tenant.id)).exists()
    assert (home / "images" / str(world.mallory.tenant.id)).exists()
    assert set(DispatchTicket.objects.values_list("job_id", flat=True)) == tickets - jobs
    tenant = _reload(world.alice)
    assert (tenant.name, tenant.slug, tenant.default_purpose) == ("", f"erased-{tenant.id}", None)
    (event,) = _events(world.alice, "tenant:erased")
    assert event["data"]["recognition_face"] == 3
    assert event["data"]["recognition_storedfile"] == 2
    assert event["data"]["staged_folders"] == 1
    assert world.alice.client.get("/v1/collections").status_code == 401
    assert client.get("/v1/organisation").status_code == 403


def test_neither_suspension_nor_moratorium_stops_it(world: World, impose: MoratoriumFactory, outbox: Outbox) -> None:
    _populate(world.alice)
    impose(selector=governance.Selector())
    governance.suspend(
        world.alice.tenant.id,
        target=Suspension.Target.ORGANISATION,
        target_id=world.alice.tenant.id,
        reason="test",
        imposed_by=world.staff.oversight[0],
    )
    _due(world.alice)

    purge.apply().get()

    assert set(_rows(world.alice)) == KEPT


@pytest.mark.parametrize("step", ["_stop_jobs", "_take_pictures", "_finish"])
def test_killed_anywhere_it_is_gone_on_with_and_counts_what_there_was(
    alice: Player, outbox: Outbox, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    _populate(alice)
    _due(alice)

    def killed(*_: object, **__: object) -> None:
        raise SystemExit(137)

    with monkeypatch.context() as patch, pytest.raises(SystemExit):
        patch.setattr(erasure, step, killed)
        _erase(alice)
    assert _erase(alice) is True

    assert set(_rows(alice)) == KEPT
    assert [event["data"]["recognition_face"] for event in _events(alice, "tenant:erased")] == [3]


def test_it_works_in_batches_and_stops_in_time(alice: Player, outbox: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    _populate(alice)
    _due(alice)
    monkeypatch.setattr(tables, "ROWS_AT_ONCE", 1)
    monkeypatch.setattr(purging, "BATCH_FACES", 1)
    runs = 0

    while not erasure.erase(alice.tenant.id, until=time.monotonic()):
        runs += 1

    assert runs > 3
    assert set(_rows(alice)) == KEPT


def test_a_storage_that_is_away_holds_up_the_end_and_nothing_else(
    world: World, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    for player in (world.alice, world.mallory):
        _populate(player)
        _due(player)
    remove = keeping.storage.remove

    def away(tenant_id: uuid.UUID, **named: Any) -> None:
        if tenant_id == world.alice.tenant.id:
            raise StorageUnavailable
        remove(tenant_id, **named)

    with monkeypatch.context() as patch:
        patch.setattr(keeping.storage, "remove", away)
        erasure.erase_due(seconds=60)

    assert set(_rows(world.mallory)) == KEPT
    assert "recognition_storedfile" in _rows(world.alice)
    assert _reload(world.alice).erased_at is None
    erasure.erase_due(seconds=60)
    assert set(_rows(world.alice)) == KEPT


def test_what_a_late_request_wrote_goes_too(alice: Player, outbox: Outbox) -> None:
    _due(alice)
    _erase(alice)
    with _admin() as admin:
        admin.execute(
            "INSERT INTO traffic_usagecounter (id, tenant_id, actor_kind, actor_id, operation, day, requests, refused,"
            " throttled, failed, images) VALUES (gen_random_uuid(), %s, 'api_key', gen_random_uuid(), 'late', now(),"
            " 1, 0, 0, 0, 0)",
            [alice.tenant.id],
        )

    erasure.erase_due(seconds=60)

    assert set(_rows(alice)) == KEPT
    assert len(_events(alice, "tenant:erased")) == 1


def test_a_partition_of_its_own_is_given_back(alice: Player, outbox: Outbox, settings: Settings) -> None:
    settings.CUSTOS_DEDICATED_PARTITION_FACES = 1
    _populate(alice)
    with tenant_scope(alice.tenant.id):
        collection = Collection.objects.get(name=GALLERY)
    assert partitions.promote(collection.id, tenant_id=alice.tenant.id)
    with tenant_scope(alice.tenant.id):
        number = Collection.objects.get(name=GALLERY).partition_no
    _due(alice)

    _erase(alice)

    assert TemplatePartition.objects.get(partition_no=number).is_free


# --- the way to delete rows that the application may not delete ---


def test_rows_of_a_tenant_that_is_not_due_are_refused(alice: Player, outbox: Outbox) -> None:
    _populate(alice)

    for ask in (lambda: None, lambda: services.request_deletion(owner_of(alice), confirmation=alice.tenant.slug)):
        ask()
        with pytest.raises(DatabaseError, match="not due"), transaction.atomic():
            tables.erase_rows(alice.tenant.id, table="recognition_face")


@pytest.mark.parametrize("table", ["audit_entry", "tenants_user", "governance_policyversion", "pg_class"])
def test_what_belongs_to_no_tenant_and_the_log_are_refused(alice: Player, table: str) -> None:
    _due(alice)

    with pytest.raises(DatabaseError, match="no table of tenants"), transaction.atomic():
        tables.erase_rows(alice.tenant.id, table=table)


def test_a_suspension_does_not_go_before_the_approvals(world: World) -> None:
    governance.suspend(
        world.alice.tenant.id,
        target=Suspension.Target.ORGANISATION,
        target_id=world.alice.tenant.id,
        reason="test",
        imposed_by=world.staff.oversight[0],
    )
    _due(world.alice)

    with pytest.raises(DatabaseError, match="stays as long as its approvals"), transaction.atomic():
        tables.erase_rows(world.alice.tenant.id, table="governance_suspension")
    tables.erase_rows(world.alice.tenant.id, table="governance_approval")

    assert tables.erase_rows(world.alice.tenant.id, table="governance_suspension") == 1


def test_every_table_of_tenants_is_emptied_after_those_that_refer_to_it() -> None:
    order = tables.tables()

    assert order.index("recognition_face") < order.index("recognition_image") < order.index("recognition_collection")
    assert order.index("tenants_apikeysecret") < order.index("tenants_apikey")
    assert "audit_entry" not in order
    with _admin() as admin:
        policies = {name for (name,) in admin.execute("SELECT tablename FROM pg_policies WHERE policyname = 'erasure'")}
    assert set(order) <= policies


# --- the operator ---


def test_the_operator_deletes_a_tenant_now_and_reads_what_there_was(alice: Player, outbox: Outbox) -> None:
    _populate(alice)
    output = io.StringIO()

    call_command("erase_tenant", alice.tenant.slug, "--confirm", alice.tenant.slug, "--now", stdout=output)

    assert "recognition_face: 3" in output.getvalue()
    assert set(_rows(alice)) == KEPT
    with pytest.raises(CommandError, match="no tenant"):
        call_command("erase_tenant", alice.tenant.slug, "--confirm", alice.tenant.slug, stdout=output)


def test_the_operator_may_leave_the_grace(alice: Player) -> None:
    output = io.StringIO()

    with pytest.raises(CommandError, match="repeat"):
        call_command("erase_tenant", alice.tenant.slug, "--confirm", "another", stdout=output)
    call_command("erase_tenant", alice.tenant.slug, "--confirm", alice.tenant.slug, stdout=output)

    assert "will be deleted after" in output.getvalue()
    services.withdraw_deletion(owner_of(alice))
    assert _reload(alice).deletion_due_at is None


def test_staged_files_of_a_tenant_are_counted(alice: Player) -> None:
    staging.write([b"x"], tenant_id=alice.tenant.id, job_id=uuid.uuid4())

    assert staging.count_jobs(alice.tenant.id) == 1
    staging.remove_tenant(alice.tenant.id)
    assert staging.count_jobs(alice.tenant.id) == 0
