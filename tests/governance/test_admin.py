"""The administration shows staff what holds, through the officers' role, and lets nobody change it."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import AnonymousUser, Group
from django.test import Client, RequestFactory

from common.vocabulary import CustomerCategory
from governance import services
from governance.admin import ReadOnlyAdmin
from governance.audit import ledger
from governance.audit.models import AuditEntry
from governance.models import Approval, Moratorium, Suspension
from tests.people import make_staff, sign_in
from tests.worlds import MoratoriumFactory, Player, Staff

LABELS = ("accountability", "audit", "casework", "governance", "tenants", "vetting")
PAGES = {model: page for model, page in admin.site._registry.items() if isinstance(page, ReadOnlyAdmin)}


@pytest.fixture
def officer() -> Client:
    return sign_in(*make_staff())


def test_every_page_over_governance_and_log_is_read_only() -> None:
    shown = set(admin.site._registry)

    assert {model for model in shown if model._meta.app_label in LABELS} == set(PAGES)
    assert {AuditEntry, Moratorium, Approval, Suspension} <= set(PAGES)


def test_no_table_of_faces_is_shown() -> None:
    assert set(apps.get_app_config("recognition").get_models()) & set(admin.site._registry) == set()


def test_rights_come_from_roles_and_not_from_djangos_groups() -> None:
    assert Group not in admin.site._registry


@pytest.mark.parametrize("model", PAGES, ids=lambda model: model.__name__)
def test_it_reads_as_the_officer_and_offers_an_auditor_no_act(staff: Staff, model: type) -> None:
    request = RequestFactory().get("/")
    request.user = staff.officers[0].__class__(username="auditor", staff_role="auditor")
    page = PAGES[model]

    assert page.get_queryset(request).db == "officer"
    assert page.get_actions(request) == {}
    assert page.has_view_permission(request)
    assert page.has_module_permission(request)
    assert not any(
        may(request) for may in (page.has_add_permission, page.has_change_permission, page.has_delete_permission)
    )


def test_who_is_no_member_of_staff_or_no_longer_one_sees_nothing(staff: Staff) -> None:
    request = RequestFactory().get("/")
    page = PAGES[AuditEntry]
    gone = staff.officers[0].__class__(username="gone", staff_role="officer", is_active=False)
    nobody = staff.officers[0].__class__(username="nobody", staff_role="")

    for user in (gone, nobody, AnonymousUser()):
        request.user = user
        assert not page.has_view_permission(request)
        assert not page.has_module_permission(request)


def test_an_entry_of_the_log_can_be_read_and_not_changed(officer: Client, alice: Player) -> None:
    decision_id = alice.client.get("/v1/decisions")["Custos-Decision"]
    url = f"/admin/audit/auditentry/{decision_id}/change/"

    shown = officer.get(url)

    assert shown.status_code == 200
    assert "read_own_decisions" in shown.content.decode()
    assert officer.post(url, {"request_id": "forged"}).status_code == 403
    assert officer.post(f"/admin/audit/auditentry/{decision_id}/delete/", {"post": "yes"}).status_code == 403


def test_bulk_deletion_is_not_offered(officer: Client, impose: MoratoriumFactory) -> None:
    moratorium = impose(selector=services.Selector(categories=[CustomerCategory.HOUSING]))

    officer.post(
        "/admin/governance/moratorium/", {"action": "delete_selected", "_selected_action": [str(moratorium.id)]}
    )

    assert Moratorium.objects.using("officer").filter(id=moratorium.id).exists()


def test_suspensions_and_approvals_are_shown(officer: Client, alice: Player, staff: Staff) -> None:
    suspension = services.suspend(
        alice.tenant.id,
        target=Suspension.Target.KEY,
        target_id=alice.key_id,
        reason="a reason that staff should see",
        imposed_by=staff.oversight[0],
    )

    page = officer.get(f"/admin/governance/suspension/{suspension.id}/change/")

    assert "a reason that staff should see" in page.content.decode()
    assert alice.tenant.slug in officer.get("/admin/governance/approval/").content.decode()
    assert ledger.database_now() > suspension.imposed_at
