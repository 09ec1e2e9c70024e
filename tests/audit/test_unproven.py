"""AUD-002 from end to end: a log that is not being proven stops what weighs most, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connections

from common.vocabulary import Operation
from governance import gate
from governance.audit import staleness
from tests.audit.own_log import OwnLog, own_log
from tests.conftest import admin_connection
from tests.people import make_staff, sign_in
from tests.worlds import Player, new_staff, player_factory

NEVER = 10**7


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory, worker_name: str, django_db_setup: None) -> Iterator[OwnLog]:
    """A log with a registered witness, everything in it sequenced and cosigned."""
    with own_log(tmp_path_factory.mktemp("unproven"), name=f"custos_unproven_{worker_name}") as log:
        log.use(2)
        log.sequence()
        yield log


@pytest.fixture(scope="module")
def player(log: OwnLog) -> Player:
    return player_factory(new_staff())()


def _asked(player: Player, operation: Operation) -> list[str]:
    request = gate.AccessRequest(
        actor=player.actor,
        operation=operation,
        resource=gate.ResourceRef("collection", None, player.tenant.id),
        engine_version="fake@1",
        gallery_size=1,
        false_match_rate=lambda similarity: 0.0,
    )
    fired = gate.authorise(request).verdict.fired
    return [rule.reason for rule in fired if rule.id == "AUD-002"]


def _reads(player: Player) -> tuple[int, int, str]:
    """Reading goes on, and so does readiness, which says how the log is."""
    ready = player.client.get("/health/ready")
    return player.client.get("/v1/collections").status_code, ready.status_code, ready.json()["parts"]["audit_log"]


def test_with_both_up_to_date_it_stops_nothing(log: OwnLog, player: Player, settings: Any) -> None:
    settings.CUSTOS_WITNESS_REQUIRED = True
    log.sequence()

    assert _asked(player, Operation.ENROL) == []
    assert _reads(player) == (200, 200, "ok")


def test_a_sequencer_that_is_behind_stops_them(log: OwnLog, player: Player, settings: Any) -> None:
    log.sequence()
    log.use(1)
    settings.CUSTOS_SEQUENCER_LAG_SECONDS = 0

    refused = player.client.post("/v1/collections/any/search", {"image": {"bytes": "AA=="}}, format="json")

    assert _asked(player, Operation.SEARCH) == _asked(player, Operation.ENROL) != []
    assert "its sequencer has not kept up" in _asked(player, Operation.ENROL)[0]
    assert refused.status_code == 404  # what is not there is not searched, whatever the log's state
    assert _reads(player) == (200, 200, "behind")


def test_a_witness_that_is_behind_stops_them_until_it_cosigns(log: OwnLog, player: Player, settings: Any) -> None:
    log.sequence()
    log.use(1)
    log.sequence(cosigned=False)
    settings.CUSTOS_SEQUENCER_LAG_SECONDS = NEVER
    settings.CUSTOS_WITNESS_LAG_SECONDS = 0

    created = player.client.post("/v1/collections", {"name": "while-unwitnessed"}, format="json")
    stopped = _asked(player, Operation.SEARCH)
    log.sequence()
    settings.CUSTOS_WITNESS_LAG_SECONDS = NEVER

    assert created.status_code == 201  # making a collection finds nobody
    assert ["its witness has not kept up" in reason for reason in stopped] == [True]
    assert _asked(player, Operation.SEARCH) == []


@pytest.mark.parametrize(("is_required", "stops"), [(True, ["witness"]), (False, [])])
def test_without_a_witness_the_operator_says_whether_one_is_needed(
    log: OwnLog, player: Player, settings: Any, is_required: bool, stops: list[str]
) -> None:
    settings.CUSTOS_WITNESS_REQUIRED = is_required
    with admin_connection(log.database) as admin:
        admin.execute("ALTER TABLE audit_signing_key DISABLE TRIGGER ALL")
        kept = admin.execute("DELETE FROM audit_signing_key WHERE use = 'witness' RETURNING *").fetchall()
    try:
        assert staleness.stale_parts() == stops
        assert len(_asked(player, Operation.ENROL)) == len(stops)
        assert _reads(player)[:2] == (200, 200)
    finally:
        with admin_connection(log.database) as admin:
            for row in kept:
                admin.execute("INSERT INTO audit_signing_key VALUES (%s, %s, %s)", row)
            admin.execute("ALTER TABLE audit_signing_key ENABLE ALWAYS TRIGGER audit_signing_key_no_change")
            admin.execute("ALTER TABLE audit_signing_key ENABLE ALWAYS TRIGGER audit_signing_key_no_truncate")


def test_the_oldest_is_found_by_the_index_whatever_the_server_thinks_of_the_queue(log: OwnLog) -> None:
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT proconfig FROM pg_proc WHERE proname = 'audit_stale_parts'")
        assert cursor.fetchone() == (["enable_seqscan=off"],)


def test_the_administration_says_what_is_stopped(log: OwnLog, settings: Any) -> None:
    officer = sign_in(*make_staff())
    page = "/admin/audit/auditentry/state/"
    before = officer.get(page).content.decode()
    settings.CUSTOS_SEQUENCER_LAG_SECONDS = 0

    after = officer.get(page).content.decode()

    assert "Not stopped by the state of the log" in before
    assert "<strong>Stopped</strong>: the log's sequencer has not kept up." in after
