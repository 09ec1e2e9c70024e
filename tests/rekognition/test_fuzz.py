"""Mutated requests by the thousand: no bug, no hang, and no answer without a valid signature."""

from __future__ import annotations

import base64
import copy
import json
import random
from collections.abc import Callable
from typing import Any, Final

import pytest
from pytest_django.fixtures import Settings

from recognition.engines.fake import face_picture
from recognition.models import Collection
from recognition.rekognition.operations import OPERATIONS
from recognition.services import enrolment
from tests.rekognition.calls import account_arn
from tests.rekognition.conftest import GALLERY, UNMODELLED
from tests.rekognition.wire import Message, code_of, content_of, message
from tests.worlds import Player

SEED: Final = 20_261_124
# What a request is answered that was not signed like this.
NOT_SIGNED: Final = UNMODELLED - {"SerializationException", "UnknownOperationException"} | {
    "RequestEntityTooLargeException",
    "ValidationException",  # of a host that is not ours
}
JUNK: Final[tuple[Any, ...]] = (
    None, True, False, 0, -1, 1.5, 2**31, 2**63, -(10**400), 1e308, "", " ", "a", "a" * 300, "\0", "\ud800", "\u202e",
    "../../etc/passwd", "%00", "' OR 1=1 --", "NaN", "A" * 70_000, [], {}, [[[[]]]], [None], {"": ""}, {"Bytes": ""},
    {"Bytes": "QUJD"}, {"S3Object": {"Bucket": "abc", "Name": "d"}}, ["a"] * 5_000, list(range(300)),
)  # fmt: skip


def _parameters(player: Player, face_id: str) -> dict[str, dict[str, Any]]:
    """Return good parameters for every operation; nothing that the others need is destroyed with them."""
    there = {"CollectionId": GALLERY}
    image = {"Bytes": base64.b64encode(face_picture(1)).decode()}
    arn = {"ResourceArn": account_arn(player)}
    special: dict[str, dict[str, Any]] = {
        "DetectFaces": {"Image": image, "Attributes": ["DEFAULT"]},
        "CompareFaces": {
            "SourceImage": image,
            "TargetImage": image,
            "SimilarityThreshold": 80,
            "QualityFilter": "AUTO",
        },
        "CreateCollection": {"CollectionId": "another", "Tags": {"a": "b"}},
        "ListCollections": {"MaxResults": 2},
        "DeleteCollection": {"CollectionId": "not-there"},
        "IndexFaces": {**there, "Image": image, "ExternalImageId": "a", "MaxFaces": 1, "QualityFilter": "NONE"},
        "ListFaces": {**there, "MaxResults": 2, "FaceIds": [face_id]},
        "SearchFaces": {**there, "FaceId": face_id, "MaxFaces": 5, "FaceMatchThreshold": 80.0},
        "SearchFacesByImage": {**there, "Image": image, "MaxFaces": 5, "FaceMatchThreshold": 80.0},
        "DeleteFaces": {**there, "FaceIds": [face_id[:-1] + "0"]},
        "SearchUsersByImage": {**there, "Image": image, "MaxUsers": 5, "UserMatchThreshold": 80.0},
        "TagResource": {**arn, "Tags": {"a": "b"}},
        "UntagResource": {**arn, "TagKeys": ["a"]},
        "ListTagsForResource": arn,
    }
    users = {"CreateUser", "DeleteUser", "AssociateFaces", "DisassociateFaces", "SearchUsers"}
    others = {name: {**there, "UserId": "ben", "FaceIds": [face_id]} if name in users else there for name in OPERATIONS}
    return others | special


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the paths of everything in a JSON value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, item in inner for place in _places(item, (*path, key)))]


def _mutated(parameters: Any, rng: random.Random) -> Any:
    """Return parameters with one to three places replaced, removed or doubled."""
    content = copy.deepcopy(parameters)
    for _ in range(rng.randint(1, 3)):
        place = rng.choice(_places(content))
        if not place:
            if rng.random() < 0.1:
                return copy.deepcopy(rng.choice(JUNK))
            continue
        holder = content
        for key in place[:-1]:
            holder = holder[key]
        if rng.random() < 0.2:
            del holder[place[-1]]
        elif isinstance(holder[place[-1]], str) and rng.random() < 0.4:
            holder[place[-1]] = _text(holder[place[-1]], rng)
        else:
            holder[place[-1]] = copy.deepcopy(rng.choice(JUNK))
    return content


def _text(text: str, rng: random.Random) -> str:
    """Return a text with one character replaced, removed, inserted, or cut off; never by a space."""
    at = rng.randrange(len(text) + 1)
    character = chr(rng.choice([rng.randrange(0x21, 0x7F), rng.randrange(0xA1, 0xFF)]))
    kinds: list[Callable[[], str]] = [
        lambda: text[:at] + character + text[at + 1 :],
        lambda: text[:at] + text[at + 1 :],
        lambda: text[:at] + character + text[at:],
        lambda: text[:at],
        lambda: text[:at] + text,
    ]
    return rng.choice(kinds)()


def _spoil_headers(sent: Message, rng: random.Random) -> None:
    for _ in range(rng.randint(1, 2)):
        name = rng.choice(sorted(sent.headers))
        if rng.random() < 0.15:
            del sent.headers[name]
        elif rng.random() < 0.15:
            sent.headers[name] = sent.headers[rng.choice(sorted(sent.headers))]
        else:
            sent.headers[name] = _text(sent.headers[name], rng)
        if not sent.headers:
            return


def _spoil_body(sent: Message, rng: random.Random) -> None:
    at = rng.randrange(len(sent.body) + 1)
    tail = rng.choice([b"", b"\0", b" ", b"}", sent.body])
    sent.body = sent.body[:at] + bytes([rng.randrange(256)]) + sent.body[at + 1 :] + tail


def _is_unchanged(sent: Message, headers: dict[str, str], body: bytes) -> bool:
    """Whether a signature still fits: spaces between its parts mean nothing."""

    def plain(values: dict[str, str]) -> dict[str, str]:
        return {name: value.replace(" ", "") for name, value in values.items()}

    return plain(sent.headers) == plain(headers) and sent.body == body


def _check(response: Any, *, what: str) -> None:
    assert response.status_code in (200, 400, 413), what
    assert response["x-amzn-RequestId"], what
    if response.status_code != 200:
        assert set(content_of(response)) == {"__type", "message"}, what
        assert code_of(response) != "InternalServerError", what
    assert b"Traceback" not in response.content, what


@pytest.fixture
def unlimited(settings: Settings) -> None:
    for name in ("KEY_REQUESTS_PER_MINUTE", "TENANT_REQUESTS_PER_MINUTE", "KEY_UNITS_PER_DAY", "TENANT_UNITS_PER_DAY"):
        setattr(settings, f"CUSTOS_{name}", 0)


def _fuzz(player: Player, *, count: int, seed: int) -> dict[int, int]:
    """Send so many mutated requests; return how often each status was answered."""
    rng = random.Random(seed)
    enrolled = enrolment.enrol_image(face_picture(1), collection_name=GALLERY, actor=player.actor)
    good = _parameters(player, str(enrolled.face_ids[0]))
    statuses: dict[int, int] = {}
    for number in range(count):
        name = rng.choice(sorted(good))
        what = f"request {number} of seed {seed}: {name}"
        kind = rng.random()
        if kind < 0.1:  # validly signed, with another content
            content = json.dumps(_mutated(good[name], rng)).encode()
            if rng.random() < 0.2:
                at = rng.randrange(len(content) + 1)
                content = content[:at] + bytes([rng.randrange(256)]) + content[at + 1 :]
            response = message(player, name, body=content).send()
            _check(response, what=what)
        else:
            sent = message(player, name, good[name])
            headers, body = dict(sent.headers), sent.body
            (_spoil_headers if kind < 0.7 else _spoil_body)(sent, rng)
            response = sent.send()
            _check(response, what=what)
            if not _is_unchanged(sent, headers, body):
                assert response.status_code != 200, what
                assert code_of(response) in NOT_SIGNED, what
        statuses[response.status_code] = statuses.get(response.status_code, 0) + 1
    return statuses


def test_a_hundred_mutated_requests(alice: Player, gallery: Collection, unlimited: None) -> None:
    statuses = _fuzz(alice, count=100, seed=random.randrange(2**32))

    assert sum(statuses.values()) == 100


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_ten_thousand_mutated_requests(alice: Player, gallery: Collection, unlimited: None) -> None:
    statuses = _fuzz(alice, count=10_000, seed=SEED)
    print(f"answers by status: {dict(sorted(statuses.items()))}")

    assert statuses[400] > 7_000
    assert statuses[200] > 20, "some mutations do no harm, else the signed part of this test tests nothing"
