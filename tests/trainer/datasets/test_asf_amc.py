"""CMU's ASF/AMC: a synthetic subject in CMU's syntax, in poses worked out by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from .conversion import Convert, Refusal

UNIT = 0.0254 / 0.45
"""Metres in a unit of CMU's skeletons."""

# name: direction, length, axis in degrees, degrees of freedom
BONES = {
    "lhipjoint": ((1, 0, 0), 2.0, (0, 0, 0), ""),
    "lfemur": ((0, -1, 0), 7.0, (0, 0, 20), "rx ry rz"),
    "ltibia": ((0, -1, 0), 7.5, (0, 0, 20), "rx"),
    "lfoot": ((0, 0, 1), 2.0, (-90, 0, 20), "rx rz"),
    "ltoes": ((0, 0, 1), 1.0, (-90, 0, 20), "rx"),
    "rhipjoint": ((-1, 0, 0), 2.0, (0, 0, 0), ""),
    "rfemur": ((0, -1, 0), 7.0, (0, 0, -20), "rx ry rz"),
    "rtibia": ((0, -1, 0), 7.5, (0, 0, -20), "rx"),
    "rfoot": ((0, 0, 1), 2.0, (-90, 0, -20), "rx rz"),
    "rtoes": ((0, 0, 1), 1.0, (-90, 0, -20), "rx"),
    "lowerback": ((0, 1, 0), 2.0, (0, 0, 0), "rx ry rz"),
    "upperback": ((0, 1, 0), 2.1, (0, 0, 0), "rx ry rz"),
    "thorax": ((0, 1, 0), 2.2, (0, 0, 0), "rx ry rz"),
    "lowerneck": ((0, 1, 0), 1.5, (0, 0, 0), "rx ry rz"),
    "upperneck": ((0, 1, 0), 1.6, (0, 0, 0), "rx ry rz"),
    "head": ((0, 1, 0), 1.7, (0, 0, 0), "rx ry rz"),
    "lclavicle": ((1, 0, 0), 3.0, (0, 0, 0), "ry rz"),
    "lhumerus": ((1, 0, 0), 5.0, (0, 0, 90), "rx ry rz"),
    "lradius": ((1, 0, 0), 3.4, (0, 0, 90), "rx"),
    "lwrist": ((1, 0, 0), 1.7, (0, 0, 90), "ry"),
    "lhand": ((1, 0, 0), 0.6, (0, 0, 90), "rx rz"),
    "lfingers": ((1, 0, 0), 0.5, (0, 0, 90), "rx"),
    "lthumb": ((1, 0, 0), 0.5, (0, 0, 90), "rx rz"),
    "rclavicle": ((-1, 0, 0), 3.0, (0, 0, 0), "ry rz"),
    "rhumerus": ((-1, 0, 0), 5.0, (0, 0, -90), "rx ry rz"),
    "rradius": ((-1, 0, 0), 3.4, (0, 0, -90), "rx"),
    "rwrist": ((-1, 0, 0), 1.7, (0, 0, -90), "ry"),
    "rhand": ((-1, 0, 0), 0.6, (0, 0, -90), "rx rz"),
    "rfingers": ((-1, 0, 0), 0.5, (0, 0, -90), "rx"),
    "rthumb": ((-1, 0, 0), 0.5, (0, 0, -90), "rx rz"),
}
HIERARCHY = """\
    root lhipjoint rhipjoint lowerback
    lhipjoint lfemur
    lfemur ltibia
    ltibia lfoot
    lfoot ltoes
    rhipjoint rfemur
    rfemur rtibia
    rtibia rfoot
    rfoot rtoes
    lowerback upperback
    upperback thorax
    thorax lowerneck lclavicle rclavicle
    lowerneck upperneck
    upperneck head
    lclavicle lhumerus
    lhumerus lradius
    lradius lwrist
    lwrist lhand lthumb
    lhand lfingers
    rclavicle rhumerus
    rhumerus rradius
    rradius rwrist
    rwrist rhand rthumb
    rhand rfingers
"""


def write_skeleton(path: Path) -> None:
    lines = [
        "# AST/ASF file generated using VICON BodyLanguage",
        ":version 1.10",
        ":name VICON",
        ":units",
        "  mass 1.0",
        "  length 0.45",
        "  angle deg",
        ":documentation",
        "   .ast/.asf automatically generated from VICON data using",
        ":root",
        "   order TX TY TZ RX RY RZ",
        "   axis XYZ",
        "   position 0 0 0  ",
        "   orientation 0 0 0 ",
        ":bonedata",
    ]
    for number, (name, (direction, length, axis, channels)) in enumerate(BONES.items(), 1):
        lines += [
            "  begin",
            f"     id {number} ",
            f"     name {name}",
            "     direction {} {} {} ".format(*direction),
            f"     length {length} ",
            "     axis {} {} {}  XYZ".format(*axis),
        ]
        if channels:
            lines.append(f"    dof {channels} ")
            limits = ["(-160.0 20.0)"] * len(channels.split())
            lines.append("    limits " + "\n           ".join(limits))
        lines.append("  end")
    path.write_text("\n".join(lines) + "\n:hierarchy\n  begin\n" + HIERARCHY + "  end\n")


def write_take(path: Path, frame_count: int = 80, skip: str = "", **turned: str) -> None:
    """A take in which nothing turns but what is given; it moves 0.01 units along x in each frame."""
    lines = ["#!OML:ASF F:\\VICON\\USERDATA\\02.ASF", ":FULLY-SPECIFIED", ":DEGREES"]
    for frame in range(frame_count):
        lines.append(str(frame + 1))
        lines.append(f"root {0.01 * frame:g} 16.5 -30 {turned.get('root', '0 0 0')}")
        for name, (_, _, _, channels) in BONES.items():
            if channels and name != skip:
                lines.append(f"{name} {turned.get(name, ' '.join('0' for _ in channels.split()))}")
    path.write_text("\n".join(lines) + "\n")


@pytest.fixture
def take(tmp_path: Path) -> Path:
    write_skeleton(tmp_path / "02.asf")
    return tmp_path / "02_05.amc"


def test_the_rest_pose_in_metres(take: Path, convert: Convert) -> None:
    write_take(take)
    converted = convert("cmu", take)
    expected = {
        "left_hip": (2, 0, 0),
        "right_hip": (-2, 0, 0),
        "left_knee": (2, -7, 0),
        "right_ankle": (-2, -14.5, 0),
        "left_foot": (2, -14.5, 2),
        "spine1": (0, 2, 0),
        "spine3": (0, 6.3, 0),
        "neck": (0, 7.8, 0),
        "head": (0, 9.4, 0),
        "left_shoulder": (3, 6.3, 0),
        "right_elbow": (-8, 6.3, 0),
        "left_wrist": (13.1, 6.3, 0),
        "right_hand": (-14.2, 6.3, 0),
        "left_collar": (0.35 * 3, 7.8 - 0.35 * 1.5, 0),
    }
    for name, units in expected.items():
        np.testing.assert_allclose(converted.joint(name), np.array(units) * UNIT, atol=1e-3, err_msg=name)
    np.testing.assert_allclose(converted.clips.root[0], np.array([0, 16.5, -30]) * UNIT, atol=1e-5)


def test_120_frames_become_30_samples_a_second(take: Path, convert: Convert) -> None:
    write_take(take, frame_count=97)
    clips = convert("cmu", take).clips
    assert (clips.frame_rate, clips.names, clips.ranges()) == (30, ("cmu_02_05",), [(0, 25)])
    np.testing.assert_allclose(np.diff(clips.root[:, 0]), 0.04 * UNIT, atol=1e-6)
    write_take(take, frame_count=97)
    np.testing.assert_allclose(np.diff(convert("cmu", take, "--rate", "60").clips.root[:, 0]), 0.02 * UNIT, atol=1e-6)


def test_a_bone_turns_in_its_own_frame(take: Path, convert: Convert) -> None:
    # The arm's frame is a quarter turn about z, so its x is the world's y: the left arm goes from +x to -z.
    write_take(take, lhumerus="90 0 0")
    converted = convert("cmu", take)
    np.testing.assert_allclose(converted.bone("left_shoulder", "left_elbow"), (0, 0, -5 * UNIT), atol=1e-3)
    np.testing.assert_allclose(converted.bone("left_elbow", "left_wrist"), (0, 0, -5.1 * UNIT), atol=1e-3)
    np.testing.assert_allclose(converted.bone("right_shoulder", "right_elbow"), (-5 * UNIT, 0, 0), atol=1e-3)


def test_the_root_turns_about_x_first(take: Path, convert: Convert) -> None:
    # About x, up becomes front; a turn about z then leaves it there and takes left up.
    write_take(take, root="90 0 90")
    converted = convert("cmu", take)
    np.testing.assert_allclose(converted.joint("spine1"), (0, 0, 2 * UNIT), atol=1e-3)
    np.testing.assert_allclose(converted.joint("left_hip"), (0, 2 * UNIT, 0), atol=1e-3)


def test_a_folder_holds_many_takes(take: Path, convert: Convert) -> None:
    write_take(take)
    write_take(take.with_name("02_06.amc"))
    assert convert("cmu", take.parent).clips.names == ("cmu_02_05", "cmu_02_06")


def test_glitches_are_cut(take: Path, convert: Convert) -> None:
    write_take(take, frame_count=200)
    lines = take.read_text().replace("root 0.99 ", "root 99 ").splitlines()
    take.write_text("\n".join(lines) + "\n")
    clips = convert("cmu", take).clips
    assert clips.names == ("cmu_02_05#0", "cmu_02_05#1")
    assert np.abs(np.diff(clips.root[:25, 0])).max() < 0.01


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("\nlfemur 0 0 0", "\nlfemur 0 nan 0", ("02_05.amc", "'lfemur'")),
        ("\nlfemur 0 0 0", "\nlfemur 0 0", ("02_05.amc", "'lfemur'")),
        ("\nlfemur 0 0 0", "\nlfemur 0 x 0", ("02_05.amc", "lfemur")),
        ("\nroot", "\ntoor", ("02_05.amc", "'root'")),
    ],
)
def test_a_damaged_take_is_one_line(take: Path, refusal: Refusal, old: str, new: str, message: tuple[str, ...]) -> None:
    write_take(take)
    take.write_text(take.read_text().replace(old, new))
    error = refusal("cmu", take)
    assert all(word in error for word in message), error


def test_a_take_cut_off_is_one_line(take: Path, refusal: Refusal) -> None:
    write_take(take)
    text = take.read_text()
    take.write_text(text[: text.rindex("rfoot")])
    assert "'rfoot'" in refusal("cmu", take)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("name lwrist", "name lcarpus", "'lwrist'"),
        ("length 7.0", "length long", "length long"),
        ("length 0.45", "length 0.0", "length 0.0"),
        ("angle deg", "angle rad", "'angle'"),
        (":hierarchy", ":anarchy", "':hierarchy'"),
    ],
)
def test_a_damaged_skeleton_is_one_line(take: Path, refusal: Refusal, old: str, new: str, message: str) -> None:
    write_take(take)
    skeleton = take.with_name("02.asf")
    skeleton.write_text(skeleton.read_text().replace(old, new))
    assert message in refusal("cmu", take)


def test_a_missing_skeleton_is_named(tmp_path: Path, refusal: Refusal) -> None:
    write_take(tmp_path / "02_05.amc")
    assert "02.asf" in refusal("cmu", tmp_path / "02_05.amc")
    assert "nowhere.amc" in refusal("cmu", tmp_path / "nowhere.amc")


def test_the_skeleton_of_another_subject_is_refused(tmp_path: Path, refusal: Refusal) -> None:
    write_take(tmp_path / "02_05.amc")
    write_skeleton(tmp_path / "01.asf")
    assert "02.asf" in refusal("cmu", tmp_path / "02_05.amc")
