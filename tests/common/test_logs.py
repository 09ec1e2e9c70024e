"""What PostgreSQL says about the values in a row stays out of our logs."""

from __future__ import annotations

import logging

import pytest
from django.conf import settings
from django.db import DatabaseError, IntegrityError, transaction

from common.ids import new_id
from config.logs import WITHHELD, WithoutRows
from tenants.models import User

FORMATTER = WithoutRows("%(levelname)s %(message)s")


def _line(message: str, *, error: BaseException | None = None) -> str:
    info = (type(error), error, error.__traceback__) if error is not None else None
    return FORMATTER.format(logging.LogRecord("custos", logging.ERROR, __file__, 1, message, None, info))


@pytest.fixture
def duplicate() -> DatabaseError:
    """A real error of the database about a name that is taken."""
    name = f"mallory-{new_id().hex[-12:]}"
    User.objects.create_user(name)
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        User.objects.create_user(name)
    assert name in str(caught.value), "the error itself names it"
    return caught.value


def test_a_traceback_names_no_row(duplicate: DatabaseError) -> None:
    line = _line("failed", error=duplicate)

    assert "mallory" not in line
    assert line.count(WITHHELD) == 2, "the error of psycopg and Django's own"
    assert "unique constraint" in line
    assert "The above exception was the direct cause" in line
    assert "create_user" in line


def test_a_message_that_quotes_the_error_names_no_row(duplicate: DatabaseError) -> None:
    for message in (f"Task failed: {duplicate}", f"Task failed: {duplicate!r}"):
        line = _line(message)

        assert "mallory" not in line
        assert "unique constraint" in line


def test_other_lines_are_left_alone() -> None:
    assert _line("DETAIL is a word\nand two lines") == "ERROR DETAIL is a word\nand two lines"


def test_it_is_what_the_settings_use() -> None:
    assert settings.LOGGING["formatters"]["line"]["()"] == "config.logs.WithoutRows"
