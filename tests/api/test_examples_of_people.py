"""The examples of keys and members in the OpenAPI document are what the API takes and answers."""

from __future__ import annotations

import pytest
from drf_spectacular.utils import OpenApiExample
from rest_framework.serializers import Serializer

from tenants import credentials
from tenants.api import examples, serializers


@pytest.mark.parametrize(
    ("example", "shape"),
    [
        (examples.CREATE_KEY[0], serializers.CreateKeyRequest),
        (examples.ROTATE_KEY[0], serializers.RotateKeyRequest),
        (examples.INVITE_MEMBER[0], serializers.InviteMemberRequest),
        (examples.CHANGE_ROLE[0], serializers.ChangeRoleRequest),
        (examples.DELETE_ORGANISATION[0], serializers.DeleteOrganisationRequest),
        (examples.CHANGE_ORGANISATION[0], serializers.ChangeOrganisationRequest),
    ],
)
def test_a_request_is_taken(example: OpenApiExample, shape: type[Serializer[object]]) -> None:
    serializer = shape(data=example.value)

    assert serializer.is_valid(), serializer.errors


@pytest.mark.parametrize(
    ("example", "shape"),
    [
        (examples.KEY[0], serializers.KeyResponse),
        (examples.KEYS[0], serializers.KeyPage),
        (examples.CREATE_KEY[1], serializers.IssuedKeyResponse),
        (examples.ROTATE_KEY[1], serializers.IssuedKeyResponse),
        (examples.MEMBER[0], serializers.MemberResponse),
        (examples.MEMBERS[0], serializers.MemberPage),
        (examples.INVITE_MEMBER[1], serializers.InvitationResponse),
        (examples.ORGANISATION[0], serializers.OrganisationResponse),
        (examples.DELETE_ORGANISATION[1], serializers.OrganisationResponse),
    ],
)
def test_an_answer_has_the_fields_of_its_shape(example: OpenApiExample, shape: type[Serializer[object]]) -> None:
    serializer = shape(data=example.value)

    assert serializer.is_valid(), serializer.errors
    assert set(example.value) == set(serializer.fields)


def test_the_keys_look_like_keys() -> None:
    issued = examples.CREATE_KEY[1].value

    text = credentials.parse_token(issued["api_key"])

    assert text is not None
    assert credentials.access_key_id_of(text.public_id) == issued["access_key_id"]
    assert credentials.public_id_of(issued["access_key_id"]) == text.public_id
