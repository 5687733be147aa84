"""A training checkpoint behind the add-on's interface for networks."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from posenet3d_blender.capture.student.network import StudentNetwork


class CheckpointNetwork:
    """A student run by torch on the processor; satisfies `capture.network.Network`."""

    device = "cpu"
    backend = "torch"

    def __init__(self, student: StudentNetwork) -> None:
        self._student = student.eval()

    @torch.no_grad()
    def run(self, inputs: dict[str, NDArray[np.float32]]) -> dict[str, NDArray[np.float32]]:
        """Named inputs to named outputs."""
        output = self._student(torch.from_numpy(inputs["features"]))
        return {name: tensor.numpy() for name, tensor in output._asdict().items()}
