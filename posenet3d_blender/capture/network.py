"""One interface for running a network, whatever runs it and on which device."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from ..errors import PoseNet3DError

MAXIMUM_THREADS: Final = 8
"""More threads than this gain nothing on networks of this size."""

ONNXRUNTIME_PROVIDERS: Final = {
    "cuda": ("CUDAExecutionProvider", "NVIDIA GPU (CUDA)"),
    "directml": ("DmlExecutionProvider", "Windows GPU (DirectML)"),
    "coreml": ("CoreMLExecutionProvider", "Apple GPU and Neural Engine (Core ML)"),
    "cpu": ("CPUExecutionProvider", "processor"),
}
"""Device key: onnxruntime's provider and a name for people; the best first."""


class Network(Protocol):
    """A network that is ready to run."""

    device: str
    """A key of `available_devices`, never "auto"."""
    backend: str
    """What runs it, such as "onnxruntime"."""

    def run(self, inputs: dict[str, NDArray[np.float32]]) -> dict[str, NDArray[np.float32]]:
        """Named inputs to named outputs."""


def available_devices() -> list[tuple[str, str]]:
    """(key, name) of each device that networks can run on here, the best first."""
    import onnxruntime

    present = onnxruntime.get_available_providers()
    return [(key, name) for key, (provider, name) in ONNXRUNTIME_PROVIDERS.items() if provider in present]


def usable_processors() -> int:
    """How many processors this process may use; containers and batch systems often allow fewer than there are."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def open_network(path: Path, device: str = "auto") -> Network:
    """Load an ONNX file on a device; "auto" takes the best device that works.

    Raises:
        PoseNet3DError: the device is unknown or not there, or the file is missing or damaged.
    """
    keys = [key for key, _ in available_devices()]
    if device != "auto" and device not in keys:
        raise PoseNet3DError(f"device '{device}' is not available here; choose one of: auto, {', '.join(keys)}")
    if not path.is_file():
        raise PoseNet3DError(f"{path}: the network file is missing; install the add-on again")
    if device != "auto":
        return OnnxruntimeNetwork(path, device)
    for key in keys[:-1]:
        try:
            return OnnxruntimeNetwork(path, key)
        except PoseNet3DError:
            # A driver that is too old, say: the next best device serves. The processor, last, must work.
            continue
    return OnnxruntimeNetwork(path, keys[-1])


class OnnxruntimeNetwork:
    """A network run by onnxruntime."""

    backend = "onnxruntime"

    def __init__(self, path: Path, device: str) -> None:
        import onnxruntime

        provider, name = ONNXRUNTIME_PROVIDERS[device]
        onnxruntime.set_default_logger_severity(4)
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        options.intra_op_num_threads = min(usable_processors(), MAXIMUM_THREADS)
        options.inter_op_num_threads = 1
        # Threads that spin while they wait take the processor from video decoding (twice as slow on two cores).
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        providers = [provider] if device == "cpu" else [provider, "CPUExecutionProvider"]
        try:
            self._session = onnxruntime.InferenceSession(str(path), options, providers=providers)
        except Exception as error:  # onnxruntime's own exceptions share no public base class
            raise PoseNet3DError(f"{path}: the network can't be loaded; install the add-on again") from error
        if self._session.get_providers()[0] != provider:
            raise PoseNet3DError(
                f"device '{device}' ({name}) does not start here; check its driver or use --device cpu"
            )
        self.device = device
        self._output_names = [output.name for output in self._session.get_outputs()]

    def run(self, inputs: dict[str, NDArray[np.float32]]) -> dict[str, NDArray[np.float32]]:
        """Named inputs to named outputs."""
        return dict(zip(self._output_names, self._session.run(self._output_names, inputs), strict=True))
