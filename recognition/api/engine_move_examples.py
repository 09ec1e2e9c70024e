"""The examples of moves to another engine. The tests send every one and hold the answers against them."""

from __future__ import annotations

from typing import Any, Final

from common.documentation import Example
from recognition.api.examples import FACE_ID

_TIME: Final = "2026-03-02T09:15:27.104233Z"
_MOVE: Final[dict[str, Any]] = {
    "collection": "family",
    "engine_version": "sface-1",
    "second_engine": "deepface:yunet+SFace",
    "second_engine_version": "deepface-0.0.103:yunet+SFace@5a0f1b2c3d4e",
    "is_switched": False,
    "job": "01971f70-11b7-7c41-8f6e-5b6a79880c1d",
    "n_faces": 2,
    "n_missing": 0,
    "n_unmoved": 0,
    "agreement": {
        "n_searches": 41,
        "rank_one_agreement": 0.976,
        "counts": {"same": 30, "different": 0, "only_answered": 1, "only_shadow": 0, "neither": 10},
        "mean": 97.1,
        "deviation": 2.2,
        "shadow_mean": 96.4,
        "shadow_deviation": 2.9,
        "bands": [{"from": 95, "answered": 31, "shadow": 30}],
    },
    "created_at": _TIME,
    "ended_at": None,
}
GET_ENGINE_MOVE: Final = Example(answer=_MOVE)
START_ENGINE_MOVE: Final = Example({"engine": "deepface:yunet+SFace"}, {**_MOVE, "n_missing": 2})
FILL_ENGINE_MOVE: Final = Example(answer=_MOVE)
SWITCH_ENGINE: Final = Example({"leave_behind": False}, {**_MOVE, "is_switched": True})
ROLL_BACK_ENGINE: Final = Example({"leave_behind": False}, _MOVE)
END_ENGINE_MOVE: Final = Example(answer={**_MOVE, "ended_at": _TIME})
LIST_UNMOVED: Final = Example(
    answer={"items": [{"face_id": FACE_ID, "reason": "picture_not_kept"}], "next_cursor": None}
)
