"""What is documented is checked: settings, error codes, event tags, make targets."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from common.errors import PlatformError
from config.env import VARIABLES
from governance.audit.tags import Tag

REPOSITORY = Path(__file__).resolve().parents[2]
DOCS = REPOSITORY / "docs"
REFERENCE = DOCS / "reference"


def _subclasses(kind: type[PlatformError]) -> Iterator[type[PlatformError]]:
    for subclass in kind.__subclasses__():
        yield subclass
        yield from _subclasses(subclass)


def test_every_setting_is_documented_with_its_sentence() -> None:
    page = (REFERENCE / "settings.md").read_text()

    for variable in VARIABLES:
        assert f"| `{variable.name}` |" in page, variable.name
        assert variable.sentence in page, variable.name


def test_every_error_code_is_documented_with_status_and_title() -> None:
    import common.downloads  # the modules that define errors
    import common.problems  # noqa: F401
    import dashboard.urls  # noqa: F401
    import recognition.api.urls
    import recognition.tasks  # noqa: F401

    page = (REFERENCE / "errors.md").read_text()

    ours = {error for error in _subclasses(PlatformError) if not error.__module__.startswith("tests")}
    missing = [f"| `{e.code}` | {e.status} | {e.title} |" for e in sorted(ours, key=lambda e: e.code)]
    missing = [row for row in dict.fromkeys(missing) if row not in page]
    assert missing == []


def test_every_event_tag_is_documented_with_its_sentence() -> None:
    page = (REFERENCE / "events.md").read_text()

    for tag in Tag:
        assert f"| `{tag.value}` | {tag.sentence} |" in page, tag


def test_make_explains_every_target() -> None:
    makefile = (REPOSITORY / "Makefile").read_text()
    explained = set(re.findall(r"^([a-z%-]+):.*?## ", makefile, re.MULTILINE))

    shown = subprocess.run(["make"], cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout

    assert {
        "help",
        "install",
        "run",
        "demo",
        "test",
        "check",
        "bench",
        "bench-%",
        "models",
        "vendor",
        "lock",
        "clean",
    } <= explained
    for target in explained:
        assert f"make {target} " in shown, target


def test_the_links_of_the_readme_and_the_docs_lead_somewhere() -> None:
    for page in [*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").rglob("*.md"), REPOSITORY / "platform" / "README.md"]:
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.relative_to(REPOSITORY)} → {target}"


def test_every_picture_of_the_documentation_is_shown_small_and_there() -> None:
    shown = {
        (page.parent / path).resolve()
        for page in DOCS.rglob("*.md")
        for path in re.findall(r"!\[[^\]]+\]\(([^)]+)\)", page.read_text(encoding="utf-8"))
    }
    kept = set((DOCS / "images").glob("*.png"))

    assert kept == {path for path in shown if path.parent == DOCS / "images"}
    assert 0 < len(kept) <= 12
    assert all(path.stat().st_size < 150_000 for path in kept)
