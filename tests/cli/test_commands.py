"""The commands with a stand-in for the pipeline: options, outputs, exit codes and what is printed."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from posenet3d_blender.body.kinematics import forward_kinematics
from posenet3d_blender.body.model import load_body
from posenet3d_blender.body.rotations import axis_angle_to_matrix
from posenet3d_blender.camera import Camera
from posenet3d_blender.capture import pipeline
from posenet3d_blender.capture.keypoints import own_files as keypoint_files
from posenet3d_blender.capture.keypoints.keypoints import KEYPOINT_COUNT, Keypoints
from posenet3d_blender.capture.pipeline import Capture, CapturedShot, CaptureSettings
from posenet3d_blender.capture.video import preview
from posenet3d_blender.capture.video.footage import Footage
from posenet3d_blender.capture.video.sources.orientation import UPRIGHT
from posenet3d_blender.cli.main import main
from posenet3d_blender.cli.outputs import SCENE_ENDINGS
from posenet3d_blender.errors import PoseNet3DError
from posenet3d_blender.motion import Motion, load_motion

FRAMES = 12
RATE = 30.0


def waving_motion() -> Motion:
    """A person who stands and lifts an arm."""
    poses = np.zeros((FRAMES, 24, 3))
    poses[:, 0] = [np.pi / 2, 0, 0]
    poses[:, 16, 2] = np.linspace(-1.2, 0.5, FRAMES)
    time = np.arange(FRAMES) / RATE
    joints, _ = forward_kinematics(axis_angle_to_matrix(poses), load_body().rest_joints(np.zeros(10)))
    nothing = np.zeros((FRAMES, 3))
    return Motion(poses, nothing, np.zeros(10), RATE, time, joints, np.ones((FRAMES, 2)), np.ones(FRAMES))


def fake_capture(people: int, shots: int = 1, start: float = 0.0) -> Callable[..., Capture]:
    def capture_video(video: Path, settings: CaptureSettings, progress: object = None) -> Capture:
        if "broken" in video.name:
            raise PoseNet3DError(f"{video}: not a video that can be read; export it again")
        if "bug" in video.name:
            raise ValueError("shapes (3,) (4,)\nsecond line")
        motion = dataclasses.replace(waving_motion(), time=start + np.arange(FRAMES) / RATE, scene_start=0.0)
        keypoints = Keypoints(
            motion.time, np.zeros((FRAMES, KEYPOINT_COUNT, 2)), np.ones((FRAMES, KEYPOINT_COUNT)), (640, 480)
        )
        footage = Footage(video, 640, 480, UPRIGHT, motion.time, Fraction(30))
        os.write(1, b"chatter of a library\n")
        os.write(2, b"more chatter\n")
        shot = CapturedShot((motion,) * people, (keypoints,) * people)
        return Capture((shot,) * shots, footage, "cpu", "onnxruntime", {"lift": 0.25}, ())

    return capture_video


@pytest.fixture
def one_person(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "capture_video", fake_capture(1))


@pytest.fixture
def two_people(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "capture_video", fake_capture(2))


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"video")
    return path


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.mark.usefixtures("one_person")
def test_json_is_the_only_thing_printed(clip: Path, capfd: pytest.CaptureFixture[str]) -> None:
    output = clip.with_suffix(".npz")
    assert main(["capture", str(clip), "-o", str(output), "--json"]) == 0
    printed = capfd.readouterr()
    assert printed.err == ""
    summary = json.loads(printed.out)
    assert summary["frames"] == FRAMES
    assert summary["fps"] == RATE
    assert summary["people"] == 1
    assert (summary["device"], summary["backend"]) == ("cpu", "onnxruntime")
    assert summary["seconds"]["lift"] == 0.25
    assert summary["outputs"] == [str(output)]
    assert load_motion(output).frame_count == FRAMES


@pytest.mark.usefixtures("batch_in_this_process")
def test_the_summary_tells_when_the_motion_starts(
    clip: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(pipeline, "capture_video", fake_capture(1, start=62.5))
    output = str(clip.with_suffix(".npz"))
    assert main(["capture", str(clip), "-o", output, "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["start"] == 62.5
    assert main(["capture", str(clip), "-o", output]) == 0
    assert "12 frames at 30 fps, from 1:02.5 on, " in capfd.readouterr().out
    assert main(["batch", str(clip), "--out-dir", str(clip.parent / "out"), "--format", "npz"]) == 0
    assert "12 frames at 30 fps, from 1:02.5 on, " in capfd.readouterr().out
    assert main(["convert", output, "-o", str(clip.parent / "again.npz"), "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["start"] == 62.5


def test_each_shot_has_files_of_its_own(
    clip: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("bpy")
    monkeypatch.setattr(pipeline, "capture_video", fake_capture(2, shots=2))
    out = [text for ending in ("fbx", "npz", "bvh") for text in ("-o", str(clip.parent / f"out.{ending}"))]
    joints = ["--keypoints-out", str(clip.parent / "joints.json")]
    assert main(["capture", str(clip), *out, *joints, "--person", "all", "--shots", "all", "--json"]) == 0
    people = {f"out_shot{shot}_person{one}.{ending}" for shot in (1, 2) for one in (1, 2) for ending in ("npz", "bvh")}
    people |= {f"joints_shot{shot}_person{one}.json" for shot in (1, 2) for one in (1, 2)}
    assert names(clip.parent) == {"clip.mp4", "out_shot1.fbx", "out_shot2.fbx"} | people
    summary = json.loads(capfd.readouterr().out)
    assert (summary["people"], summary["shots"], summary["start"]) == (2, 2, 0.0)


@pytest.mark.usefixtures("one_person")
def test_every_format_in_one_go_and_exporters_are_silent(clip: Path, capfd: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("bpy")
    outputs = [clip.with_suffix(ending) for ending in (".fbx", ".bvh", ".glb", ".usdc", ".blend", ".npz")]
    options = [text for output in outputs for text in ("-o", str(output))]
    assert main(["capture", str(clip), *options, "--json"]) == 0
    printed = capfd.readouterr()
    assert json.loads(printed.out)["outputs"] == [str(output) for output in outputs]
    assert printed.err == ""
    assert names(clip.parent) == {"clip.mp4", *(output.name for output in outputs)}


def test_the_commands_offer_every_format_that_the_scene_exports() -> None:
    pytest.importorskip("bpy")
    from posenet3d_blender.scene import EXPORT_ENDINGS

    assert set(SCENE_ENDINGS) == set(EXPORT_ENDINGS)


@pytest.mark.usefixtures("two_people")
def test_formats_for_one_person_are_numbered_when_everybody_is_asked_for(clip: Path) -> None:
    pytest.importorskip("bpy")
    folder = clip.parent
    out = [text for ending in ("npz", "bvh", "fbx") for text in ("-o", str(folder / f"out.{ending}"))]
    keypoints_out = folder / "joints.json"
    assert main(["capture", str(clip), *out, "--person", "all", "--keypoints-out", str(keypoints_out)]) == 0
    numbered = {f"out_person{n}.{ending}" for n in (1, 2) for ending in ("npz", "bvh")}
    joints = {f"joints_person{n}.json" for n in (1, 2)}
    assert names(folder) == {"clip.mp4", "out.fbx", *numbered, *joints}


@pytest.mark.parametrize("is_guessed", [True, False])
def test_keypoints_out_tells_the_focal_length(clip: Path, monkeypatch: pytest.MonkeyPatch, is_guessed: bool) -> None:
    def capture_video(video: Path, settings: CaptureSettings, progress: object = None) -> Capture:
        capture = fake_capture(1)(video, settings)
        solved = dataclasses.replace(capture.motions[0], camera=Camera(512.5, (640, 480), np.eye(4)))
        shot = dataclasses.replace(capture.shots[0], motions=(solved,), lens_is_guessed=is_guessed)
        return dataclasses.replace(capture, shots=(shot,))

    monkeypatch.setattr(pipeline, "capture_video", capture_video)
    out, joints = clip.with_suffix(".npz"), clip.with_name("joints.json")
    assert main(["capture", str(clip), "-o", str(out), "--keypoints-out", str(joints)]) == 0
    written = json.loads(joints.read_text())
    assert written["focal_length"] == 512.5
    assert written.get("focal_length_is_guessed", False) == is_guessed


@pytest.mark.usefixtures("two_people")
def test_numbered_outputs_never_meet(clip: Path) -> None:
    folder = clip.parent
    out = [text for name in ("out.npz", "out_person1.npz") for text in ("-o", str(folder / name))]
    assert main(["capture", str(clip), *out, "--person", "all"]) == 0
    people = {f"out{named}_person{number}.npz" for named in ("", "_person1") for number in (1, 2)}
    assert names(folder) == {"clip.mp4", *people}


@pytest.mark.usefixtures("one_person")
def test_outputs_are_all_written_or_none(
    clip: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail(*_arguments: object, **_options: object) -> None:
        raise PoseNet3DError("the disk is full")

    monkeypatch.setattr(preview, "write_preview", fail)
    out = clip.with_suffix(".npz")
    assert main(["capture", str(clip), "-o", str(out), "--preview", str(clip.with_name("preview.mp4"))]) == 1
    assert capfd.readouterr().err == "posenet3d: error: the disk is full\n"
    assert names(clip.parent) == {"clip.mp4"}


@pytest.mark.usefixtures("one_person")
def test_an_old_output_survives_a_failure(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_arguments: object) -> None:
        raise KeyboardInterrupt

    out = clip.with_suffix(".npz")
    out.write_bytes(b"yesterday's")
    monkeypatch.setattr(keypoint_files, "save_keypoints", interrupted)
    assert main(["capture", str(clip), "-o", str(out), "--keypoints-out", str(clip.with_name("k.json"))]) == 130
    assert out.read_bytes() == b"yesterday's"
    assert names(clip.parent) == {"clip.mp4", "clip.npz"}


@pytest.mark.usefixtures("one_person")
def test_a_bug_is_one_line_too(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    clip = tmp_path / "bug.mp4"
    assert main(["capture", str(clip), "-o", str(tmp_path / "x.npz")]) == 1
    error = capfd.readouterr().err
    assert error.count("\n") == 1
    assert error.startswith("posenet3d: error: unexpected ValueError")
    assert main(["capture", str(clip), "-o", str(tmp_path / "x.npz"), "--debug"]) == 1
    assert "Traceback" in capfd.readouterr().err


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["capture"],
        ["capture", "clip.mp4"],
        ["capture", "clip.mp4", "-o", "out.obj"],
        ["capture", "clip.mp4", "-o", "out.npz", "--start", "3", "--end", "2"],
        ["capture", "clip.mp4", "-o", "out.npz", "--start", "-1"],
        ["capture", "clip.mp4", "-o", "out.npz", "--person", "0"],
        ["capture", "clip.mp4", "-o", "out.npz", "--person", "tallest"],
        ["capture", "clip.mp4", "-o", "out.npz", "--shots", "0"],
        ["batch", "clip.mp4", "--out-dir", "out", "--format", "npz", "--shots", "first"],
        ["capture", "clip.mp4", "-o", "out.npz", "--device", "tpu"],
        ["capture", "clip.mp4", "-o", "out.npz", "--fps", "0"],
        ["capture", "clip.mp4", "-o", "out.npz", "--fov", "nan"],
        ["capture", "clip.mp4", "-o", "out.npz", "--height", "0.4"],
        ["capture", "clip.mp4", "-o", "out.npz", "--height", "180"],
        ["capture", "clip.mp4", "-o", "out.npz", "--smoothing", "-0.1"],
        ["capture", "clip.mp4", "-o", "out.npz", "--smoothing", "2"],
        ["capture", "clip.mp4", "-o", "out.npz", "-o", "./out.npz"],
        ["capture", "clip.mp4", "-o", "out.npz", "--preview", "preview.gif"],
        ["capture", "clip.mp4", "-o", "out.npz", "--keypoints", "in.json", "--person", "0"],
        ["capture", "clip.mp4", "-o", "out.npz", "--keypoints", "in.json", "--detector", "full"],
        ["convert", "motion.npz", "-o", "motion.npz"],
        ["batch", "clip.mp4", "--out-dir", "out", "--format", "fbx,obj"],
        ["batch", "clip.mp4", "--format", "fbx"],
        ["dance"],
    ],
)
def test_wrong_usage(options: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    assert main(options) == 2
    printed = capfd.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("posenet3d: error: ")
    assert printed.err.count("\n") == 1


def test_help_names_every_command(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    text = capfd.readouterr().out
    assert all(command in text for command in ("capture", "convert", "batch", "doctor"))


def test_settings_reach_the_pipeline(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[CaptureSettings] = []

    def capture_video(video: Path, settings: CaptureSettings, progress: object = None) -> Capture:
        seen.append(settings)
        return fake_capture(1)(video, settings)

    monkeypatch.setattr(pipeline, "capture_video", capture_video)
    options = ["--device", "cpu", "--person", "2", "--start", "1.5", "--end", "4"]
    options += [
        "--fov",
        "60",
        "--height",
        "1.8",
        "--fps",
        "25",
        "--detector",
        "full",
        "--input-fps",
        "29.97",
        "--student",
        "mine",
        "--smoothing",
        "0.3",
        "--no-foot-lock",
    ]
    assert main(["capture", str(clip), "-o", str(clip.with_suffix(".npz")), *options]) == 0
    assert main(["capture", str(clip), "-o", str(clip.with_suffix(".npz"))]) == 0
    assert main(["capture", str(clip), "-o", str(clip.with_suffix(".npz")), "--keypoints", "joints.json"]) == 0
    options = ["--keypoints", "joints.json", "--person", "all"]
    assert main(["capture", str(clip), "-o", str(clip.with_suffix(".npz")), *options]) == 0
    assert main(["capture", str(clip), "-o", str(clip.with_suffix(".npz")), "--shots", "2"]) == 0
    assert seen == [
        CaptureSettings(
            "cpu",
            "2",
            start=1.5,
            end=4.0,
            field_of_view=60.0,
            height=1.8,
            frame_rate=25.0,
            detector="full",
            input_fps=29.97,
            student=Path("mine"),
            smoothing=0.3,
            foot_lock=False,
        ),
        CaptureSettings(),
        CaptureSettings(keypoints=Path("joints.json")),
        CaptureSettings(keypoints=Path("joints.json"), person="all"),
        CaptureSettings(shots="2"),
    ]


@pytest.mark.usefixtures("batch_in_this_process")
def test_smoothing_and_foot_lock_reach_the_pipeline_from_batch_too(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[CaptureSettings] = []

    def capture_video(video: Path, settings: CaptureSettings, progress: object = None) -> Capture:
        seen.append(settings)
        return fake_capture(1)(video, settings)

    monkeypatch.setattr(pipeline, "capture_video", capture_video)
    for number, options in enumerate((["--smoothing", "0", "--no-foot-lock"], ["--foot-lock"])):
        out = clip.with_name(f"out{number}")
        assert main(["batch", str(clip), "--out-dir", str(out), "--format", "npz", *options]) == 0
    assert [(one.smoothing, one.foot_lock) for one in seen] == [(0.0, False), (CaptureSettings().smoothing, True)]


@pytest.mark.usefixtures("one_person", "batch_in_this_process")
def test_batch_reports_each_video_and_skips_what_is_done(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    videos, out = tmp_path / "videos", tmp_path / "out" / "deep"
    videos.mkdir()
    for name in ("b.mp4", "a.MOV", "broken.mp4", "bug.mkv", "notes.txt"):
        (videos / name).write_bytes(b"video")
    batch = ["batch", str(videos), "--out-dir", str(out), "--format", "npz"]
    assert main(batch) == 3
    printed = capfd.readouterr()
    ignored, *lines = printed.out.splitlines()
    assert ignored == f"ignored  {videos}: 1 file of other kinds (.txt)"
    assert [line.split()[0] for line in lines] == ["ok", "ok", "failed", "failed"]
    assert [Path(line.split()[1].rstrip(":")).name for line in lines] == ["a.MOV", "b.mp4", "broken.mp4", "bug.mkv"]
    assert "not a video that can be read" in lines[2]
    assert "unexpected ValueError" in lines[3]
    assert printed.err == ""
    reports = {"summary.json", "summary.csv", "logs", "contact_sheets"}
    assert names(out) == {"a.npz", "b.npz", *reports}

    newer = (out / "b.npz").stat().st_mtime + 10
    os.utime(videos / "b.mp4", (newer, newer))
    assert main([*batch, "--json"]) == 3
    printed = capfd.readouterr()
    report = json.loads(printed.out)
    assert {key: report[key] for key in ("ok", "skipped", "failed")} == {"ok": 1, "skipped": 1, "failed": 2}
    assert [video["status"] for video in report["videos"]] == ["skipped", "ok", "failed", "failed"]
    assert len(printed.err.splitlines()) == 5


@pytest.mark.usefixtures("one_person", "batch_in_this_process")
def test_batch_names_clashes_patterns_and_what_is_not_there(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    for folder in ("one", "two", "empty"):
        (tmp_path / folder).mkdir()
    for path in (tmp_path / "one" / "clip.mp4", tmp_path / "two" / "clip.mov"):
        path.write_bytes(b"video")
    inputs = [str(tmp_path / "*" / "clip.*"), str(tmp_path / "one" / "clip.mp4"), str(tmp_path / "empty")]
    assert main(["batch", *inputs, "--out-dir", str(tmp_path / "out"), "--format", ".npz"]) == 3
    lines = capfd.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["failed", "failed", "ok"]
    assert "would replace those of" in lines[0]
    assert "no videos in this folder" in lines[1]


@pytest.mark.usefixtures("two_people", "batch_in_this_process")
def test_batch_of_everybody_is_skipped_the_second_time(clip: Path, capfd: pytest.CaptureFixture[str]) -> None:
    batch = ["batch", str(clip), "--out-dir", str(clip.parent), "--format", "npz", "--person", "all"]
    assert [main(batch), main(batch)] == [0, 0]
    assert [line.split()[0] for line in capfd.readouterr().out.splitlines()] == ["ok", "skipped"]
    batch += ["--shots", "all"]
    assert [main(batch), main(batch)] == [0, 0]
    assert [line.split()[0] for line in capfd.readouterr().out.splitlines()] == ["ok", "skipped"]


@pytest.mark.usefixtures("batch_in_this_process")
def test_ctrl_c_stops_a_batch(clip: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    def interrupted(*_arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(pipeline, "capture_video", interrupted)
    assert main(["batch", str(clip), "--out-dir", str(clip.parent), "--format", "npz"]) == 130
    assert capfd.readouterr().err.count("\n") == 1
    assert names(clip.parent) == {"clip.mp4", "logs"}


def test_convert_writes_the_same_motion_again(tmp_path: Path) -> None:
    motion = dataclasses.replace(waving_motion())
    motion.save(tmp_path / "first.npz")
    assert main(["convert", str(tmp_path / "first.npz"), "-o", str(tmp_path / "second.npz")]) == 0
    np.testing.assert_array_equal(load_motion(tmp_path / "second.npz").joints, motion.joints)


@pytest.mark.parametrize(("start", "warned"), [(0.0, False), (5.0, True)])
def test_convert_tells_of_a_motion_that_starts_long_after_its_scene(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], start: float, warned: bool
) -> None:
    motion = dataclasses.replace(waving_motion(), time=start + np.arange(FRAMES) / RATE, scene_start=0.0)
    motion.save(tmp_path / "late.npz")
    assert main(["convert", str(tmp_path / "late.npz"), "-o", str(tmp_path / "late.bvh")]) == 0
    assert ("starts 5 s after its scene" in capfd.readouterr().err) == warned


def test_convert_says_what_is_wrong_with_a_motion(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "motion.npz").write_bytes(b"not a motion")
    assert main(["convert", str(tmp_path / "motion.npz"), "-o", str(tmp_path / "out.npz")]) == 1
    assert capfd.readouterr().err.count("\n") == 1
    assert names(tmp_path) == {"motion.npz"}


def test_scene_outputs_without_blender_are_refused_before_the_work(
    clip: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: SimpleNamespace() if name != "bpy" else None)
    assert main(["capture", str(clip), "-o", str(clip.with_suffix(".fbx"))]) == 1
    assert "needs Blender" in capfd.readouterr().err
