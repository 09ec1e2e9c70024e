"""A tenant's rows are reached inside its scope and nowhere else, however scopes, savepoints and threads are mixed."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import DatabaseError, close_old_connections, connections, transaction

from common import context
from common.context import Actor, ActorKind, TenantScopeError, Usage, run_in_tenant_scope, task_tenant_id, tenant_scope
from tests.worlds import World


def _tenants() -> set[uuid.UUID]:
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT id FROM tenants_tenant")
        return {row[0] for row in cursor.fetchall()}


def _label(tenant_id: uuid.UUID, label: str) -> None:
    """Give the tenant's keys a label."""
    with connections["default"].cursor() as cursor:
        cursor.execute("UPDATE tenants_apikey SET label = %s WHERE tenant_id = %s", [label, tenant_id])


def _labels(tenant_id: uuid.UUID) -> set[str]:
    with tenant_scope(tenant_id), connections["default"].cursor() as cursor:
        cursor.execute("SELECT label FROM tenants_apikey")
        return {label for (label,) in cursor.fetchall()}


def _assert_that_no_scope_is_open() -> None:
    with pytest.raises(DatabaseError, match=r"app\.tenant|invalid input syntax"), transaction.atomic():
        _tenants()


def test_a_query_outside_a_scope_raises(world: World) -> None:
    _assert_that_no_scope_is_open()


def test_it_shows_the_tenants_own_row(world: World) -> None:
    for player in (world.alice, world.mallory):
        with tenant_scope(player.tenant.id):
            assert _tenants() == {player.tenant.id}


def test_a_scope_ends_with_its_block(world: World) -> None:
    with tenant_scope(world.alice.tenant.id):
        pass

    _assert_that_no_scope_is_open()


def test_a_scope_ends_with_an_error_too(world: World) -> None:
    with pytest.raises(ZeroDivisionError), tenant_scope(world.alice.tenant.id):
        raise ZeroDivisionError

    _assert_that_no_scope_is_open()
    with tenant_scope(world.mallory.tenant.id):
        assert _tenants() == {world.mallory.tenant.id}


@pytest.mark.parametrize("error", [None, ZeroDivisionError])
def test_a_scope_that_is_a_savepoint_does_not_outlive_it(world: World, error: type[Exception] | None) -> None:
    with transaction.atomic():
        try:
            with tenant_scope(world.alice.tenant.id):
                assert _tenants() == {world.alice.tenant.id}
                if error is not None:
                    raise error
        except ZeroDivisionError:
            assert error is not None

        _assert_that_no_scope_is_open()
        with tenant_scope(world.mallory.tenant.id):
            assert _tenants() == {world.mallory.tenant.id}


def test_another_tenants_scope_cannot_be_opened_inside(world: World) -> None:
    with tenant_scope(world.alice.tenant.id):
        with pytest.raises(TenantScopeError), tenant_scope(world.mallory.tenant.id):
            pytest.fail("the scope was opened")

        assert _tenants() == {world.alice.tenant.id}


def test_an_inner_scope_of_the_same_tenant_is_a_savepoint(world: World) -> None:
    tenant_id = world.alice.tenant.id

    with tenant_scope(tenant_id):
        _label(tenant_id, "outer")
        with pytest.raises(ZeroDivisionError), tenant_scope(tenant_id):
            _label(tenant_id, "inner")
            raise ZeroDivisionError
        assert _tenants() == {tenant_id}

    assert _labels(tenant_id) == {"outer"}


def test_leaving_an_inner_scope_leaves_the_outer_one_open(world: World) -> None:
    with tenant_scope(world.alice.tenant.id):
        with tenant_scope(world.alice.tenant.id):
            pass
        assert _tenants() == {world.alice.tenant.id}
        with pytest.raises(TenantScopeError), tenant_scope(world.mallory.tenant.id):
            pass


def test_an_error_takes_back_what_was_written(world: World) -> None:
    with pytest.raises(ZeroDivisionError), tenant_scope(world.alice.tenant.id):
        _label(world.alice.tenant.id, "never")
        raise ZeroDivisionError

    assert _labels(world.alice.tenant.id) == {"test"}


_RENAME = "UPDATE tenants_apikey SET label = %s WHERE tenant_id = %s"


def test_statements_on_their_own_reach_the_rows_of_their_tenant_alone(world: World) -> None:
    alice, mallory = world.alice.tenant.id, world.mallory.tenant.id
    before = _labels(mallory)

    run_in_tenant_scope(alice, f"{_RENAME}; {_RENAME}", ["hers", alice, "stolen", mallory])

    assert (_labels(alice), _labels(mallory)) == ({"hers"}, before)
    _assert_that_no_scope_is_open()


def test_an_error_takes_back_all_statements_of_a_message(world: World) -> None:
    alice = world.alice.tenant.id
    before = _labels(alice)

    with pytest.raises(DatabaseError):
        run_in_tenant_scope(alice, f"{_RENAME}; SELECT 1 / 0", ["lost", alice])

    assert _labels(alice) == before
    _assert_that_no_scope_is_open()


def test_statements_on_their_own_are_refused_inside_a_transaction(world: World) -> None:
    with tenant_scope(world.alice.tenant.id), pytest.raises(TenantScopeError):
        run_in_tenant_scope(world.alice.tenant.id, "SELECT 1", [])


def test_threads_have_scopes_of_their_own(world: World) -> None:
    def look(player_id: uuid.UUID) -> list[set[uuid.UUID]]:
        try:
            seen = []
            for _ in range(10):
                with tenant_scope(player_id):
                    seen.append(_tenants())
            return seen
        finally:
            connections.close_all()

    ids = [world.alice.tenant.id, world.mallory.tenant.id] * 2
    with tenant_scope(world.alice.tenant.id), ThreadPoolExecutor(4) as pool:
        found = list(pool.map(look, ids))

    assert found == [[{tenant_id}] * 10 for tenant_id in ids]


def test_a_kept_connection_has_no_tenant_for_the_next_request(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The setting is the transaction's, whether it ends well or not."""
    monkeypatch.setitem(connections["default"].settings_dict, "CONN_MAX_AGE", None)  # as in the web server
    connections["default"].close()
    look = "SELECT current_setting('app.tenant', true), pg_backend_pid()"
    with connections["default"].cursor() as cursor:
        cursor.execute(look)
        _, backend = cursor.fetchone()
    with tenant_scope(world.alice.tenant.id):
        pass
    with pytest.raises(ZeroDivisionError), tenant_scope(world.alice.tenant.id):
        raise ZeroDivisionError
    close_old_connections()  # as a server does between requests

    with connections["default"].cursor() as cursor:
        cursor.execute(look)
        setting, after = cursor.fetchone()
    assert after == backend
    assert setting in (None, "")


def test_a_tenant_that_is_no_uuid_opens_no_scope() -> None:
    with pytest.raises(AttributeError), tenant_scope("x'; DROP TABLE tenants_tenant; --"):  # type: ignore[arg-type]
        raise AssertionError("There is no scope.")

    _assert_that_no_scope_is_open()


def test_a_task_without_a_tenant_has_none() -> None:
    with pytest.raises(TenantScopeError, match="carries no tenant"):
        task_tenant_id()


def test_a_task_has_the_tenant_it_was_bound_to(world: World) -> None:
    context.bind_task_tenant(world.alice.tenant.id)
    try:
        assert task_tenant_id() == world.alice.tenant.id
    finally:
        context.bind_task_tenant(None)


def test_an_actor_is_what_the_rest_framework_asks_of_a_user() -> None:
    actor = Actor(ActorKind.API_KEY, uuid.uuid4(), uuid.uuid4(), Usage(None, None, None))

    assert actor.is_authenticated is True
    assert actor.pk == actor.id
