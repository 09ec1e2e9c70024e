"""The Keras file of mini-XCEPTION as an ONNX graph, without TensorFlow: read with h5py, written layer by layer.

Arriaga, Valdenegro-Toro and Plöger: "Real-time Convolutional Neural Networks for Emotion and Gender Classification",
2017.
Used once, by `fetch_models`.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

_OPSET = 13
_BATCH_NORM_EPSILON = 1e-3
# Each block: two separable convolutions beside one convolution of stride 2; by the numbers in the layers' names.
_BLOCKS = (
    ((1, 2), (4, 5), 3, 3),
    ((3, 4), (7, 8), 4, 6),
    ((5, 6), (10, 11), 5, 9),
    ((7, 8), (13, 14), 6, 12),
)


def to_onnx(data: bytes) -> bytes:
    """Return the graph: float32 (1, 1, 64, 64), grey -1…1, to float32 (1, 7), shares of the expressions."""
    with h5py.File(io.BytesIO(data), "r") as content:
        graph = _Graph(content["model_weights"])
        x = "grey"
        for number in (1, 2):
            x = graph.add("Relu", graph.normalised(graph.convolved(x, number, padding="VALID"), number))
        for separable, norms, shortcut, shortcut_norm in _BLOCKS:
            aside = graph.normalised(graph.convolved(x, shortcut, stride=2), shortcut_norm)
            x = graph.add("Relu", graph.normalised(graph.separated(x, separable[0]), norms[0]))
            x = graph.normalised(graph.separated(x, separable[1]), norms[1])
            x = graph.add("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], auto_pad="SAME_UPPER")
            x = graph.add("Add", x, aside)
        x = graph.add("GlobalAveragePool", graph.convolved(x, 7, has_bias=True))
        graph.add("Softmax", graph.add("Flatten", x), axis=1, output="shares")
    inputs = [helper.make_tensor_value_info("grey", TensorProto.FLOAT, [1, 1, 64, 64])]
    outputs = [helper.make_tensor_value_info("shares", TensorProto.FLOAT, [1, 7])]
    whole = helper.make_graph(graph.nodes, "mini-xception", inputs, outputs, graph.constants)
    model = helper.make_model(whole, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=8)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString(deterministic=True))


@dataclass(slots=True)
class _Graph:
    """Nodes and constants as they grow; each method returns the name of what it made."""

    weights: h5py.Group
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: list[onnx.TensorProto] = field(default_factory=list)

    def add(self, kind: str, *inputs: str, output: str | None = None, **attributes: Any) -> str:
        name = output or f"{kind}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def constant(self, value: npt.NDArray[np.float32]) -> str:
        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value, np.float32), name))
        return name

    def convolved(
        self, x: str, number: int, *, padding: str = "SAME_UPPER", stride: int = 1, has_bias: bool = False
    ) -> str:
        layer = f"conv2d_{number}"
        inputs = [x, self.constant(self._values(layer, "kernel").transpose(3, 2, 0, 1))]
        inputs += [self.constant(self._values(layer, "bias"))] if has_bias else []
        return self.add("Conv", *inputs, auto_pad=padding, strides=[stride, stride])

    def separated(self, x: str, number: int) -> str:
        layer = f"separable_conv2d_{number}"
        deep = self._values(layer, "depthwise_kernel").transpose(2, 3, 0, 1)
        x = self.add("Conv", x, self.constant(deep), auto_pad="SAME_UPPER", group=len(deep))
        return self.add("Conv", x, self.constant(self._values(layer, "pointwise_kernel").transpose(3, 2, 0, 1)))

    def normalised(self, x: str, number: int) -> str:
        layer = f"batch_normalization_{number}"
        parts = [self.constant(self._values(layer, p)) for p in ("gamma", "beta", "moving_mean", "moving_variance")]
        return self.add("BatchNormalization", x, *parts, epsilon=_BATCH_NORM_EPSILON)

    def _values(self, layer: str, name: str) -> npt.NDArray[np.float32]:
        values: npt.NDArray[np.float32] = self.weights[layer][f"{layer}_1"][f"{name}:0"][()]
        return values
