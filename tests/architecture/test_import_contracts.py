"""Who may import whom: the contracts hold, and each of them catches the breach that it is there for."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
CONTRACTS = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]

# contract → the file that a breach is planted in, and the breach
PLANTED: dict[str, tuple[str, str]] = {
    "Apps point downwards; governance never sees recognition": ("tenants/services.py", "import governance.gate"),
    "Edges, use-cases, machinery inside recognition": (
        "recognition/models/jobs.py",
        "import recognition.services.jobs",
    ),
    "Edges, use-cases, rules inside governance": ("governance/rules/usage.py", "import governance.policies"),
    "Edges, use-cases, rows inside case work": (
        "governance/casework/models/cases.py",
        "import governance.casework.cases",
    ),
    "Edges, use-cases, rows inside vetting": ("governance/vetting/content.py", "import governance.vetting.deciding"),
    "Edges, use-cases, counters inside traffic": ("traffic/models.py", "import traffic.services"),
    "Governance's models, policies and services are for governance, config and the demo": (
        "recognition/selectors/faces.py",
        "import governance.models",
    ),
    "Pages call use-cases: no query, no gate, no gallery of their own": (
        "platform/dashboard/views/jobs.py",
        "import recognition.selectors.jobs",
    ),
    "Engines and evaluation know no Django, Celery or app": ("recognition/engines/fake.py", "import django.conf"),
    "Inference runtimes only in recognition.engines.onnx": ("recognition/services/engines.py", "import onnxruntime"),
    "The deepface library only in recognition.engines.deepface": (
        "recognition/engines/weights.py",
        "import deepface.DeepFace",
    ),
    "Rules are pure": ("governance/facts.py", "import django.db"),
    "The supervisor knows no Django and no app": ("platform/instance/ports.py", "import tenants.models"),
}


def _lint(tree: Path) -> dict[str, bool]:
    """Return for each contract whether it is kept in a tree."""
    path = os.pathsep.join((str(tree), str(tree / "platform")))
    code = "import sys; from importlinter.cli import lint_imports_command; sys.exit(lint_imports_command())"
    done = subprocess.run(
        [sys.executable, "-c", code, "--no-cache"],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": path, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=100,
    )
    verdicts = dict(re.findall(r"^(.+?) (KEPT|BROKEN)\b", done.stdout, re.MULTILINE))
    assert verdicts, done.stdout + done.stderr
    assert done.returncode == (1 if "BROKEN" in verdicts.values() else 0), done.stdout
    return {name: verdict == "KEPT" for name, verdict in verdicts.items()}


def test_every_contract_is_kept() -> None:
    kept = _lint(REPOSITORY)

    assert kept == {contract["name"]: True for contract in CONTRACTS}


def test_every_contract_has_a_breach_to_catch() -> None:
    assert set(PLANTED) == {contract["name"] for contract in CONTRACTS}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the sources, to plant something in."""
    shutil.copy(REPOSITORY / "pyproject.toml", tmp_path)
    for folder in ("platform", "tenants", "governance", "traffic", "recognition"):
        shutil.copytree(REPOSITORY / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def test_each_contract_catches_the_breach_that_it_is_there_for(copy: Path) -> None:
    for file, breach in PLANTED.values():
        with (copy / file).open("a") as source:
            source.write(f"\n{breach}\n")

    kept = _lint(copy)

    assert kept == {contract["name"]: False for contract in CONTRACTS}
