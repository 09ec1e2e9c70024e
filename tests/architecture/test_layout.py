"""The traps of a source root called `platform` (platform/README.md): none may come back."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
PACKAGES = ("common", "config", "dashboard", "demo", "instance")
PROBE = "import platform, sys; assert platform.python_version(), platform; sys.stdout.write(str(platform.__file__))"


def _run(*command: str) -> str:
    done = subprocess.run(command, cwd=REPOSITORY, env=os.environ, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def _is_pythons_own(path: str) -> bool:
    return Path(path.strip().splitlines()[-1]).parent == Path(os.__file__).parent


def test_platform_is_not_a_package_and_holds_no_loose_module() -> None:
    assert not (REPOSITORY / "platform" / "__init__.py").exists()
    assert [path.name for path in (REPOSITORY / "platform").glob("*.py")] == []


def test_no_test_folder_is_called_platform() -> None:
    assert not (REPOSITORY / "tests" / "platform").exists()


def test_no_package_in_platform_bears_the_name_of_a_standard_module() -> None:
    names = {path.name for path in (REPOSITORY / "platform").iterdir() if path.is_dir()}

    assert names & set(sys.stdlib_module_names) == set()


def test_no_module_lies_dead_beside_a_package_of_its_name() -> None:
    tracked = [Path(name) for name in _run("git", "ls-files", "*.py").splitlines()]

    packages = {path.parent for path in tracked if path.name == "__init__.py"}

    assert [path for path in tracked if path.with_suffix("") in packages] == []


@pytest.mark.parametrize("package", PACKAGES)
def test_the_packages_in_platform_are_ours(package: str) -> None:
    module = import_module(package)

    assert Path(module.__path__[0]) == REPOSITORY / "platform" / package


def test_platform_is_pythons_own_under_pytest() -> None:
    import platform

    assert _is_pythons_own(str(platform.__file__))


def test_platform_is_pythons_own_under_manage_py() -> None:
    assert _is_pythons_own(_run(sys.executable, "manage.py", "shell", "--no-imports", "-c", PROBE))


def test_platform_is_pythons_own_under_celery(tmp_path: Path) -> None:
    (tmp_path / "probing.py").write_text(f"from config.celery import app\n{PROBE}\n")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *_python_path()])}
    done = subprocess.run(
        [sys.executable, "-m", "celery", "-A", "probing", "report"],
        cwd=REPOSITORY,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert done.returncode == 0, done.stderr
    assert _is_pythons_own(done.stdout.split("software ->")[0])


def test_platform_is_pythons_own_under_gunicorn(tmp_path: Path) -> None:
    (tmp_path / "probing.py").write_text(f"import config.wsgi\n{PROBE}\napplication = config.wsgi.application\n")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *_python_path()])}
    done = subprocess.run(
        [sys.executable, "-m", "gunicorn", "--check-config", "probing:application"],
        cwd=REPOSITORY,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert done.returncode == 0, done.stderr
    assert _is_pythons_own(done.stdout)


def _python_path() -> list[str]:
    return [str(REPOSITORY), str(REPOSITORY / "platform")]
