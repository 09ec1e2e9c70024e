"""Alignment, pose, suppression and graph fixes: pure functions on made numbers."""

from __future__ import annotations

import math

import cv2
import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from recognition.engines import alignment, detections, graphs, pose
from recognition.engines.onnx import yunet


@given(
    angle=st.floats(-math.pi, math.pi),
    scale=st.floats(0.05, 20),
    shift=st.tuples(st.floats(-500, 500), st.floats(-500, 500)),
)
def test_alignment_undoes_any_turn_scale_and_shift(angle: float, scale: float, shift: tuple[float, float]) -> None:
    turn = scale * np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    seen = (alignment.POINTS @ turn.T + np.array(shift)).astype(np.float32)

    transform = alignment.similarity_transform(seen)

    np.testing.assert_allclose(seen @ transform[:, :2].T + transform[:, 2], alignment.POINTS, atol=0.05)


def test_alignment_of_coinciding_points_is_finite() -> None:
    assert np.isfinite(alignment.similarity_transform(np.full((5, 2), 7, np.float32))).all()


@pytest.mark.parametrize("scale", [0.6, 1.0, 2.5, 6.0])
def test_a_crop_shows_the_same_whatever_the_size_of_the_picture(scale: float) -> None:
    # A pattern without detail below the size of a crop's pixel, so that every size can show it.
    side = round(200 * scale)
    y, x = np.mgrid[0:side, 0:side] / scale
    wave = (127 + 60 * np.sin(x / 9) + 60 * np.cos(y / 11)).astype(np.uint8)
    picture = np.ascontiguousarray(np.repeat(wave[:, :, None], 3, axis=2))
    points = (alignment.POINTS * 1.2 + 30) * scale + (scale - 1) / 2

    crop = alignment.aligned_crop(picture, points.astype(np.float32))

    y, x = (np.mgrid[0:112, 0:112] * 1.2) + 30
    expected = 127 + 60 * np.sin(x / 9) + 60 * np.cos(y / 11)
    assert np.abs(crop[:, :, 0] - expected).mean() < 3


def test_a_face_beyond_the_picture_gives_a_black_crop() -> None:
    picture = np.full((50, 50, 3), 200, np.uint8)

    crop = alignment.aligned_crop(picture, alignment.POINTS * 10 + 4000)

    assert crop.shape == (112, 112, 3)
    assert crop.max() == 0


def test_points_that_are_one_give_a_crop_all_the_same() -> None:
    crop = alignment.aligned_crop(np.full((50, 50, 3), 200, np.uint8), np.full((5, 2), 7, np.float32))

    assert crop.shape == (112, 112, 3)


@pytest.mark.parametrize("scale", [0.7, 3.0])
def test_a_grey_crop_is_the_crop_made_grey(scale: float) -> None:
    picture = np.random.default_rng(5).integers(0, 256, (400, 500, 3)).astype(np.uint8)
    points = (alignment.POINTS * scale + (90, 20)).astype(np.float32)

    crop = alignment.grey_crop(picture, points)

    expected = cv2.cvtColor(alignment.aligned_crop(picture, points), cv2.COLOR_BGR2GRAY)
    assert np.abs(crop.astype(int) - expected.astype(int)).max() <= 2


@pytest.mark.parametrize("shift", [(-30, -40), (460, 370)])
def test_a_grey_crop_at_the_border_is_black_where_the_picture_ends(shift: tuple[int, int]) -> None:
    picture = np.full((400, 500, 3), 200, np.uint8)
    points = (alignment.POINTS + shift).astype(np.float32)

    crop = alignment.grey_crop(picture, points)

    expected = cv2.cvtColor(alignment.aligned_crop(picture, points), cv2.COLOR_BGR2GRAY)
    assert crop.min() == 0
    assert np.abs(crop.astype(int) - expected.astype(int)).max() <= 2


@pytest.mark.parametrize(
    "points",
    [alignment.POINTS + 4000, np.full((5, 2), 7, np.float32), np.full((5, 2), np.nan, np.float32)],
    ids=["beyond", "one point", "no point"],
)
def test_what_is_no_face_of_the_picture_gives_a_black_grey_crop(points: np.ndarray) -> None:
    crop = alignment.grey_crop(np.full((50, 50, 3), 200, np.uint8), points)

    assert crop.shape == (112, 112)
    assert crop.max() == 0


def _turned(yaw: float, pitch: float, roll: float) -> np.ndarray:
    """Project the head model after turning it: roll last, in the picture's plane."""
    a, b, c = (math.radians(value) for value in (yaw, pitch, roll))
    about_y = np.array([[math.cos(a), 0, math.sin(a)], [0, 1, 0], [-math.sin(a), 0, math.cos(a)]])
    about_x = np.array([[1, 0, 0], [0, math.cos(b), -math.sin(b)], [0, math.sin(b), math.cos(b)]])
    about_z = np.array([[math.cos(c), -math.sin(c), 0], [math.sin(c), math.cos(c), 0], [0, 0, 1]])
    return ((about_z @ about_y @ about_x @ pose._MODEL.T).T)[:, :2].astype(np.float32)


@pytest.mark.parametrize("yaw", [-40, 0, 30])
def test_it_reads_yaw(yaw: float) -> None:
    found = pose.pose_of(_turned(yaw, 0, 0) * 3 + 100)

    assert (found.yaw, found.pitch, found.roll) == pytest.approx((yaw, 0, 0), abs=2)


@pytest.mark.parametrize("pitch", [-25, 20])
def test_it_reads_pitch_positive_upwards(pitch: float) -> None:
    assert pose.pose_of(_turned(0, pitch, 0)).pitch == pytest.approx(pitch, abs=2)


@pytest.mark.parametrize("roll", [-170, -60, 15, 90, 180])
def test_it_reads_roll_clockwise(roll: float) -> None:
    found = pose.pose_of(_turned(0, 0, roll))

    assert math.cos(math.radians(found.roll - roll)) == pytest.approx(1.0, abs=1e-3)


def test_a_face_that_is_a_point_has_a_pose_all_the_same() -> None:
    found = pose.pose_of(np.zeros((5, 2), np.float32))

    assert all(math.isfinite(value) for value in (found.yaw, found.pitch, found.roll))


def _detection(left: float, top: float, side: float, score: float) -> list[float]:
    return [left, top, side, side, *[0.0] * 10, score]


def test_of_overlapping_detections_the_best_is_kept() -> None:
    found = np.array([_detection(0, 0, 10, 0.7), _detection(1, 1, 10, 0.9), _detection(40, 40, 10, 0.6)], np.float32)

    kept = detections.suppress(found)

    assert kept[:, detections.SCORE].tolist() == pytest.approx([0.9, 0.6])
    assert len(detections.suppress(found[:0])) == 0


def test_a_weaker_detection_inside_a_larger_face_is_a_part_of_it() -> None:
    face, eye, beside = _detection(0, 0, 100, 0.9), _detection(20, 20, 20, 0.6), _detection(95, 20, 20, 0.6)
    surer = _detection(60, 60, 20, 0.95)

    kept = detections.without_parts(np.array([face, eye, beside, surer], np.float32))

    assert kept[:, 0].tolist() == [0, 95, 60]


def _model(nodes: list[onnx.NodeProto], constants: dict[str, np.ndarray], *, inputs: list[str]) -> bytes:
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, [2, 4]) for name in inputs],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [2, 4])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    return bytes(model.SerializeToString())


def _run(model: bytes, x: np.ndarray) -> np.ndarray:
    import onnxruntime

    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, {"x": x})[0])


def test_dequantised_weights_compute_the_same() -> None:
    rng = np.random.default_rng(1)
    nodes = [
        helper.make_node("DequantizeLinear", ["w", "s", "z"], ["dw"], axis=0, block_size=2),
        helper.make_node("MatMul", ["x", "dw"], ["y"]),
    ]
    constants = {
        "w": rng.integers(-127, 127, (4, 4)).astype(np.int8),
        "s": rng.uniform(0.01, 0.1, (2, 4)).astype(np.float32),
        "z": rng.integers(-3, 3, (2, 4)).astype(np.int8),
    }
    before = _model(nodes, constants, inputs=["x"])
    x = rng.normal(size=(2, 4)).astype(np.float32)

    after = graphs.apply(before, fixes=["fold_dequantisation"])

    assert {node.op_type for node in onnx.load_model_from_string(after).graph.node} == {"MatMul"}
    np.testing.assert_allclose(_run(after, x), _run(before, x), rtol=1e-5)


def test_a_prelu_that_is_spelled_out_computes_the_same() -> None:
    before = _model(
        [helper.make_node("PRelu", ["x", "slope"], ["y"])],
        {"slope": np.array([0.1, 0.2, -0.3, 0.4], np.float32)},
        inputs=["x", "slope"],
    )
    x = np.random.default_rng(2).normal(size=(2, 4)).astype(np.float32)

    after = graphs.apply(before, fixes=["spell_out_prelu", "drop_constant_inputs"])

    graph = onnx.load_model_from_string(after).graph
    assert "PRelu" not in {node.op_type for node in graph.node}
    assert [value.name for value in graph.input] == ["x"]
    np.testing.assert_allclose(_run(after, x), np.where(x > 0, x, x * [0.1, 0.2, -0.3, 0.4]), rtol=1e-5)


def test_what_the_detector_says_is_read_cell_by_cell() -> None:
    """Against the formula written out, on made-up outputs whose scores lie on both sides of the bound."""
    rows, columns = 64, 96
    random = np.random.default_rng(11)
    grids = [(stride, (rows // stride) * (columns // stride)) for stride in yunet.STRIDES]
    outputs = tuple(
        random.uniform(0.0, 1.0, (1, cells, width)).astype(np.float32) for width in (1, 1, 4, 10) for _, cells in grids
    )
    expected = []
    for index, (stride, cells) in enumerate(grids):
        classes, objects, boxes, points = (outputs[kind * 3 + index][0] for kind in range(4))
        for cell in range(cells):
            score = np.sqrt(classes[cell, 0] * objects[cell, 0])
            if score < detections.LEAST_SCORE:
                continue
            at = np.array([cell % (columns // stride), cell // (columns // stride)], np.float32)
            size = np.exp(boxes[cell, 2:]) * stride
            corner = (at + boxes[cell, :2]) * stride - size / 2
            expected.append([*corner, *size, *((points[cell].reshape(5, 2) + at) * stride).ravel(), score])
    expected.sort(key=lambda row: -row[detections.SCORE])

    found = yunet.decode(outputs, rows=rows, columns=columns)

    assert 20 < len(found) < sum(cells for _, cells in grids)
    np.testing.assert_allclose(found, np.array(expected, np.float32), rtol=1e-6)
