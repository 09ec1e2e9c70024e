"""Whatever a client sends, the API answers as its document says, and never with a server error.

Requests are made from the OpenAPI document: valid ones, and ones that break it. Half of those about a collection, a
face or a job are led to one that exists.
"""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.wsgi import get_wsgi_application
from hypothesis import HealthCheck, Phase
from hypothesis import settings as hypothesis_settings
from pytest_django.fixtures import Settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from recognition import dispatch
from recognition.engines.fake import face_picture
from recognition.errors import CollectionExists
from recognition.services import collections, enrolment, searches
from recognition.services.submission import Submission
from tests.worlds import PlayerFactory
from traffic import allowances

pytestmark = pytest.mark.slow

EXAMPLES = 20
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
COLLECTION = "fuzzed"


@pytest.fixture(scope="module")
def monkeypatched_broker() -> Iterator[None]:
    """Jobs are accepted and wait: their messages go nowhere."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dispatch.current_app, "send_task", lambda *_, **__: None)
        yield


schema = schemathesis.openapi.from_wsgi("/v1/schema/", get_wsgi_application())


@pytest.fixture
def send(make_player: PlayerFactory, settings: Settings, monkeypatched_broker: None) -> Any:
    """Return what sends a case with a key, to a world in which there is something to find."""
    settings.CUSTOS_KEY_REQUESTS_PER_MINUTE = settings.CUSTOS_TENANT_REQUESTS_PER_MINUTE = 0
    settings.CUSTOS_TENANT_UNITS_PER_DAY = 0
    allowances.forget()
    player = make_player()
    job = _world(player)
    sent = 0

    def send_case(case: schemathesis.Case) -> None:
        nonlocal sent
        sent += 1
        named = case.path_parameters
        if sent % 2 and named:
            if case.method == "DELETE":
                _ensure_collection(player)
            known = {"collection": COLLECTION, "job_id": str(job)}
            if "face_id" in named:
                known["face_id"] = str(_face(player))
            named.update({name: value for name, value in known.items() if name in named})
        case.call_and_validate(headers={"Authorization": f"Bearer {player.token}"}, checks=CHECKS)

    return send_case


def _world(player: Any) -> uuid.UUID:
    collections.create_collection(COLLECTION, actor=player.actor)
    images = [Submission(face_picture(1))]
    return searches.submit_job(images, collection_name=COLLECTION, actor=player.actor).id


def _ensure_collection(player: Any) -> None:
    """Make the collection again when a case deleted it."""
    with contextlib.suppress(CollectionExists):
        collections.create_collection(COLLECTION, actor=player.actor)


def _face(player: Any) -> uuid.UUID:
    """Enrol a face, for a case to read or delete."""
    enrolled = enrolment.enrol_image(face_picture(1), collection_name=COLLECTION, actor=player.actor)
    return enrolled.face_ids[0]


@schema.parametrize()
@hypothesis_settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_it_answers_as_described(case: schemathesis.Case, send: Any) -> None:
    send(case)
