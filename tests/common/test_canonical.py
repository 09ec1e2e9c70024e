"""Canonical JSON equals RFC 8785 on its subset and refuses everything else."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from common.canonical import NotCanonical, canonical_json, digest
from common.vocabulary import Operation

_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=10).map(
    lambda text: unicodedata.normalize("NFC", text)
)
_keys = st.text(st.characters(max_codepoint=127), max_size=8)
_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | _text,
    lambda children: st.lists(children, max_size=4) | st.dictionaries(_keys, children, max_size=4),
    max_leaves=20,
)


@given(_values)
def test_it_equals_an_independent_rfc_8785_implementation(value: Any) -> None:
    assert canonical_json(value) == rfc8785.dumps(value)


@given(_values)
def test_it_reads_back_as_the_same_value(value: Any) -> None:
    assert json.loads(canonical_json(value)) == value


@given(st.dictionaries(_keys, _values, max_size=5), st.randoms())
def test_the_order_of_members_does_not_matter(value: dict[str, Any], random: Any) -> None:
    members = list(value.items())
    random.shuffle(members)

    assert canonical_json(dict(members)) == canonical_json(value)


def test_the_bytes_are_those_of_the_standard() -> None:
    # RFC 8785, section 3.2.2 (its floats and non-ASCII keys left out).
    value = {
        "string": '\u20ac$\u000f\nA\'B"\\\\"/',
        "literals": [None, True, False],
        "numbers": (333333333, -1, 0),
        "operation": Operation.SEARCH,
    }

    assert (
        canonical_json(value)
        == (
            '{"literals":[null,true,false],"numbers":[333333333,-1,0],"operation":"search",'
            '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
        ).encode()
    )


def test_a_digest_is_the_sha_256_of_the_canonical_form() -> None:
    assert digest({"b": 1, "a": []}) == hashlib.sha256(b'{"a":[],"b":1}').hexdigest()


def _nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth - 1):
        value = [value]
    return value


def test_nesting_is_allowed_up_to_its_limit() -> None:
    assert canonical_json(_nested(64)) == b"[" * 64 + b"]" * 64


_circle: list[Any] = []
_circle.append(_circle)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (1.0, "$ is of type float."),
        ({"a": [0, float("nan")]}, "$.a[1] is of type float."),
        ({"a": 2**53}, "$.a is an integer of 2^53 or more in size."),
        ([-(2**53)], "$[0] is an integer of 2^53 or more in size."),
        ({"é": 1}, "$ has a key that is not ASCII text."),
        ({"a": {1: 1}}, "$.a has a key that is not ASCII text."),
        ({"a": "e\u0301"}, "$.a is text that is not in Unicode normal form C."),
        (["\ud800"], "$[0] is text with a lone surrogate."),
        (b"bytes", "$ is of type bytes."),
        ({"a": {1, 2}}, "$.a is of type set."),
        (_nested(65), f"${'[0]' * 64} is nested more than 64 deep."),
        (_circle, f"${'[0]' * 64} is nested more than 64 deep."),
    ],
)
def test_anything_else_is_refused_with_its_place(value: Any, message: str) -> None:
    with pytest.raises(NotCanonical) as caught:
        canonical_json(value)

    assert str(caught.value) == message
    assert isinstance(caught.value, ValueError)


@given(_values, st.floats() | st.binary() | st.integers(min_value=2**53) | st.just("e\u0301"))
def test_one_bad_value_anywhere_is_refused(value: Any, bad: Any) -> None:
    for holder in ([value, bad], {"a": value, "b": {"c": [bad]}}):
        with pytest.raises(NotCanonical):
            canonical_json(holder)
