"""Fixtures: tenants with approvals and keys, staff, HTTP clients, moratoria that end with their test."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from rest_framework.test import APIClient

from common.context import Actor, ActorKind, Usage
from common.ids import new_id
from common.permits import Permit, mint_permit
from common.vocabulary import (
    PERSONAL,
    Attestation,
    CustomerCategory,
    OffenceClass,
    Operation,
    Purpose,
    StaffRole,
)
from governance import services as governance
from governance.audit import ledger
from governance.casework import cases
from governance.models import Moratorium
from tenants import services as tenants
from tenants.models import Tenant, User
from tests.conformance import ConformingClient

ALL_OPERATIONS = tuple(operation for operation in Operation if operation not in PERSONAL)
USAGES = {
    CustomerCategory.CONSUMER_SOFTWARE: Purpose.PHOTO_ORGANISATION,
    CustomerCategory.IDENTITY_VERIFICATION: Purpose.IDENTITY_VERIFICATION,
    CustomerCategory.VICTIM_RESCUE_NGO: Purpose.VICTIM_IDENTIFICATION,
    CustomerCategory.LAW_ENFORCEMENT: Purpose.CRIMINAL_INVESTIGATION,
}


@dataclass(frozen=True, slots=True)
class Staff:
    officers: tuple[User, User]
    oversight: tuple[User, User]


@dataclass(frozen=True, slots=True)
class Player:
    """A tenant with one approved key: `actor` for services, `client` for HTTP, `pair` for AWS Signature Version 4."""

    tenant: Tenant
    actor: Actor
    key_id: uuid.UUID
    token: str
    pair: tuple[str, str]

    @property
    def client(self) -> APIClient:
        case = self.actor.usage.case_ref
        return client_with(self.token, **({"HTTP_CUSTOS_CASE": case} if case else {}))


def in_case(player: Player, *, reference: str = "2026-0117", **changes: Any) -> Player:
    """Open a case of the player's purpose; return the player as its requests name it."""
    usage = player.actor.usage
    described: dict[str, Any] = {
        "purpose": Purpose(usage.purpose or ""),
        "offence_class": OffenceClass.SERIOUS,
        "rationale": "Somebody was last seen near the station.",
    }
    case = cases.open_case(player.actor, reference=reference, **{**described, **changes})
    return replace(player, actor=replace(player.actor, usage=replace(usage, case_ref=case.reference)))


@dataclass(frozen=True, slots=True)
class World:
    """Two tenants of one category that must never meet, and the staff."""

    alice: Player
    mallory: Player
    staff: Staff


def client_with(token: str, **headers: str) -> APIClient:
    client = ConformingClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}", **headers)
    return client


@pytest.fixture(scope="session")
def staff(django_db_setup: None) -> Staff:
    """Two officers and two oversight members, once a process."""
    return new_staff()


def new_staff() -> Staff:
    """Make them in the database in use."""

    def person(role: StaffRole) -> User:
        return tenants.create_staff(
            username=f"{role}-{new_id().hex[-12:]}", password="a long password", role=role, actor=ledger.SYSTEM
        )

    return Staff(
        officers=(person(StaffRole.OFFICER), person(StaffRole.OFFICER)),
        oversight=(person(StaffRole.OVERSIGHT), person(StaffRole.OVERSIGHT)),
    )


PlayerFactory = Callable[..., Player]


@pytest.fixture(scope="session")
def make_player(staff: Staff) -> PlayerFactory:
    """Make a tenant with a key; keyword arguments change what it is approved for."""
    return player_factory(staff)


def player_factory(staff: Staff) -> PlayerFactory:
    """Return what makes tenants that these officers approve, in the database in use."""

    def make(
        category: CustomerCategory = CustomerCategory.CONSUMER_SOFTWARE,
        *,
        approved: bool = True,
        end_users: tuple[CustomerCategory, ...] | None = None,
        on_behalf_of: CustomerCategory | None = None,
        purposes: tuple[Purpose, ...] | None = None,
        operations: tuple[Operation, ...] = ALL_OPERATIONS,
        engine_versions: tuple[str, ...] | None = None,
        attestations: tuple[Attestation, ...] = tuple(Attestation),
    ) -> Player:
        purposes = purposes or (USAGES[category],)
        slug = f"tenant-{new_id().hex[-12:]}"
        if category == CustomerCategory.VICTIM_RESCUE_NGO and on_behalf_of is None:
            on_behalf_of = category
        defaults = tenants.MemberDefaults(purpose=purposes[0], on_behalf_of=on_behalf_of, jurisdiction="US")
        tenant = tenants.create_tenant(slug, name=slug, category=category, actor=ledger.SYSTEM, defaults=defaults)
        binding = tenants.KeyBinding(
            operations=ALL_OPERATIONS,
            purposes=purposes,
            default_purpose=purposes[0],
            default_jurisdiction="US",
            default_on_behalf_of=on_behalf_of,
        )
        key = tenants.issue_api_key(tenant.id, label="test", binding=binding, actor=ledger.SYSTEM)
        if approved:
            use = governance.ApprovedUse(
                purposes=purposes,
                operations=operations,
                jurisdictions=["US"],
                end_users=end_users or (category,),
                engine_versions=engine_versions or current_engine_versions(),
                attestations=attestations,
            )
            expires_at = ledger.database_now() + timedelta(days=100)
            governance.grant_approval(tenant.id, use=use, expires_at=expires_at, approvers=staff.officers)
        usage = Usage(purposes[0].value, on_behalf_of.value if on_behalf_of else None, "US")
        pair = key.access_key_id, key.secret_access_key
        return Player(tenant, Actor(ActorKind.API_KEY, key.id, tenant.id, usage), key.id, key.token, pair)

    return make


def current_engine_versions() -> tuple[str, ...]:
    from recognition.engines import registry

    engine = registry.get("fake")
    return (engine.version, engine.attributes_version)


@pytest.fixture
def world(alice: Player, mallory: Player, staff: Staff) -> World:
    return World(alice, mallory, staff)


@pytest.fixture
def alice(make_player: PlayerFactory) -> Player:
    return make_player()


@pytest.fixture
def mallory(make_player: PlayerFactory) -> Player:
    return make_player()


MoratoriumFactory = Callable[..., Moratorium]


@pytest.fixture
def impose(staff: Staff) -> Iterator[MoratoriumFactory]:
    """Impose a moratorium that is lifted when the test ends."""
    imposed: list[Moratorium] = []

    def make(*, selector: governance.Selector, **fields: Any) -> Moratorium:
        moratorium = governance.impose_moratorium(
            selector=selector, reason="test", imposed_by=staff.oversight[0], **fields
        )
        imposed.append(moratorium)
        return moratorium

    yield make
    for moratorium in imposed:
        moratorium.refresh_from_db(using="officer")
        if moratorium.lifted_at is None:
            governance.lift_moratorium(moratorium, lifters=staff.oversight)


@pytest.fixture
def permit() -> Permit:
    """A permit for tests of engines and gallery alone; `tests/architecture/test_permits.py` allows it here."""
    return mint_permit(decision_id=new_id(), tenant_id=new_id(), operation="detect", epoch=1)


def permit_for(tenant_id: uuid.UUID, operation: Operation) -> Permit:
    """Return a permit for tests of the gallery alone."""
    return mint_permit(decision_id=new_id(), tenant_id=tenant_id, operation=operation, epoch=1)
