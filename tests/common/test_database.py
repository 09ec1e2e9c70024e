"""A thread of the web server keeps its connection, and notices without asking the server that it has ended."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import OperationalError, close_old_connections, connections, transaction

from common.context import tenant_scope
from tests.conftest import admin_connection
from tests.worlds import Player


def _backend() -> int:
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def _end(backend: int) -> None:
    with admin_connection() as admin:
        admin.execute("SELECT pg_terminate_backend(%s, 5000)", [backend])


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The backend of a connection that was made anew, as in the web server; the next test has one of its own."""
    monkeypatch.setitem(connections["default"].settings_dict, "CONN_MAX_AGE", None)
    connections["default"].close()
    yield _backend()
    connections["default"].close()


def test_an_idle_connection_is_usable_and_kept(kept: int) -> None:
    assert connections["default"].is_usable()

    connections["default"].close_if_unusable_or_obsolete()

    assert _backend() == kept


def test_no_connection_is_not_usable() -> None:
    connections["default"].close()

    assert not connections["default"].is_usable()


def test_one_that_the_server_has_ended_is_not_usable(kept: int) -> None:
    _end(kept)

    assert not connections["default"].is_usable()


def test_one_in_a_transaction_is_not_to_be_used_by_the_next(kept: int) -> None:
    with transaction.atomic():
        assert _backend() == kept
        assert not connections["default"].is_usable()

    assert connections["default"].is_usable()


def test_the_first_request_after_the_end_of_a_connection_does_not_notice(alice: Player, kept: int) -> None:
    assert alice.client.get("/v1/collections").status_code == 200
    assert _backend() == kept
    _end(kept)
    close_old_connections()  # as a server does before each request, and the test client does not

    assert alice.client.get("/v1/collections").status_code == 200


def test_a_scope_on_a_connection_that_has_just_ended_is_an_error_of_the_database(alice: Player, kept: int) -> None:
    _end(kept)

    with pytest.raises(OperationalError), tenant_scope(alice.tenant.id):
        raise AssertionError("There is no scope.")

    with tenant_scope(alice.tenant.id):
        assert _backend() != kept
