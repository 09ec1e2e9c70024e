"""The unmodified AWS command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from awscli.clidriver import create_clidriver

from recognition.engines.fake import face_picture
from tests.rekognition.conftest import REGION
from tests.worlds import Player, PlayerFactory


@pytest.fixture
def environment(address: str, alice: Player, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the how-to tells users to set, and nothing else."""
    access_key_id, secret = alice.pair
    monkeypatch.setenv("AWS_ENDPOINT_URL_REKOGNITION", address)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", access_key_id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secret)
    monkeypatch.setenv("AWS_REGION", REGION)
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setenv("AWS_PAGER", "")


@pytest.fixture
def pictures(tmp_path: Path) -> tuple[str, str]:
    """Two photographs of one person, as the command line takes them."""
    for variant in (0, 1):
        (tmp_path / f"anna-{variant}.png").write_bytes(face_picture(1, variant=variant))
    return f"fileb://{tmp_path}/anna-0.png", f"fileb://{tmp_path}/anna-1.png"


def _aws(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    """Run a command in this process: the same driver that the command calls, without its start-up."""
    code = create_clidriver().main(["rekognition", *words])
    shown = capsys.readouterr()
    assert code == 0, shown.err
    return json.loads(shown.out) if shown.out.strip() else {}


@pytest.mark.slow
def test_every_operation_works_on_the_command_line(
    environment: None, pictures: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = pictures
    there = ("--collection-id", "family")

    made = _aws(capsys, "create-collection", *there, "--tags", "team=one")
    arn = ("--resource-arn", made["CollectionArn"])
    indexed = _aws(capsys, "index-faces", *there, "--image-bytes", first, "--external-image-id", "anna")
    face_id = indexed["FaceRecords"][0]["Face"]["FaceId"]
    found = _aws(capsys, "search-faces-by-image", *there, "--image-bytes", second)
    compared = _aws(capsys, "compare-faces", "--source-image-bytes", first, "--target-image-bytes", second)

    assert found["FaceMatches"][0]["Face"]["FaceId"] == face_id
    assert len(compared["FaceMatches"]) == 1
    assert _aws(capsys, "search-faces", *there, "--face-id", face_id)["FaceMatches"] == []
    assert len(_aws(capsys, "detect-faces", "--image-bytes", first)["FaceDetails"]) == 1
    assert _aws(capsys, "describe-collection", *there)["FaceCount"] == 1
    assert _aws(capsys, "list-collections", "--page-size", "1")["CollectionIds"] == ["family"]
    assert _aws(capsys, "list-faces", *there)["Faces"][0]["ExternalImageId"] == "anna"
    anna = (*there, "--user-id", "anna")
    _aws(capsys, "create-user", *anna)
    assert _aws(capsys, "associate-faces", *anna, "--face-ids", face_id)["UserStatus"] == "ACTIVE"
    assert _aws(capsys, "list-users", *there)["Users"] == [{"UserId": "anna", "UserStatus": "ACTIVE"}]
    assert len(_aws(capsys, "search-users", *there, "--face-id", face_id)["UserMatches"]) == 1
    assert len(_aws(capsys, "search-users-by-image", *there, "--image-bytes", second)["UserMatches"]) == 1
    assert _aws(capsys, "disassociate-faces", *anna, "--face-ids", face_id)["UserStatus"] == "CREATED"
    _aws(capsys, "delete-user", *anna)
    _aws(capsys, "tag-resource", *arn, "--tags", "team=two")
    assert _aws(capsys, "list-tags-for-resource", *arn)["Tags"] == {"team": "two"}
    _aws(capsys, "untag-resource", *arn, "--tag-keys", "team")
    assert _aws(capsys, "delete-faces", *there, "--face-ids", face_id)["DeletedFaces"] == [face_id]
    assert _aws(capsys, "delete-collection", *there)["StatusCode"] == 200


@pytest.mark.slow
def test_the_command_itself_tells_a_refusal(environment: None, make_player: PlayerFactory) -> None:
    access_key_id, secret = make_player(approved=False).pair
    done = subprocess.run(
        [sys.executable, "-m", "awscli", "rekognition", "list-collections"],
        env={**os.environ, "AWS_ACCESS_KEY_ID": access_key_id, "AWS_SECRET_ACCESS_KEY": secret},
        capture_output=True,
        text=True,
        timeout=100,
    )

    assert done.returncode in (254, 255)
    assert "AccessDeniedException" in done.stderr
    assert "VET-001" in done.stderr
