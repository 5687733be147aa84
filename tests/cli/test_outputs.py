"""Output files under any name and behind any link, in folders that are there or not; by `convert`, which is quick."""

from __future__ import annotations

import json
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from posenet3d_blender.body.kinematics import forward_kinematics
from posenet3d_blender.body.model import SHIPPED_BODY, load_body
from posenet3d_blender.body.rotations import axis_angle_to_matrix
from posenet3d_blender.cli.main import main
from posenet3d_blender.cli.path_checks import leftover_outputs
from posenet3d_blender.motion import Motion, load_motion

SCENE_ENDINGS = (".bvh", ".fbx", ".glb", ".usdc", ".blend")
NAMES = {
    "not UTF-8": b"caf\xe9 \xff",
    "a line break": b"first\nsecond",
    "emoji": "\N{WOMAN}\u200d\N{GIRL} \N{DANCER}".encode(),
    "a dot and a blank at the end": b"walk. ",
    "a colon": b"C:walk",
    "a dash": b"-o",
    "a format": b"walk%04d",
    "wildcards": b"[walk]*?",
    "250 bytes": b"x" * 250,
}


@pytest.fixture
def motion_path(tmp_path: Path) -> Path:
    """A saved motion of four frames."""
    poses = np.zeros((4, 24, 3))
    poses[:, 0, 0] = np.pi / 2
    joints, _ = forward_kinematics(axis_angle_to_matrix(poses), load_body().rest_joints(np.zeros(10)))
    motion = Motion(poses, np.zeros((4, 3)), np.zeros(10), 30.0, np.arange(4) / 30, joints, np.ones((4, 2)), np.ones(4))
    motion.save(tmp_path / "motion.npz")
    return tmp_path / "motion.npz"


def convert(motion: Path, *outputs: Path, options: tuple[str, ...] = ()) -> int:
    return main(["convert", str(motion), "-o", *map(str, outputs), *options])


def content(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_any_name_is_written_and_told(
    name: bytes, motion_path: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    outputs = [tmp_path / "out" / os.fsdecode(name + ending) for ending in (b".npz", b".NPZ")]
    assert convert(motion_path, *outputs) == 0
    printed = capfd.readouterr()
    assert printed.out.count("\n") == 2
    assert content(tmp_path / "out") == {path.name for path in outputs}
    assert convert(motion_path, *outputs, options=("--json",)) == 0
    assert json.loads(capfd.readouterr().out)["outputs"] == [str(path) for path in outputs]


@pytest.mark.parametrize("name", [NAMES["not UTF-8"], NAMES["a line break"], NAMES["a colon"]])
def test_blender_writes_under_any_name_in_any_folder(name: bytes, motion_path: Path, tmp_path: Path) -> None:
    pytest.importorskip("bpy")
    folder = tmp_path / os.fsdecode(name)
    outputs = [folder / os.fsdecode(name + ending.encode()) for ending in SCENE_ENDINGS]
    assert convert(motion_path, *outputs) == 0
    assert content(folder) == {path.name for path in outputs}


def test_a_name_that_no_disk_takes_is_refused_before_the_work(
    motion_path: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert convert(motion_path, tmp_path / ("x" * 252 + ".npz")) == 1
    assert "its name is too long; choose a shorter one" in capfd.readouterr().err
    assert convert(motion_path, tmp_path / ("y" * 300) / "out.npz") == 1
    error = capfd.readouterr().err
    assert "can't be created" in error
    assert error.count("\n") == 1
    assert content(tmp_path) == {"motion.npz"}


def test_room_for_the_persons_number_is_checked_too(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / ("x" * 249 + ".npz")
    assert main(["capture", "nowhere.mp4", "-o", str(output)]) == 1
    assert "no such file" in capfd.readouterr().err
    assert main(["capture", "nowhere.mp4", "-o", str(output), "--person", "all"]) == 1
    assert "its name is too long" in capfd.readouterr().err
    assert main(["capture", "nowhere.mp4", "-o", str(output), "--shots", "all"]) == 1
    assert "its name is too long" in capfd.readouterr().err


def test_missing_folders_are_made_and_do_not_stay_empty(
    motion_path: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert convert(motion_path, tmp_path / "a" / "b" / "out.npz", tmp_path / "c" / "out.npz") == 0
    assert load_motion(tmp_path / "a" / "b" / "out.npz").frame_count == 4
    (tmp_path / "damaged.npz").write_bytes(b"no motion")
    (tmp_path / "there").mkdir()
    assert convert(tmp_path / "damaged.npz", tmp_path / "d" / "e" / "out.npz", tmp_path / "there" / "out.npz") == 1
    assert main(["capture", "nowhere.mp4", "-o", str(tmp_path / "f" / "out.npz")]) == 1
    assert convert(motion_path, tmp_path / "damaged.npz" / "deep" / "out.npz") == 1
    assert "deep: the folder can't be created" in capfd.readouterr().err
    assert content(tmp_path) == {"motion.npz", "damaged.npz", "a", "c", "there"}


def test_a_link_is_written_through(motion_path: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    store.mkdir()
    (store / "old").write_bytes(b"yesterday's")
    links = {"old.npz": store / "old", "dangling.npz": store / "new", "far.npz": tmp_path / "made" / "new"}
    for name, target in links.items():
        (tmp_path / name).symlink_to(target)
    assert convert(motion_path, *(tmp_path / name for name in links)) == 0
    for name, target in links.items():
        assert (tmp_path / name).is_symlink()
        assert not target.is_symlink()
        with target.open("rb") as stream, np.load(stream) as archive:
            assert archive["trans"].shape == (4, 3)
    assert content(store) == {"old", "new"}


def test_a_link_to_itself_is_one_line(motion_path: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "one.npz").symlink_to(tmp_path / "two.npz")
    (tmp_path / "two.npz").symlink_to(tmp_path / "one.npz")
    assert convert(motion_path, tmp_path / "one.npz") == 1
    error = capfd.readouterr().err
    assert "one.npz: a symbolic link that leads to itself" in error
    assert error.count("\n") == 1
    assert main(["capture", str(tmp_path / "one.npz"), "-o", str(tmp_path / "out.npz")]) == 1
    assert capfd.readouterr().err.count("\n") == 1


@pytest.mark.skipif(sys.platform == "win32", reason="a signal from within ends the process there")
@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_while_files_are_replaced_comes_after_all_of_them(
    stop: signal.Signals,
    motion_path: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    replace = os.replace

    def replace_and_stop(source: Path, target: Path) -> None:
        replace(source, target)
        if Path(target) in outputs:
            os.kill(os.getpid(), stop)

    monkeypatch.setattr(os, "replace", replace_and_stop)
    outputs = [tmp_path / "out" / f"{number}.npz" for number in range(3)]
    assert convert(motion_path, *outputs) == 130
    assert capfd.readouterr().err == "posenet3d: error: cancelled; no partial files were left\n"
    assert content(tmp_path / "out") == {path.name for path in outputs}


def test_an_output_is_never_the_users_body(motion_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    body = motion_path.with_name("smpl.npz")
    assert main(["capture", "clip.mp4", "-o", str(body), "--body", str(body)]) == 2
    assert "named twice" in capfd.readouterr().err


@pytest.mark.parametrize(
    "options",
    [
        ["-o", "hero.blend", "--target", "hero.blend:Hero"],
        ["-o", "a.fbx", "--target", "hero.blend:Hero", "--map", "hero.json", "--keypoints-out", "hero.json"],
        ["-o", "a.fbx", "--preview", "CLIP.mp4"],
        ["-o", "a.fbx", "--keypoints", "k_person1.json", "--keypoints-out", "k.json", "--person", "all"],
        ["-o", "a.fbx", "--keypoints", "k_shot2_person1.json", "--keypoints-out", "k.json", "--shots", "all"],
    ],
)
def test_an_output_is_never_a_file_that_is_read(
    options: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "clip.mp4").write_bytes(b"footage")
    # As on a disk that ignores case.
    os.link("clip.mp4", "CLIP.mp4")
    assert main(["capture", "clip.mp4", *options]) == 2
    assert "would replace a file that is read" in capfd.readouterr().err


def test_files_of_an_earlier_capture_of_more_people_are_told_of(tmp_path: Path) -> None:
    names = [
        "a_person1.npz",
        "a_person3.npz",
        "a_shot2_person1.npz",
        "a_persona.npz",
        "a[1]_person2.npz",
        "a_person3.fbx",
    ]
    for name in names:
        (tmp_path / name).touch()
    assert leftover_outputs([tmp_path / "a.npz"], [tmp_path / "a_person1.npz"]) == [
        tmp_path / "a_person3.npz",
        tmp_path / "a_shot2_person1.npz",
    ]
    assert leftover_outputs([tmp_path / "a[1].npz"], []) == [tmp_path / "a[1]_person2.npz"]


def test_pictures_of_a_sequence_are_no_outputs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for number in range(3):
        (tmp_path / f"shot_{number}.jpg").write_bytes(b"picture")
    command = ["capture", "shot_%d.jpg", "--input-fps", "25", "-o", "a.npz", "--contact-sheet", "shot_1.jpg"]
    assert main(command) == 2
    assert "would replace a file that is read" in capfd.readouterr().err


def test_fingers_are_written_in_either_form(motion_path: Path, tmp_path: Path) -> None:
    hands: dict[str, Any] = {
        f"{side}_hand_pose": np.random.default_rng(0).normal(0, 0.3, (4, 45)) for side in ("left", "right")
    }
    beside, inside, again = (tmp_path / name for name in ("beside.npz", "inside.npz", "again.npz"))
    replace(load_motion(motion_path), **hands).save(beside)
    assert main(["convert", str(beside), "-o", str(inside), "--smplh"]) == 0
    with np.load(inside) as archive:
        assert archive["poses"].shape == (4, 156)
        np.testing.assert_array_equal(archive["poses"][:, 111:], hands["right_hand_pose"])
    assert convert(inside, again) == 0
    with np.load(again) as archive:
        assert archive["poses"].shape == (4, 72)
        np.testing.assert_array_equal(archive["left_hand_pose"], hands["left_hand_pose"])


def test_a_body_without_fingers_is_told(motion_path: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("bpy")
    hands: dict[str, Any] = {f"{side}_hand_pose": np.zeros((4, 45)) for side in ("left", "right")}
    replace(load_motion(motion_path), **hands).save(tmp_path / "motion.npz")
    command = ["convert", str(tmp_path / "motion.npz"), "-o", str(tmp_path / "out.bvh")]
    assert main([*command, "--body", str(SHIPPED_BODY)]) == 0
    assert "no finger joints: the fingers are left out" in capfd.readouterr().err
    assert main(command) == 0
    assert "left out" not in capfd.readouterr().err
    assert "JOINT left_index3" in (tmp_path / "out.bvh").read_text()
