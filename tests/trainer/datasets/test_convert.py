"""The convert command and its files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from posenet3d_blender.body.skeleton import JOINT_NAMES, PARENTS
from posenet3d_blender.errors import PoseNet3DError
from trainer.cli import main
from trainer.data.clips import load_clips
from trainer.data.sequences import PointSequences, concatenate_sequences, load_sequences, save_sequences
from trainer.datasets.take import Take, clips_from_takes

from .conversion import Refusal
from .standing import joint


def standing(frames: int) -> NDArray[Any]:
    return np.tile(np.array([joint(name) for name in JOINT_NAMES]), (frames, 1, 1))


def sequences(samples: int = 4) -> PointSequences:
    rng = np.random.default_rng(0)
    return PointSequences(
        rng.normal(size=(samples, 27, 2)).astype(np.float32),
        rng.uniform(size=(samples, 27)).astype(np.float32),
        np.array([0, samples], np.int32),
        ("one",),
    )


def test_the_files_keys(tmp_path: Path) -> None:
    poses = np.zeros((40, 156))
    take, out = tmp_path / "take_poses.npz", tmp_path / "out.npz"
    np.savez(take, poses=poses, trans=np.zeros((40, 3)), betas=np.zeros(16), mocap_framerate=30.0)
    assert main(["convert", "amass", str(take), "--out", str(out)]) == 0
    with np.load(out) as data:
        assert set(data.files) == {"rel", "root", "offsets", "names", "source", "joints", "parents", "fps"}
        assert data["rel"].dtype == np.float16
        assert data["source"].tolist() == ["AMASS"]
        assert tuple(data["joints"]) == JOINT_NAMES
        assert tuple(data["parents"]) == PARENTS
        assert data["fps"] == 30
    assert load_clips(out).ranges() == [(0, 40)]


def test_a_folder_without_files_of_the_format_is_named(tmp_path: Path, refusal: Refusal) -> None:
    assert "*.bvh" in refusal("bvh", tmp_path)


def test_a_missing_folder_is_told_before_anything_is_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "damaged.bvh").write_text("no motion")
    out = tmp_path / "nowhere" / "out.npz"
    for data_format in ("bvh", "keypoints"):
        assert main(["convert", data_format, str(tmp_path / "damaged.bvh"), "--out", str(out)]) == 1
        error = capsys.readouterr().err
        assert f"{out}: the folder {out.parent} does not exist" in error
        assert error.count("\n") == 1


@pytest.mark.parametrize("data_format", ["bvh", "keypoints"])
def test_an_input_is_never_replaced(data_format: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "own").write_text("mine")
    (tmp_path / "link").symlink_to("own")
    assert main(["convert", data_format, str(tmp_path / "own"), "--out", str(tmp_path / "link")]) == 1
    assert "link: would replace a file that is read" in capsys.readouterr().err
    assert (tmp_path / "own").read_text() == "mine"


def test_wrong_usage(tmp_path: Path) -> None:
    for wrong in (["obj", "a"], ["cmu", "a", "--rate", "0"], ["keypoints", "a", "--image-size", "wide"]):
        with pytest.raises(SystemExit) as stopped:
            main(["convert", *wrong, "--out", str(tmp_path / "out.npz")])
        assert stopped.value.code == 2


def test_a_hand_that_jumps_cuts_the_clip() -> None:
    joints = standing(90)
    joints[40:, JOINT_NAMES.index("left_hand"), 1] += 0.5
    clips, sources = clips_from_takes([Take(joints, 30.0, "a", "s")])
    assert clips.ranges() == [(0, 40), (40, 90)]
    assert clips.names == ("a#0", "a#1")
    assert sources == ("s", "s")


def test_pieces_that_are_too_short_are_dropped() -> None:
    with pytest.raises(PoseNet3DError, match="without a glitch"):
        clips_from_takes([Take(standing(19), 30.0, "a", "s")])


def test_sequences_come_back_and_join(tmp_path: Path) -> None:
    save_sequences(tmp_path / "a.npz", concatenate_sequences([sequences(3), sequences(5)]))
    loaded = load_sequences(tmp_path / "a.npz")
    assert loaded.ranges() == [(0, 3), (3, 8)]
    assert loaded.names == ("one", "one")
    np.testing.assert_array_equal(loaded.rays[3:], sequences(5).rays)
    np.testing.assert_array_equal(loaded.confidence[:3], sequences(3).confidence)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("rays", None),
        ("fps", None),
        ("fps", np.float32(25)),
        ("rays", np.full((4, 27, 2), np.nan, np.float32)),
        ("rays", np.zeros((4, 25, 2), np.float32)),
        ("confidence", np.full((4, 27), 2.0, np.float32)),
        ("offsets", np.array([0, 3], np.int32)),
        ("names", np.array(["a", "b"])),
        ("names", np.array([1])),
    ],
)
def test_damaged_sequences_are_named(tmp_path: Path, key: str, value: NDArray[Any] | None) -> None:
    path = tmp_path / "bad.npz"
    save_sequences(path, sequences())
    with np.load(path) as data:
        arrays = {name: data[name] for name in data.files} | {key: value}
    np.savez(path, **{name: array for name, array in arrays.items() if array is not None})
    with pytest.raises(PoseNet3DError, match=rf"bad\.npz.*'{key}'"):
        load_sequences(path)
