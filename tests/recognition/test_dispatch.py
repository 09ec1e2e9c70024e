"""Tasks are sent after the commit, through the application that the settings describe, for the tenant they are of."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from pathlib import Path

import pytest
from django.db import transaction
from pytest_django.fixtures import Settings

from common import context
from common.vocabulary import JobKind
from instance import supervisor
from recognition import dispatch
from tests.recognition.conftest import Outbox

REPOSITORY = Path(__file__).resolve().parents[2]
_PROBE = """
import config.wsgi
from django.db import connections
from recognition import dispatch
print(dispatch.current_app.main, dispatch.current_app.conf.broker_url)
print(*(connections[alias].settings_dict["CONN_MAX_AGE"] for alias in ("default", "officer")))
"""


def test_the_web_server_sends_through_the_platforms_own_broker_and_keeps_its_connection() -> None:
    """Otherwise every message would go to Celery's default broker, and be sent by the sweep much later."""
    environment = {
        **os.environ,
        "PYTHONPATH": f"{REPOSITORY}:{REPOSITORY / 'platform'}",
        "BROKER_URL": "redis://127.0.0.1:1/7",
    }

    done = subprocess.run(
        [sys.executable, "-c", _PROBE], env=environment, cwd=REPOSITORY, capture_output=True, text=True, timeout=60
    )

    broker, kept = done.stdout.splitlines()
    assert broker == "custos redis://127.0.0.1:1/7", done.stderr
    assert kept == "None 0", "Its threads keep the tenants' connection, and not the officers'."


def test_a_message_leaves_with_the_commit(outbox: Outbox) -> None:
    job_id, tenant_id = uuid.uuid4(), uuid.uuid4()

    with transaction.atomic():
        dispatch.enqueue_batches(job_id, kind=JobKind.ENROL_FACES, firsts=[0, 8], tenant_id=tenant_id)
        assert outbox.messages == []

    assert outbox.messages == [
        (dispatch.RUN_ENROLMENT_BATCH, (str(job_id), 0), tenant_id),
        (dispatch.RUN_ENROLMENT_BATCH, (str(job_id), 8), tenant_id),
    ]


def test_no_message_leaves_when_the_transaction_fails(outbox: Outbox) -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        dispatch.enqueue_promotion(uuid.uuid4(), tenant_id=uuid.uuid4())
        raise ZeroDivisionError

    assert outbox.messages == []


def test_a_message_carries_the_request_it_came_from(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[dict[str, str]] = []
    monkeypatch.setattr(dispatch.current_app, "send_task", lambda *_, headers, **__: sent.append(headers))
    context.bind_request_id("the-request-in-question")

    with transaction.atomic():
        dispatch.enqueue_promotion(uuid.uuid4(), tenant_id=uuid.uuid4())
        context.bind_request_id("the-next-request")

    assert [headers["custos_request"] for headers in sent] == ["the-request-in-question"]


def test_workers_serve_every_queue_and_maintenance_does_not_wait_for_bulk(settings: Settings) -> None:
    served = supervisor.QUEUES.split(",")
    used = {route["queue"] for route in settings.CELERY_TASK_ROUTES.values()} | {settings.CELERY_TASK_DEFAULT_QUEUE}

    assert used <= set(served)
    assert settings.CELERY_BROKER_TRANSPORT_OPTIONS["queue_order_strategy"] == "priority"
    assert served.index("interactive") < served.index("maintenance") < served.index("bulk")
