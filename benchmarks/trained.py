"""Writing what was trained, beside the code that reads it; what another script trained stays."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt


def keep_heads(heads: Mapping[str, npt.NDArray[np.float64]]) -> None:
    """Write heads, float64 (n + 1,), into `heads.npz`."""
    from recognition.engines.onnx.attributes import appearance

    with np.load(appearance.PATH, allow_pickle=False) as content:
        others = {name: content[name] for name in content.files if name not in heads}
    mine = {name: head.astype(np.float16) for name, head in heads.items()}
    np.savez_compressed(appearance.PATH, **others, **mine)


def keep_calibration(coefficients: Mapping[str, Sequence[float]]) -> None:
    """Write slopes and offsets into `calibration.json`."""
    from recognition.engines.onnx.attributes import calibration

    both = json.loads(calibration.PATH.read_text()) | {name: list(pair) for name, pair in coefficients.items()}
    calibration.PATH.write_text(json.dumps(both, indent=2) + "\n")
    calibration.coefficients.cache_clear()
