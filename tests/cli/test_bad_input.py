"""Real bad input through the real commands: one clear line, exit code 1, nothing left behind."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from posenet3d_blender.capture.keypoints.keypoints import KEYPOINT_COUNT, Keypoints
from posenet3d_blender.capture.keypoints.own_files import StoredKeypoints, save_keypoints
from posenet3d_blender.capture.video.footage import open_footage
from posenet3d_blender.cli.main import main
from posenet3d_blender.motion import load_motion

PACKAGE = Path(__file__).parents[2] / "posenet3d_blender"
Image = NDArray[np.uint8]
WriteVideo = Callable[[Path, Iterable[Image]], Path]


def blank(image: Image, count: int) -> list[Image]:
    """Pictures of the same size with nobody in them."""
    return [np.full_like(image, 128)] * count


def assert_refused(capfd: pytest.CaptureFixture[str], folder: Path, options: list[str], *words: str) -> None:
    """The command fails with exit code 1 and one line that holds these words, and the folder stays as it was."""
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    assert main(options) == 1
    printed = capfd.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("posenet3d: error: ")
    assert printed.err.count("\n") == 1
    assert "unexpected" not in printed.err
    assert all(word in printed.err for word in words), printed.err
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


def capture(video: Path, output: str = "out.npz") -> list[str]:
    return ["capture", str(video), "-o", str(video.parent / output)]


def test_missing_file(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert_refused(capfd, tmp_path, capture(tmp_path / "nowhere.mp4"), "nowhere.mp4", "no such file")


def test_folder_in_place_of_a_video(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "videos.mp4").mkdir()
    assert_refused(capfd, tmp_path, capture(tmp_path / "videos.mp4"), "folder")


def test_empty_file(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty.mp4").touch()
    assert_refused(capfd, tmp_path, capture(tmp_path / "empty.mp4"), "empty.mp4", "empty")


def test_text_named_mp4(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "text.mp4").write_text("This is not a film.\n" * 100)
    assert_refused(capfd, tmp_path, capture(tmp_path / "text.mp4"), "text.mp4", "not a video")


@pytest.mark.parametrize("part", [0.02, 0.5, 0.95])
def test_truncated_mp4(part: float, demo_clip: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    content = demo_clip.read_bytes()
    (tmp_path / "cut.mp4").write_bytes(content[: int(len(content) * part)])
    assert_refused(capfd, tmp_path, capture(tmp_path / "cut.mp4"), "cut.mp4", "cut off")


def test_audio_only(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "song.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=44100)
        for start in range(0, 44100, 1024):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
            frame.sample_rate, frame.pts = 44100, start
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    assert_refused(capfd, tmp_path, capture(path), "song.mp4", "only sound")


def test_one_frame(
    demo_frames: list[Image], write_video: WriteVideo, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    video = write_video(tmp_path / "still.mp4", demo_frames[:1])
    assert_refused(capfd, tmp_path, capture(video), "still.mp4", "single frame")


def test_nobody_in_view(write_video: WriteVideo, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    video = write_video(tmp_path / "wall.mp4", blank(np.zeros((240, 320, 3), np.uint8), 30))
    assert_refused(capfd, tmp_path, capture(video), "wall.mp4", "no person")


def test_person_for_five_frames(
    demo_frames: list[Image], write_video: WriteVideo, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    empty = blank(demo_frames[0], 30)
    video = write_video(tmp_path / "blink.mp4", [*empty, *demo_frames[:5], *empty])
    assert_refused(capfd, tmp_path, capture(video), "blink.mp4", "visible for long enough")


def test_range_outside_the_footage(demo_clip: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    video = Path(shutil.copy(demo_clip, tmp_path / "clip.mp4"))
    assert_refused(capfd, tmp_path, [*capture(video), "--start", "1000"], "1000", "lasts")


def test_person_who_is_not_there(demo_clip: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    video = Path(shutil.copy(demo_clip, tmp_path / "clip.mp4"))
    assert_refused(capfd, tmp_path, [*capture(video), "--end", "1", "--person", "7"], "person 7")


def test_two_seconds_of_empty_pictures_part_the_footage(
    demo_frames: list[Image], write_video: WriteVideo, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Nothing is invented between two shots: one is captured and the other is named, or both are captured."""
    half = demo_frames[: len(demo_frames) // 2][:60]
    frames = [*half, *blank(half[0], 60), *half]
    video = write_video(tmp_path / "away.mp4", frames)
    assert main(capture(video)) == 0
    error = capfd.readouterr().err
    assert "shows a person in another shot and was left out; capture it with --shots all" in error
    motion = load_motion(tmp_path / "out.npz")
    assert len(motion.time) == 60
    assert np.median(motion.confidence) > 0.5
    assert main([*capture(video), "--shots", "all"]) == 0
    first, second = (load_motion(tmp_path / f"out_shot{number}.npz") for number in (1, 2))
    assert abs(first.time[-1] - 59 / 30) < 0.05
    assert abs(second.time[0] - 4.0) < 0.05
    assert abs(second.time[-1] - (len(frames) - 1) / 30) < 0.05


@pytest.mark.parametrize(
    "output",
    ["file_as_folder/out.npz", "folder.npz", "/proc/out.npz", "/proc/out.fbx"],
)
def test_unwritable_output(output: str, demo_clip: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file_as_folder").write_text("a file")
    (tmp_path / "folder.npz").mkdir()
    path = tmp_path / output
    assert_refused(capfd, tmp_path, ["capture", str(demo_clip), "-o", str(path)], str(path))


def test_unwritable_batch_folder(demo_clip: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("a file")
    batch = ["batch", str(demo_clip), "--format", "npz", "--out-dir", str(tmp_path / "file")]
    assert_refused(capfd, tmp_path, batch, "not a folder")


@pytest.mark.parametrize("option", ["--keypoints", "--body"])
@pytest.mark.parametrize("content", [None, b"", b"{not json", b'{"people": 3}'])
def test_unusable_extra_inputs(
    option: str, content: bytes | None, demo_clip: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / {"--keypoints": "joints.json", "--body": "smpl.npz"}[option]
    if content is not None:
        path.write_bytes(content)
    command = ["capture", str(demo_clip), "-o", str(tmp_path / "out.npz"), option, str(path)]
    assert_refused(capfd, tmp_path, command, path.name)


def test_device_that_is_not_here(demo_clip: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    command = ["capture", str(demo_clip), "-o", str(tmp_path / "out.npz"), "--device", "directml"]
    assert_refused(capfd, tmp_path, command, "directml")


@pytest.fixture
def installation(tmp_path: Path) -> Path:
    """A folder with an installed package of its own, to damage."""
    folder = tmp_path / "installation"
    skipped = shutil.ignore_patterns("__pycache__")
    shutil.copytree(PACKAGE, folder / PACKAGE.name, ignore=skipped, copy_function=link_or_copy)
    return folder


def link_or_copy(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # another disk
        shutil.copy2(source, target)


def capture_with(installation: Path, video: Path) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, with that installation's package and assets."""
    output = installation.parent / "out.npz"
    command = [sys.executable, "-m", "posenet3d_blender", "capture", str(video), "-o", str(output)]
    return subprocess.run(command, cwd=installation, capture_output=True, text=True, timeout=300)


def replace_asset(path: Path, content: bytes) -> None:
    """Write an asset anew; the hard link to the real one is taken away first."""
    path.unlink()
    path.write_bytes(content)


@pytest.mark.parametrize(
    "asset",
    [
        "blazepose/pose_detection.onnx",
        "blazepose/pose_landmark_heavy.onnx",
        "student/student.onnx",
        "student/student.json",
        "body/body_smpl24.npz",
        "body/body_smpl24_fingers.npz",
    ],
)
def test_missing_asset(asset: str, installation: Path, demo_clip: Path) -> None:
    (installation / PACKAGE.name / "assets" / asset).unlink()
    assert_installation_refused(capture_with(installation, demo_clip), installation, Path(asset).name, "missing")


@pytest.mark.parametrize(
    "asset",
    [
        "blazepose/pose_detection.onnx",
        "blazepose/pose_landmark_heavy.onnx",
        "student/student.onnx",
        "body/body_smpl24.npz",
        "body/body_smpl24_fingers.npz",
    ],
)
def test_damaged_asset(asset: str, installation: Path, demo_clip: Path) -> None:
    path = installation / PACKAGE.name / "assets" / asset
    replace_asset(path, path.read_bytes()[:1000])
    assert_installation_refused(capture_with(installation, demo_clip), installation, path.name)


def test_body_with_spoilt_bytes(installation: Path, demo_clip: Path) -> None:
    path = installation / PACKAGE.name / "assets" / "body" / "body_smpl24.npz"
    content = path.read_bytes()
    replace_asset(path, content[:2000] + bytes(20) + content[2020:])
    assert_installation_refused(capture_with(installation, demo_clip), installation, path.name)


def test_wrong_checkpoint_version(installation: Path, demo_clip: Path) -> None:
    path = installation / PACKAGE.name / "assets" / "student" / "student.json"
    description = json.loads(path.read_text()) | {"version": 999}
    replace_asset(path, json.dumps(description).encode())
    assert_installation_refused(capture_with(installation, demo_clip), installation, "student.json", "version 999")


def assert_installation_refused(run: subprocess.CompletedProcess[str], installation: Path, *words: str) -> None:
    assert run.returncode == 1
    assert run.stdout == ""
    assert run.stderr.startswith("posenet3d: error: ")
    assert run.stderr.count("\n") == 1
    assert "unexpected" not in run.stderr
    assert all(word in run.stderr for word in words), run.stderr
    assert [path.name for path in installation.parent.iterdir()] == ["installation"]


def test_a_keypoint_file_of_another_part_of_the_clip(
    demo_clip: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    time = np.arange(60, 90) / 30
    points = np.tile(np.linspace(100.0, 200.0, KEYPOINT_COUNT)[:, None], (len(time), 1, 2))
    later = Keypoints(time, points, np.ones(points.shape[:2]), open_footage(demo_clip).image_size)
    save_keypoints(StoredKeypoints(later), tmp_path / "later.json")
    options = ["capture", str(demo_clip), "-o", str(tmp_path / "a.npz"), "--keypoints", str(tmp_path / "later.json")]
    assert_refused(capfd, tmp_path, [*options, "--end", "1"], "later.json", "holds nobody between 0:00.0 and 0:01.0")
