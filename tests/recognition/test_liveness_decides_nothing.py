"""Nothing grants or refuses by the liveness of a photograph: it is said, and read by nobody (decision 0038)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from common.context import tenant_scope
from governance.audit.models import AuditEntry
from recognition.engines import fake
from recognition.engines.fake import face_picture
from recognition.engines.presentation_attacks import EvidenceKind, Medium, PresentationAttackEvidence
from recognition.models import Collection
from tests.recognition.conftest import GALLERY, in_json
from tests.worlds import Player

REPOSITORY = Path(__file__).resolve().parents[2]
# Where it is made, put into words or asked for; everything else would be reading it.
SAYS_IT = (
    "recognition/engines/",
    "recognition/api/examples.py",
    "recognition/api/serializers/attributes.py",
    "recognition/rekognition/words.py",  # says that it is not there
    "platform/common/vocabulary.py",
    "platform/config/health.py",  # another word: of processes
    "platform/dashboard/picture_forms.py",
    "platform/dashboard/saying.py",
    "platform/dashboard/pages.py",
    "platform/dashboard/urls.py",
    "platform/dashboard/views/looking.py",
)
CODE = ("governance", "platform", "recognition", "tenants", "traffic")


def test_no_rule_and_no_use_case_reads_it() -> None:
    readers = [
        str(path.relative_to(REPOSITORY))
        for folder in CODE
        for path in (REPOSITORY / folder).rglob("*.py")
        if re.search(r"liveness|presentation.?attack", path.read_text(), re.IGNORECASE)
    ]

    assert [path for path in readers if not path.startswith(SAYS_IT)] == []


@pytest.mark.parametrize("score", [0.0, 100.0])
def test_finding_comparing_searching_and_enrolling_go_on_whatever_it_says(
    alice: Player, gallery: Collection, monkeypatch: pytest.MonkeyPatch, score: float
) -> None:
    said = PresentationAttackEvidence(kind=EvidenceKind.PASSIVE, score=score, measured_on=Medium.PHOTOGRAPH)
    monkeypatch.setattr(fake, "LIVENESS", said)
    image, asked = in_json(face_picture(1)), {"attributes": ["liveness"]}

    def post(url: str, **body: object) -> tuple[int, dict[str, object]]:
        answer = alice.client.post(f"/v1/{url}", body, format="json")
        return answer.status_code, answer.json()

    found = post("detect", image=image, **asked)
    enrolled = post(f"collections/{GALLERY}/faces", image=image, **asked)
    compared = post("compare", source=image, target=image)
    searched = post(f"collections/{GALLERY}/search", image=image)

    assert [found[0], enrolled[0], compared[0], searched[0]] == [200, 201, 200, 200]
    for answer in (found, enrolled):
        (face,) = answer[1]["faces"]  # type: ignore[misc]
        assert face["attributes"]["liveness"]["score"] == score
    (search,) = searched[1]["searches"]  # type: ignore[misc]
    assert len(compared[1]["matches"]) == len(search["candidates"]) == 1  # type: ignore[arg-type]
    with tenant_scope(alice.tenant.id):
        log = " ".join(str(entry.content) for entry in AuditEntry.objects.all())
    assert "liveness" in log, "what was asked for is recorded"
    assert "measured_on" not in log, "what was answered is not"
