"""Memory that is used again shows nothing of the picture before."""

from __future__ import annotations

import numpy as np
import pytest

from recognition.engines.onnx.yunet import as_tensor


@pytest.mark.parametrize("shape", [(64, 96), (65, 97), (1, 1), (200, 31)])
def test_a_tensor_in_used_memory_is_the_one_in_fresh_memory(shape: tuple[int, int]) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (*shape, 3)).astype(np.uint8)
    used = np.full(3 * 256 * 256, np.nan, np.float32)

    tensor, size = as_tensor(pixels, memory=used)

    fresh, fresh_size = as_tensor(pixels)
    assert size == fresh_size
    assert np.array_equal(tensor, fresh)
    assert np.shares_memory(tensor, used)
    assert not tensor[0, :, shape[0] :].any()


def test_memory_that_is_too_small_is_left_alone() -> None:
    pixels = np.full((64, 64, 3), 7, np.uint8)
    small = np.zeros(10, np.float32)

    tensor, _ = as_tensor(pixels, memory=small)

    assert tensor.shape == (1, 3, 64, 64)
    assert not small.any()
