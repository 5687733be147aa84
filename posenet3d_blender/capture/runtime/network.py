"""One interface to neural networks, for every runtime and device."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from ...cores import usable_cores
from ...errors import PoseNet3DError
from ...progress import Warn, ignore_warning
from .cuda import cuda_device_name, torch_has_cuda

DEVICE_NAMES: Final = {
    "cuda": "NVIDIA GPU (CUDA)",
    "directml": "Windows GPU (DirectML)",
    "coreml": "Apple GPU and Neural Engine (Core ML)",
    "cpu": "CPU",
}
"""Device key: the name shown where the device has none of its own; the best first."""
MOST_THREADS: Final = 8
"""More threads than this gain nothing on networks of this size."""

_BACKEND_NAMES: Final = {"onnxruntime": "ONNX Runtime", "torch": "PyTorch"}


class Network(Protocol):
    """A network that is ready to run."""

    device: str
    """A key of `available_devices`, never "auto"."""
    backend: str
    """Library that runs it, such as "onnxruntime"."""

    def run(self, inputs: dict[str, NDArray[np.float32]]) -> dict[str, NDArray[np.float32]]:
        """Named inputs to named outputs."""


@dataclass(frozen=True)
class Runtime:
    """A device and the library that runs networks on it."""

    device: str
    """A key of DEVICE_NAMES."""
    name: str
    """The device's own name where it is known."""
    backend: str
    open: Callable[[Path, int], Network]
    """Takes a file and the threads of a run on the CPU; may raise whatever torch, onnxruntime and drivers raise."""

    def __str__(self) -> str:
        """Name for messages."""
        return f"{self.name}, by {self.backend}"


def available_runtimes() -> list[Runtime]:
    """Runtimes of this machine, the best first and the CPU last. Fast, as torch is not imported."""
    from .onnxruntime_network import OnnxruntimeNetwork, provided_devices

    def by_onnxruntime(device: str, name: str) -> Runtime:
        return Runtime(device, name, "onnxruntime", lambda path, threads: OnnxruntimeNetwork(path, device, threads))

    gpu = cuda_device_name()
    runtimes = [Runtime("cuda", gpu, "torch", _open_with_torch)] if gpu and torch_has_cuda() else []
    for device in provided_devices():
        # onnxruntime names what it was built for; only the driver knows whether there is an NVIDIA GPU.
        if device != "cuda" or gpu:
            runtimes.append(by_onnxruntime(device, gpu if device == "cuda" and gpu else DEVICE_NAMES[device]))
    return runtimes


def available_devices() -> list[tuple[str, str]]:
    """(key, name) of each device of this machine that can run networks, the best first."""
    return list({runtime.device: runtime.name for runtime in available_runtimes()}.items())


def device_name(device: str) -> str:
    """The device's own name, or else the one in DEVICE_NAMES."""
    return dict(available_devices()).get(device, DEVICE_NAMES[device])


def ran_on(device: str, backend: str) -> str:
    """Plain words for a device and the library that ran the networks on it: "the CPU with ONNX Runtime"."""
    name = device_name(device)
    return f"{'the CPU' if device == 'cpu' else name} with {_BACKEND_NAMES.get(backend, backend)}"


def open_network(path: Path, device: str = "auto", warn: Warn = ignore_warning, threads: int | None = None) -> Network:
    """Load an ONNX file on a device; "auto" takes the best device that works.

    When a device fails, now or while it runs, the next best one takes over, after a warning.

    Args:
        path: the file.
        device: "auto", or one of `available_devices`.
        warn: told of a device that fails.
        threads: of a run on the CPU; None: one for each core. On the CPU several threads may run the network at once.

    Raises:
        PoseNet3DError: the device is unknown, not there or does not work, or the file is missing or damaged.
    """
    runtimes = available_runtimes()
    candidates = [runtime for runtime in runtimes if device in ("auto", runtime.device)]
    if not candidates:
        keys = ", ".join(dict.fromkeys(runtime.device for runtime in runtimes))
        raise PoseNet3DError(f"device '{device}' is not available here; choose one of: auto, {keys}")
    if not path.is_file():
        raise PoseNet3DError(f"{path}: the network file is missing; install the add-on again")
    return FallingBackNetwork(path, candidates, warn, min(threads or usable_cores(), MOST_THREADS))


class FallingBackNetwork:
    """A network on the first runtime that works; satisfies `Network`."""

    def __init__(self, path: Path, runtimes: Sequence[Runtime], warn: Warn, threads: int) -> None:
        """Open the network; the best runtime comes first. `threads` as of `Runtime.open`.

        Raises:
            PoseNet3DError: none of them works.
        """
        self._path = path
        self._runtimes = list(runtimes)
        self._warn = warn
        self._threads = threads
        self._open()

    def run(self, inputs: dict[str, NDArray[np.float32]]) -> dict[str, NDArray[np.float32]]:
        """Named inputs to named outputs.

        Raises:
            PoseNet3DError: the device fails, and there is no other.
        """
        while True:
            try:
                return self._network.run(inputs)
            except Exception as error:  # torch, onnxruntime and drivers raise what they like
                if self.device == "cpu":
                    raise
                self._leave_device(error)
                self._open()

    def _open(self) -> None:
        while True:
            try:
                self._network = self._runtimes[0].open(self._path, self._threads)
                break
            except Exception as error:  # as in run; a torch that is broken fails to import in many ways
                if self._runtimes[0].device == "cpu":
                    raise
                self._leave_device(error)
        self.device, self.backend = self._network.device, self._network.backend

    def _leave_device(self, error: Exception) -> None:
        failed = self._runtimes.pop(0)
        reason = f"{failed} failed ({_first_line(error)})"
        if not self._runtimes:
            raise PoseNet3DError(f"{reason}; update its driver, or choose another device (auto or cpu)") from error
        self._warn(f"{reason}; continuing on {self._runtimes[0]}")


def _open_with_torch(path: Path, threads: int) -> Network:
    from .torch_network import TorchNetwork

    return TorchNetwork(path, "cuda")


def _first_line(error: Exception) -> str:
    """The first line of a message, as drivers write long ones."""
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__
