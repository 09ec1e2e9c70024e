"""No answer without a record: while the log cannot be written, every governed URL says 503 and does nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.api.conftest import MakeObjects
from tests.api.routes import IN_PERSON, ROWS, UNGOVERNED
from tests.api.test_tenant_isolation import _rows_of
from tests.audit.broken import CHECK_VIOLATION, DISK_FULL, no_entry_of
from tests.worlds import Player, World

OF_PEOPLE = tuple(row.path for row in IN_PERSON)  # no key gets so far that anything would be recorded
# Where there is nothing to ask about, for anybody, the gate is not reached.
GOVERNED = [
    row
    for row in ROWS
    if row.anonymous == 401 and row not in UNGOVERNED and {row.allowed, row.stopped, row.suspended} != {404}
]


@pytest.mark.parametrize("error", [DISK_FULL, CHECK_VIOLATION])
@pytest.mark.parametrize("kind", ["decision", "outcome"])
def test_every_governed_url_is_unavailable_and_nothing_changes(
    world: World, make_objects: MakeObjects, kind: str, error: str
) -> None:
    objects = make_objects(world.alice)
    client = world.alice.client
    before = _kept_of(world.alice)

    with no_entry_of(kind, error=error):
        for row in GOVERNED:
            answer = client.generic(
                row.method,
                objects.in_path(row.path),
                data=json.dumps(row.body(objects)),
                content_type="application/json",
            )
            assert (answer.status_code, answer.json()["code"]) == (503, "ledger-unavailable"), row
            assert answer["Retry-After"] == "1", row
            assert [rule["id"] for rule in answer.json()["rules"]] == ["AUD-001"], row

    assert _kept_of(world.alice) == before
    assert len(GOVERNED) >= 18


def _kept_of(player: Player) -> dict[str, list[tuple[Any, ...]]]:
    """Files are announced before they are written; those that no image came to refer to are the sweep's."""
    return {table: rows for table, rows in _rows_of(player).items() if table != "recognition_storedfile"}


@pytest.mark.parametrize("error", [DISK_FULL, CHECK_VIOLATION])
def test_no_key_member_or_case_changes_without_a_record(world: World, make_objects: MakeObjects, error: str) -> None:
    objects = make_objects(world.alice)
    before = _rows_of(world.alice)
    unrecorded = (":check", ":appeal", "/applications", *OF_PEOPLE)
    changing = [row for row in UNGOVERNED if row.method != "GET" and not row.path.endswith(unrecorded)]

    with no_entry_of("event", error=error):
        for row in changing:
            answer = world.alice.client.generic(
                row.method,
                objects.in_path(row.path),
                data=json.dumps(row.body(objects)),
                content_type="application/json",
            )
            assert (answer.status_code, answer.json()["code"]) == (503, "ledger-unavailable"), row

    assert _rows_of(world.alice) == before
    assert len(changing) == 19
