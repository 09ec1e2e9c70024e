"""The database lets the application change those columns of a person that may change, and no other."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connections, transaction

from common.ids import new_id
from tenants.models import User


def _person(**values: str) -> User:
    return User.objects.create_user(f"person-{new_id().hex[-12:]}", "a long enough password", **values)


@pytest.mark.parametrize(
    "change", [{"staff_role": "officer"}, {"is_superuser": True}, {"id": new_id()}, {"created_at": None}]
)
def test_the_application_may_not_write_what_makes_somebody_somebody_else(change: dict[str, object]) -> None:
    person = _person()

    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        User.objects.filter(id=person.id).update(**change)


def test_exactly_the_changeable_columns_are_granted() -> None:
    with connections["default"].cursor() as cursor:
        cursor.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_name = 'tenants_user'"
            " AND has_column_privilege('custos_app', 'tenants_user', column_name, 'UPDATE')"
        )
        granted = {name for (name,) in cursor.fetchall()}

    assert granted == set(User.CHANGEABLE)


def test_saving_a_person_writes_what_may_change() -> None:
    """As allauth does after a new password: `user.save()`."""
    person = _person(staff_role="officer")
    person.set_password("another long password")
    person.email = "new@example.test"
    person.staff_role = ""

    person.save()

    stored = User.objects.get(id=person.id)
    assert stored.check_password("another long password")
    assert (stored.email, stored.staff_role) == ("new@example.test", "officer")
