"""Weights of ONNX files in half precision."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import onnx

SMALLEST_HALVED: Final = 64
"""Arrays with fewer numbers are not converted to 16 bits: it would save nothing."""


def halve_weights(graph: onnx.GraphProto) -> None:
    """Store 32-bit weights as 16-bit ones where that is lossless, with a cast back to 32 bits."""
    import numpy as np
    from onnx import TensorProto, helper, numpy_helper

    casts = []
    for weights in graph.initializer:
        values = numpy_helper.to_array(weights)
        if weights.data_type != TensorProto.FLOAT or values.size < SMALLEST_HALVED:
            continue
        halved = values.astype(np.float16)
        if not np.array_equal(halved.astype(np.float32), values):
            continue
        name = weights.name
        weights.CopyFrom(numpy_helper.from_array(halved, f"{name}_half"))
        casts.append(helper.make_node("Cast", [f"{name}_half"], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
