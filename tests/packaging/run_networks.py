"""Run every shipped network on the processor, on the same random inputs each time: run_networks.py OUT.npz.

A process of its own, so that it can have another onnxruntime than the tests.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import onnxruntime

ASSETS = Path(__file__).parents[2] / "posenet3d_blender" / "assets"
BATCH = 2
"""Used where a network takes any number of windows."""


def main(out: Path) -> None:
    outputs = {"version": np.array(onnxruntime.__version__)}
    for path in sorted(ASSETS.rglob("*.onnx")):
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        random = np.random.default_rng(0)
        inputs = {
            entry.name: random.random([side if isinstance(side, int) else BATCH for side in entry.shape], np.float32)
            for entry in session.get_inputs()
        }
        names = [entry.name for entry in session.get_outputs()]
        results = session.run(names, inputs)
        outputs |= {f"{path.stem}/{name}": result for name, result in zip(names, results, strict=True)}
    np.savez(out, **outputs)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
