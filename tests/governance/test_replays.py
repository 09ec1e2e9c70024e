"""Replays for staff: asked for in the administration, done in steps, and the same under the same rules."""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from celery import current_app
from django.test import Client
from kombu.exceptions import OperationalError as BrokerError

from common.vocabulary import StaffRole
from governance import replays
from governance.audit import ledger
from governance.errors import NotPermittedForRole
from governance.models import ChangeRequest, PolicyReplay, PolicyVersion
from governance.policies import PolicyInvalid
from governance.selectors import load_policy
from governance.services import publish_shipped_policy
from governance.tasks import run_replay, send_replays
from recognition.engines.fake import face_picture
from tests.governance.policy_facts import make_body
from tests.people import make_staff, sign_in
from tests.worlds import Player, PlayerFactory, Staff

STATEMENT = {"reason": "It is right.", "interest": "none", "has_no_conflict": "on"}


@pytest.fixture(autouse=True)
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Keep what is sent to workers."""
    ids: list[str] = []
    monkeypatch.setattr(current_app, "send_task", lambda name, args, retry: ids.extend(args))
    return ids


@pytest.fixture
def oversight() -> Client:
    return sign_in(*make_staff(StaffRole.OVERSIGHT))


@pytest.fixture
def world(alice: Player, make_player: PlayerFactory) -> Player:
    """Decisions that allowed and such that refused, of two organisations."""
    unvetted = make_player(approved=False)
    for player, image in ((alice, face_picture(1)), (alice, face_picture(2)), (unvetted, face_picture(1))):
        player.client.post("/v1/detect", {"image": _encoded(image)}, format="json")
    return alice


def _encoded(image: bytes) -> dict[str, str]:
    return {"bytes": base64.b64encode(image).decode()}


def _shipped_rules() -> list[dict[str, Any]]:
    version = publish_shipped_policy()
    assert load_policy(version).version == version
    rules: list[dict[str, Any]] = PolicyVersion.objects.using("officer").get(version=version).body["rules"]
    return rules


def _run(staff: Staff, rules: list[dict[str, Any]]) -> PolicyReplay:
    replay = replays.request_replay(title="tried", rules=rules, days=30, requested_by=staff.oversight[0])
    run_replay(str(replay.id))
    replay.refresh_from_db(using="officer")
    return replay


def test_under_the_same_version_nothing_would_have_been_otherwise(world: Player, staff: Staff) -> None:
    replay = _run(staff, _shipped_rules())

    assert replay.status == "succeeded" and replay.result is not None
    assert replay.result["n_replayed"] == replay.done == replay.total >= 3
    assert replay.result["is_complete"] is True
    # Other tests of this process decided under other rules, and wrote decisions that no gate made.
    for side in ("newly_denied", "newly_allowed"):
        assert str(world.tenant.id) not in replay.result[side]["by_organisation"]


def test_it_counts_by_rule_organisation_and_purpose(
    world: Player, staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replays, "STEP", 2)
    result = _run(staff, make_body(ALW_001=None)["rules"]).result

    assert result is not None
    denied = result["newly_denied"]
    assert denied["by_rule"]["ALW-001"] >= 2
    assert denied["by_organisation"][str(world.tenant.id)] == 2
    assert denied["by_purpose"]["photo_organisation"] >= 2
    assert str(world.tenant.id) not in result["newly_allowed"]["by_organisation"]


def test_what_ended_is_not_done_again_and_what_waits_is_sent_again(
    world: Player, staff: Staff, sent: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    done = _run(staff, _shipped_rules())
    monkeypatch.setattr(replays, "_replay", lambda _: pytest.fail("it has ended"))
    run_replay(str(done.id))
    waiting = replays.request_replay(title="waits", rules=_shipped_rules(), days=1, requested_by=staff.oversight[0])
    assert sent == [str(done.id), str(waiting.id)]
    PolicyReplay.objects.using("officer").filter(id=waiting.id).update(
        requested_at=ledger.database_now().replace(year=2020)
    )

    send_replays()

    assert sent[2:].count(str(waiting.id)) == 1


def test_one_of_the_oversight_cancels_and_the_worker_notices_at_its_next_step(
    world: Player, staff: Staff, oversight: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = replays.request_replay(title="long", rules=_shipped_rules(), days=30, requested_by=staff.oversight[0])
    address = f"/admin/governance/policyreplay/{running.id}/cancel/"
    officer = sign_in(*make_staff(StaffRole.OFFICER))
    assert officer.get(address).status_code == officer.post(address, {"sure": "1"}).status_code == 403
    assert address in oversight.get(f"/admin/governance/policyreplay/{running.id}/change/").content.decode()
    steps = replays._steps

    def cancelled_meanwhile(since: datetime) -> Iterator[Any]:
        for step in steps(since):
            assert oversight.post(address, {"sure": "1"}).status_code == 302
            yield step
            pytest.fail("it went on")

    monkeypatch.setattr(replays, "_steps", cancelled_meanwhile)
    run_replay(str(running.id))

    running.refresh_from_db(using="officer")
    assert (running.status, running.result) == ("cancelled", None)
    assert running.finished_at is not None
    page = oversight.get(f"/admin/governance/policyreplay/{running.id}/change/")
    assert "Refresh" not in page.headers and "/cancel/" not in page.content.decode()
    assert "This has ended already" in oversight.post(address, {"sure": "1"}).content.decode()


def test_rules_that_are_none_are_refused_and_a_replay_of_them_fails(staff: Staff) -> None:
    asked = {"title": "x", "days": 1}
    with pytest.raises(PolicyInvalid):
        replays.request_replay(rules=[{"id": "?"}], requested_by=staff.oversight[0], **asked)
    with pytest.raises(NotPermittedForRole):
        replays.request_replay(rules=_shipped_rules(), requested_by=staff.officers[0], **asked)
    # As when a later release knows a rule no more.
    stale = PolicyReplay.objects.using("officer").create(
        title="stale", rules=[], digest="0" * 64, days=1, requested_by=staff.oversight[0]
    )

    replays.run_replay(stale.id)

    stale.refresh_from_db(using="officer")
    assert (stale.status, stale.problem) == ("failed", PolicyInvalid.title)


def test_it_is_asked_for_watched_and_proposed_in_the_administration(
    world: Player, oversight: Client, staff: Staff
) -> None:
    rules = [rule for rule in _shipped_rules() if rule["id"] != "ALW-001"]
    add = "/admin/governance/policyreplay/add/"
    asked = {"title": "nobody may", "days": 30}
    assert "version-" in oversight.get(add).content.decode()
    for wrong in ({}, {"body": "{"}, {"body": "[]"}, {"body": "[" * 5_000}, {"body": '{"rules": [{"id": "?"}]}'}):
        assert oversight.post(add, {**asked, **wrong}).status_code == 200

    response = oversight.post(add, {**asked, "body": json.dumps({"version": 1, "rules": rules})})
    page = response["Location"]
    waiting = oversight.get(page)
    replay_id = uuid.UUID(page.split("/")[-3])
    replays.run_replay(replay_id)
    shown = oversight.get(page)

    assert waiting["Refresh"] and "<progress" in waiting.content.decode()
    assert "Refresh" not in shown.headers
    text = shown.content.decode()
    assert "newly denied" in text and "ALW-001" in text and world.tenant.slug in text
    publish = f"/admin/governance/policyreplay/{replay_id}/publish/"
    assert publish in text
    assert oversight.get(publish).status_code == 200
    assert oversight.post(publish, STATEMENT).status_code == 302
    change = ChangeRequest.objects.using("officer").latest("proposed_at")
    assert (change.kind, change.payload["body"]["rules"]) == ("publish_policy", rules)
    listed = {"source": f"change-{change.id}", **asked}
    assert oversight.post(add, listed).status_code == 302
    assert PolicyReplay.objects.using("officer").latest("requested_at").rules == rules
    assert sign_in(*make_staff(StaffRole.OFFICER)).get(add).status_code == 403


def test_a_broker_that_is_away_leaves_it_waiting(staff: Staff, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(name: str, args: list[str], retry: bool) -> None:
        raise BrokerError

    monkeypatch.setattr(current_app, "send_task", away)

    replay = replays.request_replay(title="waits", rules=_shipped_rules(), days=1, requested_by=staff.oversight[0])

    replay.refresh_from_db(using="officer")
    assert replay.status == "queued"
