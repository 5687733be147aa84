"""BVH editions of CMU's data: synthetic files without thorax and wrist bones, as the public ones."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

import numpy as np
import pytest

from .conversion import Convert, Refusal

UNIT = 0.0254 / 0.45

Offset = tuple[float, float, float]
Tree: TypeAlias = tuple[str | None, Offset, list["Tree"]]
"""Name, offset from the parent, children; a name of None ends a chain."""

HERE = (0.0, 0.0, 0.0)


def leg(side: str, sign: int) -> Tree:
    toe: Tree = (f"{side}Toe", (0, 0, 2), [(None, (0, 0, 1), [])])
    knee: Tree = (f"{side}Knee", (0, -7, 0), [(f"{side}Ankle", (0, -7.5, 0), [toe])])
    return (f"{side[0]}HipJoint", HERE, [(f"{side}Hip", (2 * sign, -1, 0), [knee])])


def arm(side: str, sign: int) -> Tree:
    short = side[0].lower()
    fingers: Tree = (f"{side[0]}Fingers", (0.6 * sign, 0, 0), [(None, (0.5 * sign, 0, 0), [])])
    hand: list[Tree] = [
        (f"{short}hand", HERE, [fingers]),
        (f"{side[0]}Thumb", HERE, [(None, (0.5 * sign, 0, 0.5), [])]),
    ]
    elbow: Tree = (f"{side}Elbow", (5 * sign, 0, 0), [(f"{side}Wrist", (3.4 * sign, 0, 0), hand)])
    return (f"{side}Collar", HERE, [(f"{side}Shoulder", (3 * sign, 1, 0), [elbow])])


def max_edition() -> Tree:
    head: Tree = ("Head", (0, 1.6, 0), [(None, (0, 1.7, 0), [])])
    neck: Tree = ("lowerneck", HERE, [("Neck", (0, 1.5, 0), [head])])
    chest: Tree = ("Chest", (0, 2, 0), [("Chest2", (0, 2.1, 0), [neck, arm("Left", 1), arm("Right", -1)])])
    return ("Hips", HERE, [leg("Left", 1), leg("Right", -1), ("lowerback", HERE, [chest])])


MOTION_BUILDER_NAMES = {
    **{f"{s}Hip": f"{s}UpLeg" for s in ("Left", "Right")},
    **{f"{s}Knee": f"{s}Leg" for s in ("Left", "Right")},
    **{f"{s}Ankle": f"{s}Foot" for s in ("Left", "Right")},
    **{f"{s}Toe": f"{s}ToeBase" for s in ("Left", "Right")},
    **{f"{s}Shoulder": f"{s}Arm" for s in ("Left", "Right")},
    **{f"{s}Collar": f"{s}Shoulder" for s in ("Left", "Right")},
    **{f"{s}Elbow": f"{s}ForeArm" for s in ("Left", "Right")},
    **{f"{s}Wrist": f"{s}Hand" for s in ("Left", "Right")},
    **{f"{s[0].lower()}hand": f"{s}FingerBase" for s in ("Left", "Right")},
    "lowerback": "LowerBack",
    "Chest": "Spine",
    "Chest2": "Spine1",
    "lowerneck": "Neck",
    "Neck": "Neck1",
}


def renamed(tree: Tree, names: dict[str, str]) -> Tree:
    name, offset, children = tree
    return (names.get(name, name) if name else None, offset, [renamed(child, names) for child in children])


def write_bvh(path: Path, tree: Tree, frame_count: int = 82, **turned: Offset) -> list[str]:
    """A take at 120 frames a second; `turned` joints have (z, y, x) degrees in all frames but the rest pose."""
    lines, names = ["HIERARCHY"], list[str]()

    def describe(node: Tree, depth: int) -> None:
        name, offset, children = node
        tabs = "\t" * depth
        lines.append(tabs + ("End Site" if name is None else f"{'JOINT' if depth else 'ROOT'} {name}"))
        lines.append(tabs + "{")
        lines.append(tabs + "\tOFFSET {:.5f} {:.5f} {:.5f}".format(*offset))
        if name is not None:
            names.append(name)
            position = "6 Xposition Yposition Zposition" if depth == 0 else "3"
            lines.append(f"{tabs}\tCHANNELS {position} Zrotation Yrotation Xrotation")
        for child in children:
            describe(child, depth + 1)
        lines.append(tabs + "}")

    describe(tree, 0)
    lines += ["MOTION", f"Frames: {frame_count}", "Frame Time: .0083333"]
    for frame in range(frame_count):
        numbers = [0.01 * frame, 17.0, 3.0]
        for name in names:
            numbers += turned.get(name, HERE) if frame else HERE
        lines.append(" ".join(f"{number:.4f}" for number in numbers))
    path.write_text("\n".join(lines) + "\n")
    return names


@pytest.fixture
def take(tmp_path: Path) -> Path:
    return tmp_path / "131_01.bvh"


@pytest.mark.parametrize("names", [{}, MOTION_BUILDER_NAMES], ids=["3ds Max", "MotionBuilder"])
def test_lost_bones_are_put_back(take: Path, convert: Convert, names: dict[str, str]) -> None:
    write_bvh(take, renamed(max_edition(), names))
    converted = convert("bvh", take)
    expected = {
        "left_hip": (2, -1, 0),
        "right_knee": (-2, -8, 0),
        "left_ankle": (2, -15.5, 0),
        "right_foot": (-2, -15.5, 2),
        "spine1": (0, 2, 0),
        "spine2": (0, 4.1, 0),
        "spine3": (0, 6.2, 0),  # as far above spine2 as that above spine1
        "neck": (0, 7.7, 0),
        "head": (0, 9.3, 0),
        "left_shoulder": (3, 7.2, 0),
        "right_elbow": (-8, 7.2, 0),
        "left_wrist": (8 + 1.5 * 3.4, 7.2, 0),  # the radius and half of it again
        "right_hand": (-8 - 1.5 * 3.4 - 1.1, 7.2, 0),
    }
    for name, units in expected.items():
        np.testing.assert_allclose(converted.joint(name), np.array(units) * UNIT, atol=1e-3, err_msg=name)
    np.testing.assert_allclose(converted.clips.root[:, 1], 15.5 * UNIT, atol=1e-4, err_msg="the feet stand on 0")


def test_bones_that_are_there_stay(take: Path, convert: Convert) -> None:
    tree = max_edition()
    chest2 = tree[2][2][2][0][2][0]
    chest2[2][0] = ("lowerneck", (0, 3, 0), chest2[2][0][2])
    write_bvh(take, tree)
    np.testing.assert_allclose(convert("bvh", take).bone("spine2", "spine3"), (0, 3 * UNIT, 0), atol=1e-3)


def test_rate_and_rest_pose(take: Path, convert: Convert) -> None:
    write_bvh(take, max_edition(), frame_count=98, LeftHip=(90, 0, 0))
    clips = convert("bvh", take).clips
    assert clips.ranges() == [(0, 25)], "97 frames and the rest pose, which is dropped"
    np.testing.assert_allclose(np.diff(clips.root[:, 0]), 0.04 * UNIT, atol=1e-5)


def test_rotations_apply_in_the_files_order(take: Path, convert: Convert) -> None:
    # Z, then Y about the turned axis: the thigh goes from down to the left, which Y then turns to the back.
    write_bvh(take, max_edition(), LeftHip=(90, 0, 0), RightHip=(-90, 0, 90))
    converted = convert("bvh", take)
    np.testing.assert_allclose(converted.bone("left_hip", "left_knee"), (7 * UNIT, 0, 0), atol=1e-3)
    # X is the first to turn what hangs below: down to the back, which a turn about z leaves there.
    np.testing.assert_allclose(converted.bone("right_hip", "right_knee"), (0, 0, -7 * UNIT), atol=1e-3)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("JOINT Chest2", "JOINT Brust", "'Chest2'"),
        ("Frames: 82", "Frames: 83", "'Frames'"),
        ("Frame Time: .0083333", "Frame Time: 0", "'Frame Time'"),
        ("\n0.0500 ", "\nnan ", "'MOTION'"),
        ("\n0.0500 ", "\nx ", "MOTION"),
        ("OFFSET 0.00000 2.10000 0.00000", "OFFSET 0.00000 high 0.00000", "HIERARCHY"),
        ("Zrotation", "Wrotation", "CHANNELS"),
        ("Xrotation", "Zrotation", "CHANNELS"),
        ("HIERARCHY\n", "", "HIERARCHY"),
        ("MOTION\n", "", "MOTION"),
    ],
)
def test_damage_is_one_line(take: Path, refusal: Refusal, old: str, new: str, message: str) -> None:
    write_bvh(take, max_edition())
    text = take.read_text()
    assert old in text
    take.write_text(text.replace(old, new))
    error = refusal("bvh", take)
    assert message in error
    assert take.name in error
