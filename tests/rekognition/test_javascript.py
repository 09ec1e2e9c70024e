"""The unmodified AWS SDK for JavaScript, where node and its package are: see docs/examples/rekognition.mjs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from recognition.engines.fake import face_picture
from tests.rekognition.conftest import REGION
from tests.worlds import Player

REPOSITORY = Path(__file__).resolve().parents[2]
SDK = REPOSITORY / "node_modules" / "@aws-sdk" / "client-rekognition"


@pytest.mark.slow
@pytest.mark.skipif(
    shutil.which("node") is None or not SDK.is_dir(), reason="npm install --no-save @aws-sdk/client-rekognition"
)
def test_the_example_of_the_how_to_finds_whom_it_indexed(address: str, alice: Player, tmp_path: Path) -> None:
    access_key_id, secret = alice.pair
    for variant in (0, 1):
        (tmp_path / f"{variant}.png").write_bytes(face_picture(1, variant=variant))
    pair = {"AWS_ACCESS_KEY_ID": access_key_id, "AWS_SECRET_ACCESS_KEY": secret}
    script = REPOSITORY / "docs" / "examples" / "rekognition.mjs"

    done = subprocess.run(
        ["node", str(script), "family", str(tmp_path / "0.png"), str(tmp_path / "1.png")],
        env={"PATH": os.environ["PATH"], "AWS_ENDPOINT_URL_REKOGNITION": address, "AWS_REGION": REGION, **pair},
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["count"] == 1
    assert [match["id"] for match in answer["found"]] == ["anna"]
    assert alice.client.get("/v1/collections").json()["items"] == []
