"""Networks run by torch: the fastest way on NVIDIA's GPUs, where the user has given Blender a torch with CUDA.

Importing this module imports torch, which takes seconds: `network.open_network` does it only where torch is to run.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...errors import PoseNet3DError
from .onnx_reader import Node, read_graph
from .torch_operators import Constants, Operation, operation_of


@dataclass(frozen=True)
class _Step:
    """One operation, with the names of its values."""

    operation: Operation
    inputs: tuple[str, ...]
    output: str
    last_uses: tuple[str, ...]
    """Values that no later step needs: their memory is freed (a quarter of a gigabyte, for one picture)."""


class TorchNetwork:
    """An ONNX file's network in torch, of the operators that our networks use; satisfies `network.Network`."""

    backend = "torch"

    def __init__(self, path: Path, device: str) -> None:
        """Load the network onto torch's device "cuda" or "cpu".

        Raises:
            PoseNet3DError: the file is damaged, or holds an operator that is not known here.
            RuntimeError: torch can't use the device.
        """
        try:
            graph = read_graph(path)
            constants = graph.constants | _cast_constants(graph.nodes, graph.constants)
            computed = [node for node in graph.nodes if not set(node.outputs) <= constants.keys()]
            operations = [(node, operation_of(node, constants)) for node in computed]
            self._steps = _steps(operations, kept={*constants, "", *graph.outputs})
        except (OSError, ValueError) as error:
            raise PoseNet3DError(f"{path}: the network can't be loaded; install the add-on again") from error
        self.device = device
        used = {name for step in self._steps for name in step.inputs}
        self._constants: dict[str, Tensor | None] = {
            name: torch.tensor(values, device=device) for name, values in constants.items() if name in used
        }
        # The name of an optional input that is not given.
        self._constants[""] = None
        self._output_names = graph.outputs

    @torch.inference_mode()
    def run(self, inputs: dict[str, NDArray[np.float32]]) -> dict[str, NDArray[np.float32]]:
        """Named inputs to named outputs.

        Raises:
            RuntimeError: the device fails, or is out of memory.
        """
        values = dict(self._constants)
        for name, array in inputs.items():
            values[name] = torch.from_numpy(np.ascontiguousarray(array)).to(self.device)
        # NVIDIA's GPUs would round a convolution's factors to 11 bits: the results must equal the CPU's.
        with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
            for step in self._steps:
                values[step.output] = step.operation(*(values[name] for name in step.inputs))
                for name in step.last_uses:
                    del values[name]
        return {name: _as_array(values[name]) for name in self._output_names}


def _steps(operations: list[tuple[Node, Operation]], kept: set[str]) -> list[_Step]:
    """The steps in order; a value that is not kept is dropped after the last step that needs it."""
    steps: list[_Step] = []
    needed_later = set(kept)
    for node, operation in reversed(operations):
        (output,) = node.outputs
        steps.append(_Step(operation, node.inputs, output, tuple({*node.inputs} - needed_later)))
        needed_later.update(node.inputs)
    return steps[::-1]


def _cast_constants(nodes: tuple[Node, ...], constants: Constants) -> Constants:
    """Weights that are stored as half floats, cast once to the floats that the network computes with."""
    casts = [node for node in nodes if node.operator == "Cast" and node.inputs[0] in constants]
    return {
        node.outputs[0]: operation_of(node, constants)(torch.tensor(constants[node.inputs[0]])).numpy()
        for node in casts
    }


def _as_array(tensor: Tensor | None) -> NDArray[np.float32]:
    if tensor is None:
        raise RuntimeError("the network gave no output")
    array: NDArray[np.float32] = tensor.cpu().numpy()
    return array
