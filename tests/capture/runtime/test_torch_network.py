"""torch must answer what onnxruntime answers: to 1e-4 of an output's largest value."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from posenet3d_blender.capture.detection.blazepose.assets import (
    DETECTOR_FILE,
    LANDMARK_FILES,
    open_landmark_finder,
    open_person_detector,
)
from posenet3d_blender.capture.detection.blazepose.detector import Window, look_through
from posenet3d_blender.capture.detection.blazepose.landmarks import cut_out
from posenet3d_blender.capture.hands.finder import LANDMARK_FILE as HAND_FILE
from posenet3d_blender.capture.hands.finder import RECROP_FILE
from posenet3d_blender.capture.runtime.cuda import cuda_device_name, torch_has_cuda
from posenet3d_blender.capture.runtime.network import open_network
from posenet3d_blender.capture.runtime.onnxruntime_network import OnnxruntimeNetwork
from posenet3d_blender.capture.student.features import STUDENT_POINT_COUNT, STUDENT_WINDOW, normalise_windows
from posenet3d_blender.capture.student.predict import STUDENT_FOLDER
from posenet3d_blender.capture.video.footage import open_footage, read_frames
from posenet3d_blender.errors import PoseNet3DError

torch = pytest.importorskip("torch", reason="torch is not installed; onnxruntime runs everything")
from posenet3d_blender.capture.runtime.torch_network import TorchNetwork  # noqa: E402 - needs torch

TOLERANCE = 1e-4
"""Of the largest absolute value of each output."""
NETWORKS = {
    "detector": DETECTOR_FILE,
    **LANDMARK_FILES,
    "hand recrop": RECROP_FILE,
    "hand landmarks": HAND_FILE,
    "student": STUDENT_FOLDER / "student.onnx",
}
DEVICES = ["cpu", *(["cuda"] if torch_has_cuda() and cuda_device_name() else [])]
Inputs = dict[str, NDArray[np.float32]]


@pytest.fixture(scope="module")
def inputs(demo_clip: Path) -> dict[str, Inputs]:
    """Inputs of each network in a capture: pictures of the person, and windows of a walk-like swing with noise."""
    frame = next(islice(read_frames(open_footage(demo_clip)), 20, None)).image
    region = open_person_detector("cpu").detect(frame)[0].region
    crop = cut_out(frame, region).astype(np.float32)[None] / 255
    return {
        "detector": {
            "image": look_through(frame, Window.whole((frame.shape[1], frame.shape[0]))).astype(np.float32)[None]
            / 127.5
            - 1
        },
        "heavy": {"image": crop},
        "full": {"image": crop},
        "hand recrop": {"image": crop},
        "hand landmarks": {"image": np.ascontiguousarray(crop[:, 16:240, 16:240])},
        "student": {"features": _student_features()},
    }


def _student_features() -> NDArray[np.float32]:
    random = np.random.default_rng(0)
    rest = random.uniform((-0.1, -0.3), (0.1, 0.3), (4, 1, STUDENT_POINT_COUNT, 2))
    phase = np.linspace(0, 4 * np.pi, STUDENT_WINDOW)[:, None, None] + random.uniform(0, 6, (STUDENT_POINT_COUNT, 1))
    rays = rest + 0.03 * np.sin(phase) + random.normal(0, 0.002, (4, STUDENT_WINDOW, STUDENT_POINT_COUNT, 2))
    confidence = random.uniform(0.3, 1, (4, STUDENT_WINDOW, STUDENT_POINT_COUNT))
    return normalise_windows(rays, confidence).features


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("name", NETWORKS)
def test_answers_as_onnxruntime_does(name: str, device: str, inputs: dict[str, Inputs]) -> None:
    expected = OnnxruntimeNetwork(NETWORKS[name], "cpu", threads=1).run(inputs[name])
    found = TorchNetwork(NETWORKS[name], device).run(inputs[name])
    assert found.keys() == expected.keys()
    for output, values in expected.items():
        assert (found[output].dtype, found[output].shape) == (np.float32, values.shape)
        np.testing.assert_allclose(found[output], values, rtol=0, atol=TOLERANCE * np.abs(values).max())


def test_the_inputs_are_of_a_person(inputs: dict[str, Inputs]) -> None:
    """Parity on pictures of nothing would not show much."""
    outputs = open_network(LANDMARK_FILES["heavy"], "cpu").run(inputs["heavy"])
    assert outputs["presence"] > 0.9


def test_a_capture_by_torch_finds_the_same_landmarks(demo_clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pixels of the picture, after all that follows the network."""
    frame = next(islice(read_frames(open_footage(demo_clip)), 20, None)).image
    region = open_person_detector("cpu").detect(frame)[0].region
    finder = open_landmark_finder("full", "cpu")
    expected = finder.find(frame, region)
    monkeypatch.setattr(finder, "network", TorchNetwork(LANDMARK_FILES["full"], "cpu"))
    found = finder.find(frame, region)
    np.testing.assert_allclose(found.points, expected.points, atol=0.02)
    np.testing.assert_allclose(found.confidence, expected.confidence, atol=1e-3)


@pytest.mark.parametrize("content", [b"", b"nonsense" * 100, DETECTOR_FILE.read_bytes()[:100_000]])
def test_damaged_file(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "damaged.onnx").write_bytes(content)
    with pytest.raises(PoseNet3DError, match=r"damaged.onnx: the network can't be loaded"):
        TorchNetwork(tmp_path / "damaged.onnx", "cpu")


def test_an_operator_that_is_not_known_is_said_when_the_file_is_loaded(tmp_path: Path) -> None:
    strange = DETECTOR_FILE.read_bytes().replace(b"DepthToSpace", b"SpaceToDepth")
    (tmp_path / "strange.onnx").write_bytes(strange)
    with pytest.raises(PoseNet3DError, match=r"strange.onnx: the network can't be loaded") as raised:
        TorchNetwork(tmp_path / "strange.onnx", "cpu")
    assert "SpaceToDepth" in str(raised.value.__cause__)


def test_the_users_own_torch_settings_stay(inputs: dict[str, Inputs]) -> None:
    before = torch.backends.cudnn.allow_tf32, torch.backends.cudnn.enabled
    TorchNetwork(NETWORKS["detector"], "cpu").run(inputs["detector"])
    assert (torch.backends.cudnn.allow_tf32, torch.backends.cudnn.enabled) == before
