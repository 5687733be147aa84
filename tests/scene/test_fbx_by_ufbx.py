"""FBX files read by ufbx, a reader that shares nothing with Blender's."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mathutils import Matrix, Quaternion, Vector

from posenet3d_blender.arrays import Array
from posenet3d_blender.body.fingers import HAND_JOINT_NAMES
from posenet3d_blender.body.model import Body
from posenet3d_blender.body.skeleton import JOINT_NAMES, PARENTS
from posenet3d_blender.build_options import ENGINE_PRESETS, ROOT_CHOICES, BuildOptions
from posenet3d_blender.cli.scene_arguments import scene_options
from posenet3d_blender.scene import build_scene, export

from .conftest import MakeMotion
from .test_fingers import finger_joints, with_fingers

pytest.importorskip("ufbx")

CENTIMETRES = 100.0
TO_FILE = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])
"""From Blender's world to the file's axes: Y up, +Z front."""


def read(path: Path, *seconds: float) -> dict[str, Any]:
    script = Path(__file__).with_name("read_by_ufbx.py")
    command = [sys.executable, str(script), str(path), *map(str, seconds)]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    report: dict[str, Any] = json.loads(run.stdout)
    return report


def positions(report: dict[str, Any], time: int) -> Array:
    """(25, 3) of the root bone and the joints, in the file's units: the chain of the file's own local transforms."""

    def local(name: str) -> Matrix:
        values = report["transforms"][name][time]
        return Matrix.LocRotScale(Vector(values[4:]), Quaternion(values[:4]), None)

    world = [local("PoseNet3D") @ local("root")]
    for name, parent in zip(JOINT_NAMES, PARENTS, strict=True):
        world.append(world[parent + 1] @ local(name))
    return np.array([matrix.translation for matrix in world])


@pytest.mark.parametrize("rest", ["T", "A"])
@pytest.mark.parametrize("root", ROOT_CHOICES)
def test_bones_units_rate_and_motion(root: str, rest: str, body: Body, make_motion: MakeMotion, tmp_path: Path) -> None:
    motion = make_motion(12)
    path = tmp_path / "walk.fbx"
    export(path, build_scene([motion], body, options=BuildOptions(root=root, rest=rest)))
    frames = (0, 5, 11)
    report = read(path, *(frame / 30 for frame in frames))
    assert report["unit"] == pytest.approx(0.01)
    assert report["rate"] == pytest.approx(30)
    assert report["seconds"] == pytest.approx(11 / 30, abs=1e-4)
    bones = {
        name: JOINT_NAMES[parent] if parent >= 0 else "root" for name, parent in zip(JOINT_NAMES, PARENTS, strict=True)
    }
    ours = {"PoseNet3D": "", "PoseNet3D_body": "", "root": "PoseNet3D"}
    assert report["parents"] == bones | ours
    for time, frame in enumerate(frames):
        below, *joints = positions(report, time)
        wanted = motion.joints[frame] @ TO_FILE.T * CENTIMETRES
        if root == "in-place":
            joints, wanted = joints - joints[0], wanted - wanted[0]
        np.testing.assert_allclose(joints, wanted, atol=0.02)
        if root == "ground" and frame != 5:
            np.testing.assert_allclose(below, [wanted[0, 0], 0, wanted[0, 2]], atol=0.02)
        elif root != "ground":
            np.testing.assert_allclose(below, 0, atol=1e-3)


@pytest.mark.parametrize("name", ENGINE_PRESETS)
def test_presets(name: str, body: Body, make_motion: MakeMotion, tmp_path: Path) -> None:
    """What each program looks for: root node and bone, axes and units, heading, rate and name of the take."""
    preset = ENGINE_PRESETS[name]
    motion, path = make_motion(12), tmp_path / "walk.fbx"
    arguments = argparse.Namespace(preset=name, root=None, rest=None, heading=None, body_parts="whole", smplh=False)
    armatures = build_scene([motion], body, options=scene_options(arguments))
    export(path, armatures)
    report = read(path, 0.0, 11 / 30)
    assert (report["unit"], report["rate"]) == (pytest.approx(0.01), pytest.approx(30))
    node = preset.armature_name or "PoseNet3D"
    assert report["parents"]["root"] == node
    assert report["take"] == "PoseNet3D"
    first = [report["transforms"][bone][0] for bone in (node, "root", "pelvis")]
    start = Matrix()
    for values in first:
        start = start @ Matrix.LocRotScale(Vector(values[4:]), Quaternion(values[:4]), None)
    rest = armatures[0].data.bones["pelvis"].matrix_local
    forward = (start.to_3x3() @ Matrix(np.array(rest.to_3x3()).T.tolist()) @ Vector((0.0, -1.0, 0.0))).normalized()
    assert forward.z > 0.7, "starts facing +Z of the file"
    moves = np.ptp(np.array(report["transforms"]["root"])[:, 4:], axis=0).max() > 1
    assert moves == (preset.root == "ground")


def test_an_option_overrules_the_preset() -> None:
    options = scene_options(
        argparse.Namespace(preset="unreal", root="hips", rest=None, heading=None, body_parts="whole", smplh=False)
    )
    assert (options.root, options.rest, options.heading) == ("hips", "A", "forward")


def test_fingers_hang_on_the_wrists_and_move_as_the_motion_says(
    body: Body, make_motion: MakeMotion, tmp_path: Path
) -> None:
    motion = with_fingers(make_motion(6), body)
    path = tmp_path / "grip.fbx"
    export(path, build_scene([motion], body))
    report = read(path, 0.0, 5 / 30)
    joints = finger_joints(motion, body)[[0, 5]] @ TO_FILE.T * CENTIMETRES
    for time in (0, 1):
        world = {"": Matrix()}
        for name in ("PoseNet3D", "root", *JOINT_NAMES, *HAND_JOINT_NAMES):
            values = report["transforms"][name][time]
            local = Matrix.LocRotScale(Vector(values[4:]), Quaternion(values[:4]), None)
            world[name] = world[report["parents"][name]] @ local
        given = [world[name].translation for name in HAND_JOINT_NAMES]
        np.testing.assert_allclose(given, joints[time], atol=0.02)
    firsts = {name: report["parents"][name] for name in HAND_JOINT_NAMES if name.endswith("1")}
    assert set(firsts.values()) == {"left_wrist", "right_wrist"}
