"""Networks: devices and files that aren't there are said so in one line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from posenet3d_blender.capture.detection.blazepose.assets import DETECTOR_FILE, open_landmark_finder
from posenet3d_blender.capture.runtime.network import available_devices, open_network
from posenet3d_blender.errors import PoseNet3DError


def test_the_cpu_is_always_available() -> None:
    assert available_devices()[-1][0] == "cpu"


def test_auto_takes_the_best_device() -> None:
    assert open_network(DETECTOR_FILE).device in dict(available_devices())


def test_runs_by_name() -> None:
    network = open_network(DETECTOR_FILE, "cpu")
    outputs = network.run({"image": np.zeros((1, 224, 224, 3), np.float32)})
    assert {name: array.shape for name, array in outputs.items()} == {"boxes": (1, 2254, 12), "scores": (1, 2254, 1)}
    assert (network.device, network.backend) == ("cpu", "onnxruntime")


@pytest.mark.parametrize("device", ["tpu", "cuda", "directml", "coreml"])
def test_device_that_is_not_there(device: str) -> None:
    if device in dict(available_devices()):
        pytest.skip(f"{device} is here")
    with pytest.raises(PoseNet3DError, match=rf"device '{device}' is not available here; choose one of: auto,.* cpu"):
        open_network(DETECTOR_FILE, device)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(PoseNet3DError, match=r"gone.onnx: the network file is missing"):
        open_network(tmp_path / "gone.onnx")


@pytest.mark.parametrize("content", [b"", b"nonsense" * 100, DETECTOR_FILE.read_bytes()[:100_000]])
@pytest.mark.parametrize("device", ["auto", "cpu"])
def test_damaged_file(tmp_path: Path, content: bytes, device: str) -> None:
    (tmp_path / "damaged.onnx").write_bytes(content)
    with pytest.raises(PoseNet3DError, match=r"damaged.onnx: the network can't be loaded") as raised:
        open_network(tmp_path / "damaged.onnx", device)
    assert "\n" not in str(raised.value)


def test_unknown_detector() -> None:
    with pytest.raises(PoseNet3DError, match="detector 'lite' is not known; use one of: heavy, full"):
        open_landmark_finder("lite")
