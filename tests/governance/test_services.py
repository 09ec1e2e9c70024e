"""Stopping takes one person, resuming two; what is written cannot be bad."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import DatabaseError, IntegrityError, connections, transaction

from common.context import tenant_scope
from common.errors import InvalidRequest
from common.vocabulary import CustomerCategory, Operation, Purpose
from governance import gate, selectors, services
from governance.audit import ledger
from governance.audit.models import AuditEntry
from governance.catalogue import DEFAULT_POLICY_BODY
from governance.errors import AlreadyEnded, NotPermittedForRole
from governance.models import Approval, Moratorium, PolicyEpoch, PolicyVersion, Suspension
from tests.worlds import MoratoriumFactory, Player, PlayerFactory, Staff

NARROW = services.Selector(categories=[CustomerCategory.HOUSING])


def _epoch() -> int:
    return PolicyEpoch.objects.using("officer").get().epoch


def test_an_officer_may_not_impose_a_moratorium(staff: Staff) -> None:
    with pytest.raises(NotPermittedForRole):
        services.impose_moratorium(selector=NARROW, reason="test", imposed_by=staff.officers[0])


def test_one_oversight_member_may_not_lift_alone(impose: MoratoriumFactory, staff: Staff) -> None:
    moratorium = impose(selector=NARROW)

    with pytest.raises(NotPermittedForRole, match="different"):
        services.lift_moratorium(moratorium, lifters=(staff.oversight[0], staff.oversight[0]))


def test_a_moratorium_is_lifted_once(impose: MoratoriumFactory, staff: Staff) -> None:
    moratorium = impose(selector=NARROW)
    services.lift_moratorium(moratorium, lifters=staff.oversight)

    with pytest.raises(AlreadyEnded):
        services.lift_moratorium(moratorium, lifters=staff.oversight)


def test_the_database_itself_asks_for_two_lifters(impose: MoratoriumFactory, staff: Staff) -> None:
    moratorium = impose(selector=NARROW)

    with pytest.raises(IntegrityError, match="lifted_by_two"), transaction.atomic(using="officer"):
        Moratorium.objects.using("officer").filter(id=moratorium.id).update(
            lifted_at=ledger.database_now(), lifter_1=staff.oversight[0], lifter_2=staff.oversight[0]
        )


def test_one_extends_a_moratorium_and_nobody_shortens_it(impose: MoratoriumFactory, staff: Staff) -> None:
    board = staff.oversight[0]
    soon, later = (ledger.database_now() + timedelta(days=days) for days in (1, 30))
    moratorium = impose(selector=NARROW, effective_until=soon)
    before = _epoch()

    extended = services.extend_moratorium(moratorium.id, until=later, reason="No law yet.", by=board)

    assert (extended.effective_until, _epoch()) == (later, before + 1)
    (event,) = (
        entry.content["data"]
        for entry in AuditEntry.objects.using("officer").filter(kind="event", tenant_id=None).order_by("-ins_id")[:5]
        if entry.content["action"] == "moratorium:extended"
    )
    assert (event["from"], event["until"]) == (soon.isoformat(), later.isoformat())
    with pytest.raises(NotPermittedForRole):
        services.extend_moratorium(moratorium.id, until=None, reason="x", by=staff.officers[0])
    for shorter in (soon, later):
        with pytest.raises(InvalidRequest, match="takes two"):
            services.extend_moratorium(moratorium.id, until=shorter, reason="x", by=board)
    services.extend_moratorium(moratorium.id, until=None, reason="Until there is one.", by=board)
    with pytest.raises(InvalidRequest, match="takes two"):
        services.extend_moratorium(moratorium.id, until=later, reason="x", by=board)
    services.lift_moratorium(moratorium, lifters=staff.oversight)
    with pytest.raises(AlreadyEnded):
        services.extend_moratorium(moratorium.id, until=None, reason="x", by=board)


def test_a_window_that_is_over_is_not_opened_again(impose: MoratoriumFactory, staff: Staff) -> None:
    now = ledger.database_now()
    begun = now - timedelta(hours=2)
    over = impose(selector=NARROW, effective_from=begun, effective_until=now - timedelta(hours=1))

    with pytest.raises(AlreadyEnded):
        services.extend_moratorium(over.id, until=None, reason="x", by=staff.oversight[0])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"categories": []}, "never changes"),
        ({"reason": "another"}, "never changes"),
        ({"effective_until": datetime(2030, 1, 1, tzinfo=UTC)}, "never shortened"),
    ],
)
def test_the_database_itself_keeps_a_moratorium_as_it_is(
    impose: MoratoriumFactory, change: dict[str, Any], words: str
) -> None:
    moratorium = impose(selector=NARROW)

    with pytest.raises(IntegrityError, match=words), transaction.atomic(using="officer"):
        Moratorium.objects.using("officer").filter(id=moratorium.id).update(**change)


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE governance_approval SET expires_at = expires_at + interval '1 year' WHERE tenant_id = %s", "never"),
        ("UPDATE governance_approval SET operations = '{search}' WHERE tenant_id = %s", "never"),
        ("UPDATE governance_approval SET revoked_at = NULL WHERE tenant_id = %s", "stays ended"),
        ("UPDATE governance_suspension SET target_id = gen_random_uuid() WHERE tenant_id = %s", "never"),
        ("UPDATE governance_suspension SET lifted_at = NULL WHERE tenant_id = %s", "stays ended"),
    ],
)
def test_the_database_itself_keeps_what_was_decided(alice: Player, staff: Staff, statement: str, words: str) -> None:
    """Also of the role that the officers' pages use: no row is edited in the place of two signatures."""
    officer, target = staff.officers[0], Suspension.Target.ORGANISATION
    suspension = services.suspend(
        alice.tenant.id, target=target, target_id=alice.tenant.id, reason="test", imposed_by=staff.oversight[0]
    )
    services.lift_suspension(suspension, lifters=staff.oversight)
    services.revoke_approval(Approval.objects.using("officer").get(tenant_id=alice.tenant.id), officer=officer)

    with (
        pytest.raises(IntegrityError, match=words),
        transaction.atomic(using="officer"),
        connections["officer"].cursor() as cursor,
    ):
        cursor.execute(statement, [alice.tenant.id])


def test_every_change_raises_the_epoch_by_one(impose: MoratoriumFactory, staff: Staff) -> None:
    before = _epoch()
    moratorium = impose(selector=NARROW)
    assert _epoch() == before + 1
    services.lift_moratorium(moratorium, lifters=staff.oversight)

    assert _epoch() == before + 2


@pytest.mark.parametrize("epoch", ["epoch - 1", "epoch + 2", "epoch"])
def test_the_epoch_cannot_be_set_to_anything_else(epoch: str) -> None:
    with (
        pytest.raises(DatabaseError, match="grows by one"),
        transaction.atomic(using="officer"),
        connections["officer"].cursor() as cursor,
    ):
        cursor.execute(f"UPDATE governance_policyepoch SET epoch = {epoch}")


def test_the_application_role_cannot_change_what_is_allowed(alice: Player) -> None:
    for statement in (
        "UPDATE governance_policyepoch SET epoch = epoch + 1",
        "DELETE FROM governance_moratorium",
        "UPDATE governance_approval SET expires_at = 'infinity'",
        "UPDATE governance_suspension SET lifted_at = now()",
        "INSERT INTO governance_policyversion VALUES (9, '{}', 'x', 'a', 'b', now(), now())",
    ):
        with (
            pytest.raises(DatabaseError, match="permission denied"),
            tenant_scope(alice.tenant.id),
            connections["default"].cursor() as cursor,
        ):
            cursor.execute(statement)


def test_a_policy_version_never_changes() -> None:
    version = PolicyVersion.objects.using("officer").latest("version")

    for statement in (
        f"UPDATE governance_policyversion SET author = 'x' WHERE version = {version.version}",
        "DELETE FROM governance_policyversion",
    ):
        with (
            pytest.raises(DatabaseError, match="permission denied"),
            transaction.atomic(using="officer"),
            connections["officer"].cursor() as cursor,
        ):
            cursor.execute(statement)


def test_publishing_the_policy_in_force_changes_nothing() -> None:
    before = _epoch()

    version = services.publish_policy(dict(DEFAULT_POLICY_BODY), author="a", approver="b")

    assert _epoch() == before
    assert version == DEFAULT_POLICY_BODY["version"]


def test_an_approval_lasts_twelve_months_at_most(alice: Player, staff: Staff) -> None:
    use = services.ApprovedUse(
        purposes=[Purpose.PHOTO_ORGANISATION],
        operations=[Operation.DETECT],
        jurisdictions=["US"],
        end_users=[CustomerCategory.PERSONAL],
        engine_versions=[],
    )

    with pytest.raises(InvalidRequest):
        services.grant_approval(
            alice.tenant.id,
            use=use,
            expires_at=ledger.database_now() + timedelta(days=400),
            approvers=staff.officers,
        )


def _use(*operations: Operation) -> services.ApprovedUse:
    return services.ApprovedUse(
        purposes=[Purpose.PHOTO_ORGANISATION],
        operations=operations,
        jurisdictions=["US"],
        end_users=[CustomerCategory.CONSUMER_SOFTWARE],
        engine_versions=[],
    )


def _is_allowed(player: Player, operation: Operation) -> bool:
    resource = gate.ResourceRef("collection", None, player.tenant.id)
    return gate.authorise(gate.AccessRequest(actor=player.actor, operation=operation, resource=resource)).is_allowed


def test_a_new_approval_ends_the_one_before_and_says_so(alice: Player, staff: Staff) -> None:
    old = Approval.objects.using("officer").get(tenant_id=alice.tenant.id)
    assert _is_allowed(alice, Operation.DETECT)

    narrow = services.grant_approval(
        alice.tenant.id,
        use=_use(Operation.ADMINISTER),
        expires_at=ledger.database_now() + timedelta(days=1),
        approvers=staff.officers,
    )

    assert (_is_allowed(alice, Operation.DETECT), _is_allowed(alice, Operation.ADMINISTER)) == (False, True)
    old.refresh_from_db(using="officer")
    assert old.revoked_at == narrow.valid_from
    with tenant_scope(alice.tenant.id):
        ended = [entry.content for entry in AuditEntry.objects.filter(tenant_id=alice.tenant.id, kind="event")]
    ended = [content for content in ended if content["action"] == "approval:revoked"]
    assert [content["resource"]["id"] for content in ended] == [str(old.id)]
    assert ended[0]["data"]["superseded"] is True

    services.revoke_approval(narrow, officer=staff.officers[0])
    assert not _is_allowed(alice, Operation.ADMINISTER)


def test_a_new_approval_leaves_those_of_others_alone(alice: Player, mallory: Player, staff: Staff) -> None:
    until = ledger.database_now() + timedelta(days=1)

    services.grant_approval(alice.tenant.id, use=_use(Operation.ADMINISTER), expires_at=until, approvers=staff.officers)

    assert _is_allowed(mallory, Operation.DETECT)


def test_the_database_itself_holds_one_approval_in_force(alice: Player, staff: Staff) -> None:
    second = Approval(
        tenant_id=alice.tenant.id,
        valid_from=ledger.database_now(),
        expires_at=ledger.database_now() + timedelta(days=1),
        approver_1=staff.officers[0],
        approver_2=staff.officers[1],
        **_use(Operation.DETECT).columns(),
    )

    with pytest.raises(IntegrityError, match="one_in_force"), transaction.atomic(using="officer"):
        second.save(using="officer", force_insert=True)


def test_an_exemption_must_state_its_scope(alice: Player, impose: MoratoriumFactory, staff: Staff) -> None:
    with pytest.raises(InvalidRequest):
        services.grant_exemption(
            impose(selector=NARROW),
            tenant_id=alice.tenant.id,
            purposes=[],
            operations=[Operation.SEARCH],
            end_users=[CustomerCategory.PERSONAL],
            expires_at=ledger.database_now() + timedelta(days=1),
            approvers=staff.officers,
        )


@pytest.mark.parametrize(
    "selector",
    [{"categories": ["martians"]}, {"purposes": ["fun"]}, {"operations": ["hug"]}, {"jurisdictions": ["ATLANTIS"]}],
)
def test_a_selector_knows_the_vocabulary_only(selector: dict[str, list[str]]) -> None:
    with pytest.raises(InvalidRequest, match="Unknown"):
        services.Selector(**selector)  # type: ignore[arg-type]


def test_a_new_policy_is_published_for_a_date_and_recorded(alice: Player) -> None:
    """Far in the future, so that it is never in force here."""
    body = {"version": 9_999, "rules": [*DEFAULT_POLICY_BODY["rules"][1:], DEFAULT_POLICY_BODY["rules"][0]]}
    begins = ledger.database_now() + timedelta(days=36_500)
    before = _epoch()

    version = services.publish_policy(body, author="author", approver="approver", effective_from=begins)
    again = services.publish_policy(body, author="somebody", approver="else")

    published = PolicyVersion.objects.using("officer").get(version=version)
    assert version == again >= 9_999
    assert (published.author, published.approver, published.effective_from) == ("author", "approver", begins)
    assert _epoch() == before + 1
    event = AuditEntry.objects.using("officer").filter(kind="event").order_by("-ins_id")[0].content
    assert (event["action"], event["data"]["digest"]) == ("policy:published", published.digest)


def test_nobody_approves_a_policy_of_their_own() -> None:
    body = {"version": 9_998, "rules": DEFAULT_POLICY_BODY["rules"][::-1]}

    with pytest.raises(IntegrityError, match="author_is_not_approver"):
        services.publish_policy(
            body, author="one", approver="one", effective_from=ledger.database_now() + timedelta(days=36_500)
        )


def test_the_command_publishes_what_is_shipped() -> None:
    with io.StringIO() as output:
        call_command("publish_policy", stdout=output)
        said = output.getvalue()

    assert said == f"Policy version {DEFAULT_POLICY_BODY['version']} is published.\n"


def test_one_officer_takes_an_approval_back_at_once_and_once(make_player: PlayerFactory, staff: Staff) -> None:
    player = make_player()
    approval = Approval.objects.using("officer").get(tenant_id=player.tenant.id)
    assert player.client.get("/v1/jobs").status_code == 200
    with pytest.raises(NotPermittedForRole):
        services.revoke_approval(approval, officer=staff.oversight[0])

    services.revoke_approval(approval, officer=staff.officers[0])

    refused = player.client.get("/v1/jobs")
    assert refused.status_code == 403
    assert "VET-001" in {rule["id"] for rule in refused.json()["rules"]}
    with pytest.raises(AlreadyEnded):
        services.revoke_approval(approval, officer=staff.officers[0])


def test_a_suspended_key_stops_alone_until_two_lift_it(alice: Player, staff: Staff) -> None:
    suspension = services.suspend(
        alice.tenant.id,
        target=Suspension.Target.KEY,
        target_id=alice.key_id,
        reason="test",
        imposed_by=staff.oversight[0],
    )

    assert [rule["id"] for rule in alice.client.get("/v1/jobs").json()["rules"]] == ["SUS-001"]
    with pytest.raises(NotPermittedForRole):
        services.lift_suspension(suspension, lifters=(staff.oversight[0], staff.officers[0]))
    services.lift_suspension(suspension, lifters=staff.oversight)

    assert alice.client.get("/v1/jobs").status_code == 200
    with pytest.raises(AlreadyEnded):
        services.lift_suspension(suspension, lifters=staff.oversight)


def test_no_instance_without_a_policy_allows_anything(alice: Player, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selectors, "_SNAPSHOT", selectors._SNAPSHOT.replace("ORDER BY version DESC", "AND false"))

    response = alice.client.get("/v1/jobs")

    assert (response.status_code, response.json()["code"]) == (503, "policy-missing")
