"""A running instance, gunicorn and all, answers what the OpenAPI document promises: `make fuzz-rest`.

The suite does the like inside its own process (`tests/api/test_fuzz.py`); here a real server, its engine and its worker
are asked, by a program that knows the document alone.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.e2e.instances import RunningInstance

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800)]

EXAMPLES: Final = 8  # of each operation, beside those that are at and beyond every limit of the document
CHECKS: Final = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,"
    "response_schema_conformance"
)
UNLIMITED: Final = (
    "CUSTOS_KEY_REQUESTS_PER_MINUTE",
    "CUSTOS_TENANT_REQUESTS_PER_MINUTE",
    "CUSTOS_TENANT_UNITS_PER_DAY",
)


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningInstance]:
    for name in UNLIMITED:
        monkeypatch.setenv(name, "0")
    running = RunningInstance(tmp_path / "home")
    running.start()
    yield running
    running.stop()
    running.remove()


def test_a_running_instance_answers_as_its_document_says(instance: RunningInstance, tmp_path: Path) -> None:
    command = [
        *(str(Path(sys.executable).with_name("schemathesis")), "run", f"{instance.url}/v1/schema/"),
        *("--header", f"Authorization: Bearer {instance.key_of('photo-app')}", "--checks", CHECKS),
        *("--phases", "examples,coverage,fuzzing", "--max-examples", str(EXAMPLES), "--generation-deterministic"),
        *("--request-timeout", "60", "--no-color"),
    ]

    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)

    print(done.stdout[-2_000:])
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr
    generated = re.search(r"(\d+) generated", done.stdout)
    assert generated is not None
    assert int(generated[1]) > 2_000
    assert not any("Traceback" in line for line in (instance.home / "logs" / "web.log").read_text().splitlines())
