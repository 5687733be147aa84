"""Retargeting to rigs of each family, measured on their evaluated bones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import bpy
import numpy as np
import pytest
from mathutils import Matrix

from posenet3d_blender.arrays import Array
from posenet3d_blender.body.model import Body
from posenet3d_blender.body.skeleton import JOINT_INDEX
from posenet3d_blender.motion import Motion
from posenet3d_blender.retargeting.bone_map import BoneMap
from posenet3d_blender.retargeting.recognise import recognise
from posenet3d_blender.retargeting.settings import RetargetSettings
from posenet3d_blender.scene import build_scene
from posenet3d_blender.scene.key_reduction import Tolerance
from posenet3d_blender.scene.keys import curves_of
from posenet3d_blender.scene.retarget.read_rig import read_rig
from posenet3d_blender.scene.retarget.retarget import retarget

from .retargeted import captured, slow_motion
from .rigs import families, studio
from .rigs.measure import Measured, measure, posed_heads, to_source_space
from .rigs.rigify import meta_rig, rigify

MakeRig = Callable[[], bpy.types.Object]

PLAIN: dict[str, MakeRig] = {
    "Mixamo": families.mixamo,
    "Mixamo without prefix": lambda: families.mixamo(prefix=""),
    "Mixamo 1": lambda: families.mixamo(prefix="mixamorig1:"),
    "Unreal": families.unreal,
    "Unreal 5": lambda: families.unreal(ue5=True),
    "Unity": families.unity,
    "VRM 1": families.vrm1,
    "VRM VRoid": families.vroid,
    "MakeHuman": families.makehuman,
    "Character Creator": studio.character_creator,
    "DAZ Genesis 8": studio.genesis_8,
    "DAZ Genesis 9": studio.genesis_9,
    "Rigify meta-rig": meta_rig,
}
RIGS = PLAIN | {"Rigify": rigify}
FRAMES = range(1, 41)


def map_of(rig: bpy.types.Object) -> BoneMap:
    return recognise(read_rig(rig)).bone_map


@pytest.fixture(scope="session")
def slow(body: Body) -> Motion:
    return slow_motion(body)


@pytest.fixture
def source(body: Body, slow: Motion) -> bpy.types.Object:
    return build_scene([slow], body)[0]


def check_limbs_and_feet(found: Measured, most_drift: float = 0.01) -> None:
    """The promise for every family: limbs point where the source's do, planted feet stand still on the floor."""
    assert found.limb_degrees < 5
    assert found.mean_limb_degrees < 1
    assert found.arm_degrees < 0.5
    assert found.sole_height < 0.01
    assert found.sole_drift < most_drift


@pytest.mark.parametrize("family", RIGS)
def test_a_slow_motion_keeps_limbs_and_planted_feet(family: str, source: bpy.types.Object, slow: Motion) -> None:
    rig = RIGS[family]()
    retargeted = retarget(source, rig)
    bone_map = map_of(rig)
    assert bone_map.name == family if family in ("Unity", "MakeHuman", "Rigify") else bone_map.name in family
    assert not retargeted.warnings
    found = measure(source, rig, bone_map, slow)
    check_limbs_and_feet(found)
    assert found.worst_jump < 0.5


def test_rigifys_whole_human(body: Body) -> None:
    """With fingers and face."""
    motion = slow_motion(body, 3)
    source = build_scene([motion], body)[0]
    rig = rigify(with_fingers=True)
    retarget(source, rig)
    bone_map = map_of(rig)
    assert (bone_map.name, len(bone_map.spine), len(bone_map.neck)) == ("Rigify", 3, 2)
    check_limbs_and_feet(measure(source, rig, bone_map, motion))


@pytest.mark.parametrize("clip", ["opencap_walk", "opencap_squat", "demo_clip"])
@pytest.mark.parametrize("family", ["Mixamo", "Unreal", "Unity", "VRM 1", "VRM VRoid", "MakeHuman", "Rigify"])
def test_real_motion(
    clip: str, family: str, body: Body, shared_folder: Path, demo_clip: Path, pytestconfig: pytest.Config
) -> None:
    """Long and short legs, A- and T-poses: a walk, squats, and a dance with fast steps."""
    cache = pytestconfig.cache
    assert cache is not None
    video = demo_clip if clip == demo_clip.stem else shared_folder / "video" / f"{clip}.mp4"
    motion = captured(video, cache.mkdir("posenet3d_motions"), "--end", "2")
    source = build_scene([motion], body)[0]
    rig = RIGS[family]()
    retarget(source, rig)
    found = measure(source, rig, map_of(rig), motion)
    # The dancer's own feet slide in some contacts; on Blender 4.2's Rigify that adds up to 16 mm.
    check_limbs_and_feet(found, most_drift=0.02 if clip == demo_clip.stem else 0.01)
    assert found.worst_jump < 4
    assert found.worst_flip < 8
    assert found.arm_depth < 0.05


@pytest.mark.parametrize("family", ["Mixamo", "Unreal", "VRM VRoid"])
def test_units_and_placement_change_nothing(family: str, source: bpy.types.Object) -> None:
    """The same character at other units, and its object placed and turned, ends in the same poses."""
    rig = PLAIN[family]()
    bones = [map_of(rig).bones[role] for role in ("pelvis", "head", "left_wrist", "right_ankle")]
    retarget(source, rig)
    before = to_source_space(rig, posed_heads(rig, bones, FRAMES)[0])
    other = PLAIN[family]()
    factor = 100.0
    other.data.transform(Matrix.Scale(factor, 4))
    other.matrix_world = (
        Matrix.Translation((2, 1, 0)) @ Matrix.Rotation(1.0, 4, "Z") @ rig.matrix_world @ Matrix.Scale(1 / factor, 4)
    )
    retarget(source, other)
    placed = np.array(Matrix.Translation((2, 1, 0)) @ Matrix.Rotation(1.0, 4, "Z"))
    own = posed_heads(rig, bones, FRAMES)[0] @ placed[:3, :3].T + placed[:3, 3]
    np.testing.assert_allclose(posed_heads(other, bones, FRAMES)[0], own, atol=1e-4)
    assert np.ptp(before[:, 2, 2]) > 0.05


def test_the_map_holds_after_the_object_is_renamed(source: bpy.types.Object) -> None:
    rig = families.unreal()
    bone_map = map_of(rig)
    rig.name = "Manny"
    action = retarget(source, rig, bone_map).action
    assert action.name.startswith("Manny_")
    assert rig.animation_data.action == action


def test_rotation_modes_of_the_rig_are_kept(source: bpy.types.Object, slow: Motion) -> None:
    rig = families.mixamo()
    for bone in rig.pose.bones:
        bone.rotation_mode = "YZX"
    retarget(source, rig)
    assert {curve.data_path.rpartition(".")[2] for curve in curves_of(rig)} == {"rotation_euler", "location"}
    assert measure(source, rig, map_of(rig), slow).limb_degrees < 5


def test_reduced_keys(source: bpy.types.Object, slow: Motion) -> None:
    rig = families.unity()
    retarget(source, rig)
    dense = sum(len(curve.keyframe_points) for curve in curves_of(rig))
    retarget(source, rig, tolerance=Tolerance(degrees=0.3, millimetres=2))
    assert sum(len(curve.keyframe_points) for curve in curves_of(rig)) < dense / 3
    assert measure(source, rig, map_of(rig), slow).limb_degrees < 5


@pytest.mark.parametrize("motion", ["ground", "in-place"])
def test_root_motion(motion: str, body: Body, slow: Motion) -> None:
    walking = slow_motion(body)
    walking.trans[:, 1] -= np.linspace(0, 2, len(walking.trans))
    source = build_scene([walking], body)[0]
    rig = families.unreal()
    retarget(source, rig, settings=RetargetSettings(root_motion=motion, foot_lock=False))
    heads, _ = posed_heads(rig, ["root", "pelvis"], FRAMES)
    travelled = np.ptp(heads[:, :, 1], axis=0)
    if motion == "ground":
        assert travelled[0] > 1.8
        np.testing.assert_allclose(heads[:, 0, 2], 0, atol=1e-5)
        np.testing.assert_allclose(np.ptp(heads[:, 0, 1] - heads[:, 1, 1]), 0, atol=0.1)
    else:
        assert travelled[0] < 1e-5
        assert travelled[1] < 0.1


@pytest.mark.parametrize(
    ("family", "forearm", "twist", "hand"),
    [
        ("Unreal", "lowerarm_l", "lowerarm_twist_01_l", "hand_l"),
        ("MakeHuman", "lowerarm01.L", "lowerarm02.L", "wrist.L"),
    ],
)
def test_twist_bones_share_the_turn_of_the_hand(family: str, forearm: str, twist: str, hand: str, body: Body) -> None:
    def turning(degrees: float) -> Motion:
        motion = slow_motion(body, 8)
        motion.poses[:, JOINT_INDEX["left_wrist"], 0] += np.radians(degrees) * np.linspace(0, 1, 8)
        return motion

    def last_pose(degrees: float) -> tuple[Array, Array]:
        rig = PLAIN[family]()
        retarget(build_scene([turning(degrees)], body)[0], rig)
        heads, axes = posed_heads(rig, [forearm, twist, hand], range(8, 9))
        return heads[0], axes[0]

    (heads, axes), (heads_turned, axes_turned) = last_pose(0), last_pose(80)
    np.testing.assert_allclose(heads_turned, heads, atol=1e-3)
    between = np.swapaxes(axes, -1, -2) @ axes_turned
    angles = np.degrees(np.arccos(np.clip((np.trace(between, axis1=-2, axis2=-1) - 1) / 2, -1, 1)))
    np.testing.assert_allclose(angles, [0, 40, 80], atol=2)


def test_an_animator_can_go_on_with_rigifys_controls(body: Body) -> None:
    """FK and IK are keyed alike, and no deform bone has keys."""
    source = build_scene([slow_motion(body, 6)], body)[0]
    rig = rigify()
    retarget(source, rig)
    keyed = {curve.data_path.split('"')[1] for curve in curves_of(rig)}
    assert {"torso", "head", "upper_arm_fk.L", "hand_ik.R", "foot_ik.L", "thigh_ik_target.R", "thigh_fk.L"} <= keyed
    assert not [name for name in keyed if name.startswith(("DEF-", "ORG-", "MCH-"))]
    ends = [f"DEF-{name}.{side}" for name in ("foot", "hand") for side in "LR"]
    joints = [f"DEF-{name}.{side}" for name in ("forearm", "shin") for side in "LR"]
    frames = range(2, 6, 3)
    on_fk, _ = posed_heads(rig, [*ends, *joints], frames)
    for curve in curves_of(rig):
        if curve.data_path.endswith('["IK_FK"]'):
            curve.keyframe_points[0].co[1] = 0
            curve.update()
    on_ik, _ = posed_heads(rig, [*ends, *joints], frames)
    np.testing.assert_allclose(on_ik[:, :4], on_fk[:, :4], atol=2e-3)
    np.testing.assert_allclose(on_ik[:, 4:], on_fk[:, 4:], atol=0.03)  # Rigify's IK bones may stretch
    assert np.abs(on_ik[:, 4:] - on_fk[:, 4:]).max() > 1e-4
