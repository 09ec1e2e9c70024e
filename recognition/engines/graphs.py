"""One-time fixes of ONNX graphs, so that every runtime reads them and runs them fast. Pure functions on a model.

Each is exact or proven by golden vectors; together they turn a published file into the one that is installed, byte for
byte the same on every machine (its digest is in the manifest).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt
import onnx
from onnx import numpy_helper

Fix = Callable[[onnx.ModelProto], None]


def apply(data: bytes, *, fixes: Iterable[str]) -> bytes:
    """Return the serialised model after the named fixes, in their order."""
    model = onnx.load_model_from_string(data)
    for name in fixes:
        FIXES[name](model)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString(deterministic=True))


def fold_dequantisation(model: onnx.ModelProto) -> None:
    """Replace block-quantised weights by the float32 numbers that they stand for (ONNX DequantizeLinear, opset 21)."""
    graph = model.graph
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    kept = []
    for node in graph.node:
        if node.op_type == "DequantizeLinear":
            constants[node.output[0]] = _dequantised(node, constants=constants)
        elif node.op_type == "Reshape" and node.input[0] in constants:
            constants[node.output[0]] = constants[node.input[0]].reshape(constants[node.input[1]])
        else:
            kept.append(node)
    del graph.node[:]
    graph.node.extend(kept)
    known = {tensor.name for tensor in graph.initializer}
    graph.initializer.extend(
        numpy_helper.from_array(np.ascontiguousarray(value), name)
        for name, value in constants.items()
        if name not in known
    )
    _drop_unused_constants(model)


def _dequantised(node: onnx.NodeProto, *, constants: dict[str, npt.NDArray[np.generic]]) -> npt.NDArray[np.float32]:
    attributes = {attribute.name: onnx.helper.get_attribute_value(attribute) for attribute in node.attribute}
    quantised, scales, zero_points = (constants[name] for name in node.input)
    axis, block = int(attributes["axis"]), int(attributes["block_size"])
    length = quantised.shape[axis]

    def spread(values: npt.NDArray[np.generic]) -> npt.NDArray[np.float32]:
        return np.repeat(values, block, axis=axis).take(range(length), axis=axis).astype(np.float32)

    return (quantised.astype(np.float32) - spread(zero_points)) * spread(scales)


def spell_out_prelu(model: onnx.ModelProto) -> None:
    """Write PRelu(x) as Relu(x) + slope * (x - Relu(x)): ONNX Runtime's PRelu takes half of SFace's time."""
    nodes = []
    for node in model.graph.node:
        if node.op_type != "PRelu":
            nodes.append(node)
            continue
        (x, slope), y = node.input, node.output[0]
        nodes += [
            onnx.helper.make_node("Relu", [x], [f"{y}_positive"]),
            onnx.helper.make_node("Sub", [x, f"{y}_positive"], [f"{y}_negative"]),
            onnx.helper.make_node("Mul", [f"{y}_negative", slope], [f"{y}_scaled"]),
            onnx.helper.make_node("Add", [f"{y}_positive", f"{y}_scaled"], [y]),
        ]
    del model.graph.node[:]
    model.graph.node.extend(nodes)


def drop_constant_inputs(model: onnx.ModelProto) -> None:
    """Keep only what is fed as a graph input: constants listed there are refused by some runtimes, or never folded."""
    graph = model.graph
    used = {name for node in graph.node for name in node.input}
    constants = {tensor.name for tensor in graph.initializer}
    inputs = [value for value in graph.input if value.name in used and value.name not in constants]
    del graph.input[:]
    graph.input.extend(inputs)
    _drop_unused_constants(model)


def free_image_size(model: onnx.ModelProto) -> None:
    """Let height and width of the image vary; shapes that followed from the published size are forgotten."""
    graph = model.graph
    for dimension, name in zip(graph.input[0].type.tensor_type.shape.dim[2:], ("height", "width"), strict=True):
        dimension.dim_param = name
    for value in graph.output:
        value.type.tensor_type.shape.dim[1].dim_param = f"{value.name}_anchors"
    del graph.value_info[:]


def _drop_unused_constants(model: onnx.ModelProto) -> None:
    used = {name for node in model.graph.node for name in node.input}
    constants = [tensor for tensor in model.graph.initializer if tensor.name in used]
    del model.graph.initializer[:]
    model.graph.initializer.extend(constants)


FIXES: dict[str, Fix] = {
    "fold_dequantisation": fold_dequantisation,
    "spell_out_prelu": spell_out_prelu,
    "drop_constant_inputs": drop_constant_inputs,
    "free_image_size": free_image_size,
}
