"""What may stand where an image is asked for."""

from __future__ import annotations

import pytest

from tests.worlds import Player


@pytest.mark.parametrize("image", [{"bytes": "AA==", "more": 1}, {"bytes": 1}, {}, [], "AA==", None])
def test_what_is_no_image_is_a_clear_400(alice: Player, image: object) -> None:
    response = alice.client.post("/v1/detect", {"image": image})

    assert response.status_code == 400
    assert [error["pointer"] for error in response.json()["errors"]] == ["/image"]
