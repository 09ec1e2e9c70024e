"""The database numbers policy versions: a home with older rules takes changed ones, whatever number they carry."""

from __future__ import annotations

import copy
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connections
from psycopg.types.json import Jsonb

from governance import policy_signatures, services
from governance.audit import ledger
from governance.catalogue import DEFAULT_POLICY_BODY
from governance.errors import PolicyNotSigned
from governance.models import PolicyVersion
from governance.policies import Policy
from governance.selectors import load_policy
from governance.services import policy_versions
from tests.conftest import admin_connection


@pytest.fixture
def far_away() -> datetime:
    """So far in the future that nothing published here is ever in force."""
    return ledger.database_now() + timedelta(days=36_500)


def _changed(source: str) -> dict[str, Any]:
    body = copy.deepcopy(DEFAULT_POLICY_BODY)
    body["rules"][0]["source"] = source
    return body


def _publish(body: dict[str, Any], *, effective_from: datetime | None = None) -> int:
    return services.publish_policy(body, author="author", approver="approver", effective_from=effective_from)


def test_changed_rules_under_an_old_number_are_the_next_version(far_away: datetime) -> None:
    first = _publish(_changed("A first source"), effective_from=far_away)
    second = _publish(_changed("A second source"), effective_from=far_away)

    assert second > first >= DEFAULT_POLICY_BODY["version"]
    stored = PolicyVersion.objects.using("officer").get(version=second)
    assert stored.body == {**_changed("A second source"), "version": second}


def test_rules_that_are_due_are_not_published_again(far_away: datetime) -> None:
    first = _publish(_changed("The same source"), effective_from=far_away)

    assert _publish({**_changed("The same source"), "version": first + 1}) == first


def test_a_restart_changes_nothing() -> None:
    shipped = services.publish_shipped_policy()
    count = PolicyVersion.objects.using("officer").count()

    call_command("publish_policy", verbosity=0)

    assert PolicyVersion.objects.using("officer").count() == count
    assert services.publish_shipped_policy() == shipped


def test_a_restart_does_not_undo_the_policy_that_followed(far_away: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    """The shipped rules were published before; that others are in force is an operator's decision."""
    older = _changed("Rules that shipped once")
    published = _publish(older, effective_from=far_away)
    _publish(_changed("Rules of the operator"), effective_from=far_away)
    count = PolicyVersion.objects.using("officer").count()
    monkeypatch.setattr(policy_versions, "DEFAULT_POLICY_BODY", older)

    assert services.publish_shipped_policy() == published
    assert PolicyVersion.objects.using("officer").count() == count


def test_going_back_to_rules_that_are_not_in_force_is_a_version_of_its_own(far_away: datetime) -> None:
    """A row that was in force once, and is no longer: its effective date has passed and a newer version followed."""
    database = connections["officer"].settings_dict["NAME"]
    past = _changed("Rules of the past")
    with admin_connection(database) as admin:
        low = admin.execute("SELECT min(version) - 1 FROM governance_policyversion").fetchone()
        assert low is not None
        number = int(str(low[0]))
        admin.execute(
            "INSERT INTO governance_policyversion (version, body, digest, author, approver, effective_from, signature)"
            " VALUES (%s, %s, %s, 'a', 'b', now(), '')",
            [number, Jsonb({**past, "version": number}), f"past-{number}"],
        )

    assert _publish(past, effective_from=far_away) > number


def test_rules_that_were_written_past_the_platform_are_not_judged_by(far_away: datetime) -> None:
    """Whoever can write to the database cannot put rules in force: the signature of another version does not fit."""
    ours = _publish(_changed("Rules of ours"), effective_from=far_away)
    assert load_policy(ours).version == ours
    number = ours + 1000
    body = {**_changed("Rules of an intruder"), "version": number}
    with admin_connection(connections["officer"].settings_dict["NAME"]) as admin:
        admin.execute(
            "INSERT INTO governance_policyversion (version, body, digest, author, approver, effective_from, signature)"
            " SELECT %s, %s, %s, author, approver, effective_from, signature FROM governance_policyversion"
            " WHERE version = %s",
            [number, Jsonb(body), Policy.from_body(body).digest, ours],
        )

    with pytest.raises(PolicyNotSigned):
        load_policy(number)


@pytest.mark.parametrize(
    "change",
    [
        {"version": 10},
        {"digest": "b" * 64},
        {"author": "somebody"},
        {"approver": "somebody"},
        {"effective_from": 1},
    ],
)
def test_a_signature_binds_the_body_to_number_date_and_people(change: dict[str, Any]) -> None:
    values: dict[str, Any] = {
        "version": 7,
        "digest": "a" * 64,
        "author": "one",
        "approver": "another",
        "effective_from": 1_790_000_000_000_000,
    }
    signature = policy_signatures.sign(**values)

    assert policy_signatures.is_signed(signature, **values)
    assert not policy_signatures.is_signed(signature, **values | change)
    assert not policy_signatures.is_signed("", **values)
    assert not policy_signatures.is_signed("not hexadecimal", **values)
