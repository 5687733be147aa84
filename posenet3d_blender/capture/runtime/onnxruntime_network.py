"""Networks run by onnxruntime, which ships with the add-on."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ...errors import PoseNet3DError

PROVIDERS: Final = {
    "cuda": "CUDAExecutionProvider",
    "directml": "DmlExecutionProvider",
    "coreml": "CoreMLExecutionProvider",
    "cpu": "CPUExecutionProvider",
}
"""Device key: onnxruntime's provider."""
PROVIDER_OPTIONS: Final = {"cuda": {"use_tf32": "0"}}
"""NVIDIA's GPUs would round factors to 11 bits: the results must equal the CPU's."""


def provided_devices() -> list[str]:
    """Keys of the devices that this onnxruntime was built for."""
    import onnxruntime

    available = onnxruntime.get_available_providers()
    return [device for device, provider in PROVIDERS.items() if provider in available]


class OnnxruntimeNetwork:
    """A network run by onnxruntime; satisfies `network.Network`."""

    backend = "onnxruntime"

    def __init__(self, path: Path, device: str, threads: int) -> None:
        """Load the network onto a device of `provided_devices`; on the CPU a run takes so many threads.

        Raises:
            PoseNet3DError: the file is damaged.
            Exception: the device does not start.
        """
        import onnxruntime

        provider = PROVIDERS[device]
        onnxruntime.set_default_logger_severity(4)
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # DirectML can't reuse a plan of its memory.
        options.enable_mem_pattern = device != "directml"
        # Threads that spin while they wait take CPU time from video decoding (twice as slow on two cores).
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        # Operations that a device lacks run on the CPU.
        providers = {provider: PROVIDER_OPTIONS.get(device, {}), PROVIDERS["cpu"]: {}}
        try:
            self._session = onnxruntime.InferenceSession(str(path), options, list(providers), list(providers.values()))
        except Exception as error:  # onnxruntime's own exceptions share no public base class
            if device != "cpu":
                raise
            raise PoseNet3DError(f"{path}: the network can't be loaded; install the add-on again") from error
        if self._session.get_providers()[0] != provider:
            raise RuntimeError("its driver or libraries do not start")
        # A device that fails later must be seen to fail, not be replaced in silence.
        self._session.disable_fallback()
        self.device = device
        self._output_names = [output.name for output in self._session.get_outputs()]

    def run(self, inputs: dict[str, NDArray[np.float32]]) -> dict[str, NDArray[np.float32]]:
        """Named inputs to named outputs; onnxruntime's own exceptions where the device fails."""
        return dict(zip(self._output_names, self._session.run(self._output_names, inputs), strict=True))
