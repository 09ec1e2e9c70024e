"""The demonstration, exactly as `make demo` runs it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def test_every_scene_goes_as_promised(tmp_path: Path) -> None:
    environment = {k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "BROKER_URL", "CUSTOS_KEYS_DIR")}
    environment.update({"CUSTOS_HOME": str(tmp_path), "CUSTOS_ENV": "development"})
    environment.pop("DJANGO_SETTINGS_MODULE", None)

    done = subprocess.run(
        [sys.executable, "-m", "instance", "demo"],
        cwd=REPOSITORY,
        env={**environment, "PYTHONPATH": f"{REPOSITORY}:{REPOSITORY / 'platform'}"},
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    for promise in (
        r"asked who it is: The result is under review",
        r"rescue-reviewer-1 releases \d+; the review is pending",
        r"rescue-reviewer-2 releases \d+; the review is released",
        r"rank 1: case-A, similarity",
        r"6 faces",
        r"job: refused by .*MOR-001",
        r"refused by SEV-001: ",
        r"job is halted_by_policy",
        r"the face enrolled before the moratorium is deleted",
        r"[1-9]\d* entries under [1-9]\d* signed checkpoints, [1-9]\d* of them cosigned by the witness",
        r"0 decisions without outcome",
        r"   sound",
        r"The demonstration is complete",
    ):
        assert re.search(promise, done.stdout), f"{promise} not in:\n{done.stdout}"
    assert list(tmp_path.glob("demo-run-*")) == [], "the demonstration leaves nothing behind"
