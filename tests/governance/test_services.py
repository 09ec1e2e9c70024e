"""Stopping takes one person, resuming two; what is written cannot be bad."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, connections, transaction

from common.context import tenant_scope
from common.errors import InvalidRequest
from common.vocabulary import CustomerCategory, Operation, Purpose
from governance import services
from governance.audit import ledger
from governance.catalogue import DEFAULT_POLICY_BODY
from governance.errors import AlreadyEnded, NotPermittedForRole
from governance.models import Moratorium, PolicyEpoch, PolicyVersion
from tests.worlds import MoratoriumFactory, Player, Staff

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
    assert PolicyVersion.objects.using("officer").latest("version").version == version


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
