"""ONNX's operators in torch (https://onnx.ai/onnx/operators/), as far as the shipped networks use them.

Each function here makes a node's operation. Fixed inputs (shapes, bounds, paddings) are read once, as numbers, so that
nothing has to be copied from the device while the network runs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

import torch
from torch import Tensor
from torch.nn import functional

from ...arrays import AnyArray
from .onnx_reader import Node

Operation = Callable[..., Tensor]
"""A node's inputs, in order, to its one output."""
Constants = dict[str, AnyArray]
Kind = TypeVar("Kind")


def operation_of(node: Node, constants: Constants) -> Operation:
    """The operation of a node.

    Raises:
        ValueError: the operator, or this use of it, is not known here.
    """
    if node.operator in _PLAIN:
        return _PLAIN[node.operator]
    if node.operator not in _MAKERS:
        raise ValueError(f"operator {node.operator} is not known")
    return _MAKERS[node.operator](node, constants)


def _numbers(node: Node, constants: Constants, place: int) -> list[Any]:
    """The numbers of an input that must be fixed: all integers or all floats."""
    if node.inputs[place] not in constants:
        raise ValueError(f"{node.operator} is known only with input {place} fixed")
    numbers: list[Any] = constants[node.inputs[place]].ravel().tolist()
    return numbers


def _attribute(node: Node, name: str, default: Kind) -> Kind:
    value = node.attributes.get(name, default)
    if not isinstance(value, type(default)):
        raise ValueError(f"{node.operator}: attribute {name} is {value!r}")
    return value


def _need(node: Node, holds: bool) -> None:
    if not holds:
        raise ValueError(f"{node.operator} is not known with {node.attributes}")


def _cast(node: Node, _: Constants) -> Operation:
    # 1: float, in TensorProto.DataType
    _need(node, node.attributes == {"to": 1})
    return lambda values: values.float()


def _clip(node: Node, constants: Constants) -> Operation:
    (low,) = _numbers(node, constants, 1)
    high = _numbers(node, constants, 2)[0] if len(node.inputs) > 2 else None
    return lambda values, *_: values.clamp(low, high)


def _concat(node: Node, _: Constants) -> Operation:
    axis = _attribute(node, "axis", 0)
    return lambda *parts: torch.cat(parts, axis)


def _conv(node: Node, constants: Constants) -> Operation:
    if len(_attribute(node, "kernel_shape", [1, 1])) == 1:
        return _conv_along_time(node, constants)
    strides, dilations = _attribute(node, "strides", [1, 1]), _attribute(node, "dilations", [1, 1])
    top, left, bottom, right = _attribute(node, "pads", [0, 0, 0, 0])
    groups = _attribute(node, "group", 1)
    _need(node, _attribute(node, "auto_pad", "NOTSET") == "NOTSET")

    def convolve(image: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        if (top, left) == (bottom, right):
            return functional.conv2d(image, weight, bias, strides, (top, left), dilations, groups)
        padded = functional.pad(image, (left, right, top, bottom))
        return functional.conv2d(padded, weight, bias, strides, 0, dilations, groups)

    return convolve


def _conv_along_time(node: Node, _: Constants) -> Operation:
    dilation, groups = _attribute(node, "dilations", [1]), _attribute(node, "group", 1)
    _need(node, _attribute(node, "strides", [1]) == [1] and _attribute(node, "pads", [0, 0]) == [0, 0])
    _need(node, _attribute(node, "auto_pad", "NOTSET") == "NOTSET")
    return lambda values, weight, bias=None: functional.conv1d(values, weight, bias, 1, 0, dilation, groups)


def _depth_to_space(node: Node, _: Constants) -> Operation:
    side = _attribute(node, "blocksize", 1)
    _need(node, _attribute(node, "mode", "DCR") == "DCR")

    def spread(image: Tensor) -> Tensor:
        batch, depth, height, width = image.shape
        blocks = image.reshape(batch, side, side, depth // side**2, height, width)
        return blocks.permute(0, 3, 4, 1, 5, 2).reshape(batch, depth // side**2, height * side, width * side)

    return spread


def _gather(node: Node, constants: Constants) -> Operation:
    (index,), axis = _numbers(node, constants, 1), _attribute(node, "axis", 0)
    _need(node, constants[node.inputs[1]].ndim == 0)
    return lambda values, *_: values.select(axis, index)


def _gemm(node: Node, _: Constants) -> Operation:
    scales = _attribute(node, "alpha", 1.0), _attribute(node, "beta", 1.0)
    _need(node, scales == (1, 1) and _attribute(node, "transA", 0) == 0)
    if _attribute(node, "transB", 0) == 1:
        return functional.linear
    return lambda values, weight, bias: torch.addmm(bias, values, weight)


def _global_average_pool(node: Node, _: Constants) -> Operation:
    _need(node, not node.attributes)
    return lambda image: image.mean((2, 3), keepdim=True)


def _layer_normalization(node: Node, _: Constants) -> Operation:
    epsilon = _attribute(node, "epsilon", 1e-5)
    _need(node, _attribute(node, "axis", -1) == -1)
    return lambda values, scale, bias: functional.layer_norm(values, scale.shape, scale, bias, epsilon)


def _max_pool(node: Node, _: Constants) -> Operation:
    size, strides = _attribute(node, "kernel_shape", [1, 1]), _attribute(node, "strides", [1, 1])
    _need(node, not set(node.attributes) - {"kernel_shape", "strides"})
    return lambda image: functional.max_pool2d(image, size, strides)


def _pad(node: Node, constants: Constants) -> Operation:
    before_and_after, mode = _numbers(node, constants, 1), _attribute(node, "mode", "constant")
    _need(node, mode in ("constant", "edge") and len(node.inputs) == 2)
    count = len(before_and_after) // 2
    # ONNX: all befores, then all afters; torch: before and after of each axis, the last axis first.
    pairs = [before_and_after[axis + half] for axis in reversed(range(count)) for half in (0, count)]
    if mode == "edge":
        _need(node, not any(pairs[2:]))
        return lambda values, *_: functional.pad(values, pairs[:2], "replicate")
    return lambda values, *_: functional.pad(values, pairs)


def _reduction(reduce: Callable[..., Tensor]) -> Callable[[Node, Constants], Operation]:
    """Makes the operations of a reduction over fixed axes."""

    def make(node: Node, constants: Constants) -> Operation:
        axes, keep = _numbers(node, constants, 1), bool(_attribute(node, "keepdims", 1))
        return lambda values, *_: reduce(values, dim=axes, keepdim=keep)

    return make


def _reshape(node: Node, constants: Constants) -> Operation:
    shape = _numbers(node, constants, 1)
    _need(node, 0 not in shape)
    return lambda values, *_: values.reshape(shape)


def _resize(node: Node, constants: Constants) -> Operation:
    *unscaled, vertical, horizontal = _numbers(node, constants, 2)
    mode = _attribute(node, "mode", "nearest"), _attribute(node, "coordinate_transformation_mode", "half_pixel")
    _need(node, mode == ("linear", "half_pixel") and unscaled == [1, 1] and len(node.inputs) == 3)
    scale = (vertical, horizontal)
    return lambda image, *_: functional.interpolate(image, scale_factor=scale, mode="bilinear", align_corners=False)


def _slice(node: Node, constants: Constants) -> Operation:
    steps = _numbers(node, constants, 4) if len(node.inputs) > 4 else [1]
    _need(node, len(node.inputs) >= 4 and set(steps) == {1})
    starts, ends, axes = (_numbers(node, constants, place) for place in (1, 2, 3))

    def cut(values: Tensor, *_: Tensor) -> Tensor:
        parts = [slice(None)] * values.ndim
        for axis, start, end in zip(axes, starts, ends, strict=True):
            parts[axis] = slice(start, end)
        return values[tuple(parts)]

    return cut


def _squeeze(node: Node, constants: Constants) -> Operation:
    axes = _numbers(node, constants, 1)
    return lambda values, *_: values.squeeze(axes)


def _transpose(node: Node, _: Constants) -> Operation:
    axes = _attribute(node, "perm", [0])
    # Copied, so that what follows has its data in the order for which torch's operations are fastest.
    return lambda values: values.permute(axes).contiguous()


def _unsqueeze(node: Node, constants: Constants) -> Operation:
    axes = sorted(_numbers(node, constants, 1))
    _need(node, axes[0] >= 0 or len(axes) == 1)

    def widen(values: Tensor, *_: Tensor) -> Tensor:
        for axis in axes:
            values = values.unsqueeze(axis)
        return values

    return widen


def _prelu(values: Tensor, slopes: Tensor) -> Tensor:
    return torch.where(values < 0, values * slopes, values)


_PLAIN: Final[dict[str, Operation]] = {
    "Add": torch.add,
    "Div": torch.div,
    "Erf": torch.erf,
    "Exp": torch.exp,
    "Greater": torch.gt,
    "Log": torch.log,
    "MatMul": torch.matmul,
    "Mul": torch.mul,
    "PRelu": _prelu,
    "Sigmoid": torch.sigmoid,
    "Sqrt": torch.sqrt,
    "Sub": torch.sub,
}

_MAKERS: Final[dict[str, Callable[[Node, Constants], Operation]]] = {
    "Cast": _cast,
    "Clip": _clip,
    "Concat": _concat,
    "Conv": _conv,
    "DepthToSpace": _depth_to_space,
    "Gather": _gather,
    "Gemm": _gemm,
    "GlobalAveragePool": _global_average_pool,
    "LayerNormalization": _layer_normalization,
    "MaxPool": _max_pool,
    "Pad": _pad,
    "ReduceL2": _reduction(torch.linalg.vector_norm),
    "ReduceMean": _reduction(torch.mean),
    "ReduceSum": _reduction(torch.sum),
    "Reshape": _reshape,
    "Resize": _resize,
    "Slice": _slice,
    "Squeeze": _squeeze,
    "Transpose": _transpose,
    "Unsqueeze": _unsqueeze,
}
