"""The device that "auto" takes, and failing devices; all devices and drivers are simulated."""

from __future__ import annotations

import ctypes
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from posenet3d_blender.capture.detection.blazepose.assets import DETECTOR_FILE
from posenet3d_blender.capture.pipeline import CaptureSettings, capture_video
from posenet3d_blender.capture.runtime import cuda, network, onnxruntime_network
from posenet3d_blender.capture.runtime.network import (
    Network,
    Runtime,
    available_devices,
    available_runtimes,
    open_network,
)
from posenet3d_blender.cli.main import main
from posenet3d_blender.errors import PoseNet3DError

GPU = "NVIDIA GeForce RTX 4090"
Outputs = dict[str, NDArray[np.float32]]
SetUpMachine = Callable[[str | None, bool, list[str]], None]


class FakeNetwork:
    """Returns a number until, after `works_for` runs, it fails."""

    def __init__(self, device: str, backend: str, works_for: float, answer: float) -> None:
        self.device, self.backend, self.left, self.answer = device, backend, works_for, answer

    def run(self, inputs: Outputs) -> Outputs:
        if self.left <= 0:
            raise RuntimeError("CUDA error: out of memory\nCompile with TORCH_USE_CUDA_DSA\nand so on")
        self.left -= 1
        return {"answer": np.full(1, self.answer, np.float32)}


def runtime(device: str, backend: str, answer: float, works_for: float = np.inf, opens: bool = True) -> Runtime:
    def open_it(path: Path, threads: int) -> FakeNetwork:
        if not opens:
            raise OSError("libcudnn.so.9: cannot open shared object file")
        return FakeNetwork(device, backend, works_for, answer)

    return Runtime(device, {"cuda": GPU, "cpu": "CPU"}[device], backend, open_it)


@pytest.fixture
def on_machine(monkeypatch: pytest.MonkeyPatch) -> SetUpMachine:
    """A function that makes this machine one with other devices."""

    def set_up(gpu: str | None, torch_cuda: bool, provided: list[str]) -> None:
        monkeypatch.setattr(network, "cuda_device_name", lambda: gpu)
        monkeypatch.setattr(network, "torch_has_cuda", lambda: torch_cuda)
        monkeypatch.setattr(onnxruntime_network, "provided_devices", lambda: provided)

    return set_up


@pytest.mark.parametrize(
    ("gpu", "torch_cuda", "provided", "expected"),
    [
        (None, False, ["cpu"], ["cpu onnxruntime"]),
        # A torch with CUDA, or an onnxruntime with it, on a machine without an NVIDIA GPU
        (None, True, ["cuda", "cpu"], ["cpu onnxruntime"]),
        # torch for the CPU alone is slower than onnxruntime, and never taken
        (GPU, False, ["cpu"], ["cpu onnxruntime"]),
        (GPU, True, ["cpu"], ["cuda torch", "cpu onnxruntime"]),
        (GPU, True, ["cuda", "cpu"], ["cuda torch", "cuda onnxruntime", "cpu onnxruntime"]),
        (GPU, False, ["cuda", "directml", "cpu"], ["cuda onnxruntime", "directml onnxruntime", "cpu onnxruntime"]),
        (GPU, True, ["directml", "cpu"], ["cuda torch", "directml onnxruntime", "cpu onnxruntime"]),
        (None, False, ["coreml", "cpu"], ["coreml onnxruntime", "cpu onnxruntime"]),
    ],
)
def test_order(
    on_machine: SetUpMachine, gpu: str | None, torch_cuda: bool, provided: list[str], expected: list[str]
) -> None:
    on_machine(gpu, torch_cuda, provided)
    runtimes = available_runtimes()
    assert [f"{runtime.device} {runtime.backend}" for runtime in runtimes] == expected
    assert [device for device, _ in available_devices()] == list(dict.fromkeys(line.split()[0] for line in expected))
    assert {runtime.name for runtime in runtimes if runtime.device == "cuda"} <= {GPU}


def test_onnxruntime_lists_its_devices_best_first(monkeypatch: pytest.MonkeyPatch) -> None:
    import onnxruntime

    present = ["AzureExecutionProvider", "CPUExecutionProvider", "CUDAExecutionProvider", "DmlExecutionProvider"]
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: present)
    assert onnxruntime_network.provided_devices() == ["cuda", "directml", "cpu"]


@pytest.fixture
def warned() -> list[str]:
    return []


def open_on(
    monkeypatch: pytest.MonkeyPatch, runtimes: list[Runtime], warned: list[str], device: str = "auto"
) -> Network:
    monkeypatch.setattr(network, "available_runtimes", lambda: runtimes)
    return open_network(DETECTOR_FILE, device, warned.append)


def test_the_best_device_is_taken_in_silence(monkeypatch: pytest.MonkeyPatch, warned: list[str]) -> None:
    runtimes = [runtime("cuda", "torch", 1), runtime("cpu", "onnxruntime", 2)]
    chosen = open_on(monkeypatch, runtimes, warned)
    assert (chosen.device, chosen.backend, chosen.run({})["answer"], warned) == ("cuda", "torch", 1, [])


def test_a_device_that_does_not_load_is_left_with_a_warning(monkeypatch: pytest.MonkeyPatch, warned: list[str]) -> None:
    runtimes = [runtime("cuda", "torch", 1, opens=False), runtime("cpu", "onnxruntime", 2)]
    chosen = open_on(monkeypatch, runtimes, warned)
    assert (chosen.device, chosen.backend, chosen.run({})["answer"]) == ("cpu", "onnxruntime", 2)
    reason = "libcudnn.so.9: cannot open shared object file"
    assert warned == [f"{GPU}, by torch failed ({reason}); continuing on CPU, by onnxruntime"]


@pytest.mark.parametrize("works_for", [0, 3])
def test_a_device_that_fails_while_it_runs_is_left_and_the_run_repeated(
    monkeypatch: pytest.MonkeyPatch, warned: list[str], works_for: int
) -> None:
    runtimes = [runtime("cuda", "torch", 1, works_for), runtime("cpu", "onnxruntime", 2)]
    chosen = open_on(monkeypatch, runtimes, warned)
    answers = [chosen.run({})["answer"].item() for _ in range(5)]
    assert answers == [1] * works_for + [2] * (5 - works_for)
    assert (chosen.device, chosen.backend) == ("cpu", "onnxruntime")
    assert len(warned) == 1
    assert "(CUDA error: out of memory)" in warned[0]
    assert "\n" not in warned[0]


@pytest.mark.filterwarnings("ignore:Specified provider:UserWarning")
def test_a_provider_of_onnxruntime_that_does_not_start_is_left(on_machine: SetUpMachine, warned: list[str]) -> None:
    """The real onnxruntime, which then takes the CPU in silence."""
    if "cuda" in onnxruntime_network.provided_devices():
        pytest.skip("this onnxruntime has CUDA")
    on_machine(GPU, False, ["cuda", "cpu"])
    chosen = open_network(DETECTOR_FILE, "auto", warned.append)
    assert (chosen.device, chosen.backend) == ("cpu", "onnxruntime")
    reason = "its driver or libraries do not start"
    assert warned == [f"{GPU}, by onnxruntime failed ({reason}); continuing on CPU, by onnxruntime"]
    with pytest.raises(PoseNet3DError, match=rf"{GPU}, by onnxruntime failed \({reason}\); update its driver"):
        open_network(DETECTOR_FILE, "cuda")


def test_each_that_fails_is_named(monkeypatch: pytest.MonkeyPatch, warned: list[str]) -> None:
    runtimes = [
        runtime("cuda", "torch", 1, works_for=0),
        runtime("cuda", "onnxruntime", 2, opens=False),
        runtime("cpu", "onnxruntime", 3),
    ]
    chosen = open_on(monkeypatch, runtimes, warned)
    assert chosen.run({})["answer"] == 3
    assert [line.split(" failed")[0] for line in warned] == [f"{GPU}, by torch", f"{GPU}, by onnxruntime"]


@pytest.mark.parametrize("opens", [True, False])
def test_a_device_that_was_asked_for_by_name_is_not_replaced_by_another(
    monkeypatch: pytest.MonkeyPatch, warned: list[str], opens: bool
) -> None:
    runtimes = [runtime("cuda", "torch", 1, works_for=0, opens=opens), runtime("cpu", "onnxruntime", 2)]
    with pytest.raises(PoseNet3DError, match=rf"{GPU}, by torch failed \(.*\); update its driver, or choose") as raised:
        open_on(monkeypatch, runtimes, warned, "cuda").run({})
    assert "\n" not in str(raised.value)


def test_but_the_other_backend_of_it_may_serve(monkeypatch: pytest.MonkeyPatch, warned: list[str]) -> None:
    runtimes = [runtime("cuda", "torch", 1, 0), runtime("cuda", "onnxruntime", 2), runtime("cpu", "onnxruntime", 3)]
    chosen = open_on(monkeypatch, runtimes, warned, "cuda")
    assert (chosen.run({})["answer"], chosen.backend, len(warned)) == (2, "onnxruntime", 1)


def test_a_mistake_of_ours_on_the_cpu_is_not_taken_for_a_failing_device(warned: list[str]) -> None:
    with pytest.raises(ValueError, match="image"):
        open_network(DETECTOR_FILE, "cpu", warned.append).run({})
    assert not warned


@pytest.fixture
def failing_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine's own CPU, and before it a GPU whose memory is full."""
    real = available_runtimes()
    monkeypatch.setattr(network, "available_runtimes", lambda: [runtime("cuda", "torch", 1, works_for=0), *real])


def test_a_capture_on_a_failing_device_ends_well_and_says_so_once(failing_gpu: None, demo_clip: Path) -> None:
    capture = capture_video(demo_clip, CaptureSettings(end=0.6, detector="full"))
    assert (capture.device, capture.backend) == ("cpu", "onnxruntime")
    assert [warning for warning in capture.warnings if GPU in warning] == [
        f"{GPU}, by torch failed (CUDA error: out of memory); continuing on CPU, by onnxruntime"
    ]


def test_the_command_ends_in_one_line_when_the_device_asked_for_fails(
    failing_gpu: None, demo_clip: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "motion.npz"
    assert main(["capture", str(demo_clip), "-o", str(out), "--device", "cuda", "--end", "0.6"]) != 0
    error = capfd.readouterr().err
    assert error.startswith(f"posenet3d: error: {GPU}, by torch failed (CUDA error: out of memory)")
    assert error.count("\n") == 1
    assert not out.exists()


class FakeDriver:
    """NVIDIA's driver as ctypes gives it; 100 is its answer where there is no device."""

    def __init__(self, answer: int) -> None:
        self.answer = answer

    def cuInit(self, flags: int) -> int:  # noqa: N802 - the driver's own names
        return self.answer

    def cuDeviceGet(self, device: object, ordinal: int) -> int:  # noqa: N802
        return 0

    def cuDeviceGetName(self, name: ctypes.Array[ctypes.c_char], length: int, device: object) -> int:  # noqa: N802
        name.value = GPU.encode()[: length - 1]
        return 0


@pytest.fixture
def no_cached_gpu() -> Iterator[None]:
    cuda.cuda_device_name.cache_clear()
    yield
    cuda.cuda_device_name.cache_clear()


@pytest.mark.parametrize(("answer", "expected"), [(0, GPU), (100, None)])
def test_the_driver_names_the_gpu(
    monkeypatch: pytest.MonkeyPatch, no_cached_gpu: None, answer: int, expected: str | None
) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda name: FakeDriver(answer))
    assert cuda.cuda_device_name() == expected


def test_no_driver(monkeypatch: pytest.MonkeyPatch, no_cached_gpu: None) -> None:
    monkeypatch.setattr(cuda, "DRIVER", "no-such-driver.so.1")
    assert cuda.cuda_device_name() is None


@pytest.mark.parametrize(
    ("library", "expected"), [("libtorch_cuda.so", True), ("torch_cuda.dll", True), ("libtorch_cpu.so", False)]
)
def test_torch_with_cuda_is_told_by_its_files(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, library: str, expected: bool
) -> None:
    (tmp_path / "torch" / "lib").mkdir(parents=True)
    (tmp_path / "torch" / "__init__.py").write_text("raise SystemExit('torch was imported')")
    (tmp_path / "torch" / "lib" / library).touch()
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    assert cuda.torch_has_cuda() is expected


def test_a_torch_that_breaks_when_imported_is_left(tmp_path: Path) -> None:
    """In a process of its own, where nothing has imported the real one."""
    (tmp_path / "torch" / "lib").mkdir(parents=True)
    (tmp_path / "torch" / "__init__.py").write_text("raise OSError('WinError 126: c10.dll was not found')")
    (tmp_path / "torch" / "lib" / "libtorch_cuda.so").touch()
    code = f"""
import sys
from pathlib import Path
sys.path.insert(0, {str(tmp_path)!r})
from posenet3d_blender.capture.runtime import network
network.cuda_device_name = lambda: {GPU!r}
chosen = network.open_network(Path({str(DETECTOR_FILE)!r}), "auto", print)
print(chosen.device, chosen.backend)
"""
    checkout = Path(__file__).parents[3]
    run = subprocess.run([sys.executable, "-c", code], cwd=checkout, capture_output=True, text=True, check=True)
    warning, chosen = run.stdout.splitlines()
    assert warning.startswith(f"{GPU}, by torch failed (WinError 126: c10.dll was not found)")
    assert chosen == "cpu onnxruntime"


def test_auto_imports_no_torch_where_there_is_no_gpu() -> None:
    code = f"""
import sys
from pathlib import Path
from posenet3d_blender.capture.runtime import network
network.cuda_device_name = lambda: None
network.open_network(Path({str(DETECTOR_FILE)!r}))
assert "torch" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[3], check=True)
