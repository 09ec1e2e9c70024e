"""What the gate hears of an engine's errors (THR-004): the tenant's own reports, or the summary that ships."""

from __future__ import annotations

from typing import Any

import pytest

from common.context import tenant_scope
from common.ids import new_id
from common.vocabulary import JobStatus, Operation
from governance import gate
from recognition.models import Collection, EvaluationRun, Job
from recognition.services import evaluation_runs
from recognition.services.evaluations import evaluations
from tests.recognition.conftest import GALLERY
from tests.worlds import Player

SHIPPED = {"origin": "shipped", "least_threshold_milli": 0, "group_ratio_milli": None, "interval_ratio_milli": None}


def _known(player: Player, *, version: str | None = "fake@1", threshold: float = 99.0) -> list[dict[str, Any]]:
    request = gate.AccessRequest(
        actor=player.actor,
        operation=Operation.SEARCH,
        resource=gate.ResourceRef("collection", new_id(), player.tenant.id),
        engine_version=version,
    )
    return evaluations(request, {"threshold_milli": int(threshold * 1000)})


def _reported(player: Player, *, low: float, high: float, ratio: float | None) -> None:
    """An evaluation that ended well, with two thresholds."""
    job = evaluation_runs.submit_evaluation(collection_name=GALLERY, actor=player.actor)
    report = {
        "thresholds": [
            {"similarity": 80.0, "fmr": {"low": 1e-4, "high": 2e-4}},
            {"similarity": 99.0, "fmr": {"low": low, "high": high}},
        ],
        "differentials": [{"worst_fmr_ratio": 1.2}, {"worst_fmr_ratio": ratio}],
    }
    with tenant_scope(player.tenant.id):
        EvaluationRun.objects.filter(job_id=job.id).update(report=report)
        Job.objects.filter(id=job.id).update(status=JobStatus.SUCCEEDED, finished_at="2026-01-01T00:00:00Z")


def test_the_shipped_summary_is_known_of_an_offered_version_alone(alice: Player) -> None:
    assert _known(alice) == [SHIPPED]
    assert _known(alice, version="sface@elsewhere") == []
    assert _known(alice, version=None) == []


@pytest.mark.parametrize(
    ("threshold", "group_ratio", "interval_ratio"), [(99.0, 1500, 4000), (95.0, 1200, 2000), (10.0, 1200, 2000)]
)
def test_an_own_report_replaces_it(
    alice: Player, gallery: Collection, threshold: float, group_ratio: int, interval_ratio: int
) -> None:
    _reported(alice, low=1e-6, high=4e-6, ratio=1.5)

    assert _known(alice, threshold=threshold) == [
        {
            "origin": "local",
            "least_threshold_milli": 80_000,
            "group_ratio_milli": group_ratio,
            "interval_ratio_milli": interval_ratio,
        }
    ]


@pytest.mark.parametrize(("low", "ratio"), [(0.0, 1.5), (1e-6, None)])
def test_a_report_that_bounds_nothing_replaces_nothing(
    alice: Player, gallery: Collection, low: float, ratio: float | None
) -> None:
    _reported(alice, low=low, high=4e-6, ratio=ratio)

    assert _known(alice) == [SHIPPED]


def test_an_open_or_another_tenants_report_is_none(alice: Player, mallory: Player, gallery: Collection) -> None:
    evaluation_runs.submit_evaluation(collection_name=GALLERY, actor=alice.actor)
    assert _known(alice) == [SHIPPED]
    _reported(alice, low=1e-6, high=4e-6, ratio=1.5)

    assert _known(mallory) == [SHIPPED]
