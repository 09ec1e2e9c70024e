"""Keyset pages."""

from __future__ import annotations

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from common.pagination import DEFAULT_LIMIT, CursorInvalid, LimitOutOfRange, encode_cursor, page_cursor, page_limit


def _request(**query: str) -> Request:
    return Request(APIRequestFactory().get("/", query))


@given(st.uuids())
def test_a_cursor_survives_the_round_trip(key: uuid.UUID) -> None:
    assert page_cursor(_request(cursor=encode_cursor(key))) == key


@given(st.text(max_size=60))
def test_any_text_is_a_cursor_or_a_clear_error(text: str) -> None:
    try:
        key = page_cursor(_request(cursor=text))
    except CursorInvalid as error:
        assert error.status == 400
    else:
        assert key is None or len(text) >= 22


@pytest.mark.parametrize(
    "limit",
    ["0", "1001", "-1", "x", "1e3", "", "\u0664", "7\n", "07", "9" * 40, "0000000015000", "000000001" + "0" * 5000],
)
def test_it_refuses_a_limit_out_of_range(limit: str) -> None:
    with pytest.raises(LimitOutOfRange):
        page_limit(_request(limit=limit))


def test_it_has_a_default_limit() -> None:
    assert page_limit(_request()) == DEFAULT_LIMIT
    assert [page_limit(_request(limit=text)) for text in ("1", "7", "1000")] == [1, 7, 1000]
