"""The armature at rest and its skin."""

from __future__ import annotations

from dataclasses import replace

import bpy
import numpy as np
import pytest

from posenet3d_blender.body.model import Body
from posenet3d_blender.body.rotations import axis_angle_to_matrix
from posenet3d_blender.body.skeleton import JOINT_NAMES, PARENTS, mirrored_name
from posenet3d_blender.build_options import BuildOptions
from posenet3d_blender.scene import build_scene
from posenet3d_blender.scene.armature import add_armature
from posenet3d_blender.scene.bone_display import shapes_of

from .conftest import MakeMotion
from .scene_readers import joints_at, vertices_now


@pytest.fixture
def armature(body: Body, make_motion: MakeMotion) -> bpy.types.Object:
    return add_armature("person", body, make_motion().betas, bpy.context.scene.collection)


def test_bones_stand_at_the_rest_joints(armature: bpy.types.Object, body: Body, make_motion: MakeMotion) -> None:
    """The rest pose is SMPL's, raised until the soles are at the ground."""
    betas = make_motion().betas
    x, y, z = body.rest_joints(betas).T
    height = -body.rest_vertices(betas)[:, 1].min()
    heads = np.array([armature.data.bones[name].head_local for name in JOINT_NAMES])
    np.testing.assert_allclose(heads, np.stack([x, -z, y + height], axis=1), atol=1e-6)
    assert np.array(armature.matrix_world).tolist() == np.eye(4).tolist()


def test_bones_have_smpls_names_order_and_parents(armature: bpy.types.Object) -> None:
    assert {bone.name for bone in armature.data.bones} == {"root", *JOINT_NAMES}
    for name, parent in zip(JOINT_NAMES, PARENTS, strict=True):
        bone = armature.data.bones[name]
        assert bone.parent.name == (JOINT_NAMES[parent] if parent >= 0 else "root")
        assert armature.pose.bones[name].rotation_mode == "QUATERNION"


def test_the_root_bone_is_at_the_origin_with_the_armatures_axes(armature: bpy.types.Object) -> None:
    root = armature.data.bones["root"]
    assert root.parent is None
    assert not root.use_deform
    np.testing.assert_allclose(np.array(root.matrix_local), np.eye(4), atol=1e-6)


@pytest.mark.parametrize("rest", ["T", "A"])
@pytest.mark.parametrize("shape", [-2.0, 0.0, 2.0])
def test_the_soles_rest_on_the_ground(rest: str, shape: float, body: Body, make_motion: MakeMotion) -> None:
    motion = replace(make_motion(2), betas=np.full(10, shape))
    (skin,) = build_scene([motion], body, options=BuildOptions(rest=rest))[0].children
    heights = np.array([vertex.co.z for vertex in skin.data.vertices])
    assert heights.min() == pytest.approx(0.0, abs=1e-6)
    strongest = max(skin.data.vertices[int(heights.argmin())].groups, key=lambda group: group.weight).group
    assert skin.vertex_groups[strongest].name.endswith(("ankle", "foot"))


def test_arms_of_an_a_pose_rest_lowered_and_the_joints_move_alike(body: Body, make_motion: MakeMotion) -> None:
    motion = make_motion(6)
    lowered, level = (build_scene([motion], body, options=BuildOptions(rest=rest))[0] for rest in "AT")
    for side in ("left", "right"):
        bones = [one.data.bones[f"{side}_shoulder"] for one in (lowered, level)]
        arms = [(bone.tail_local - bone.head_local).normalized() for bone in bones]
        assert np.degrees(arms[0].angle(arms[1])) == pytest.approx(45, abs=0.1)
        assert arms[0].z < arms[1].z - 0.5
    frames = 1 + np.arange(6)
    np.testing.assert_allclose(joints_at(lowered, frames), motion.joints, atol=1e-4)
    np.testing.assert_allclose(joints_at(lowered, frames), joints_at(level, frames), atol=1e-4)
    for bone in ("left_wrist", "spine3"):  # their axes too
        ends = [np.array(one.pose.bones[bone].matrix) for one in (lowered, level)]
        np.testing.assert_allclose(ends[0], ends[1], atol=1e-4)


def test_the_skin_of_an_a_pose_bends_nearly_as_smpl_says(body: Body, make_motion: MakeMotion) -> None:
    """Blended skinning from another rest pose differs about the shoulders alone."""
    motion = make_motion(3)
    armature = build_scene([motion], body, options=BuildOptions(rest="A"))[0]
    (skin,) = armature.children
    expected = body.posed_vertices(axis_angle_to_matrix(motion.poses), motion.betas, motion.trans)
    for frame in range(3):
        bpy.context.scene.frame_set(1 + frame)
        distances = np.linalg.norm(vertices_now(skin) - expected[frame], axis=1)
        assert np.quantile(distances, 0.8) < 1e-3
        assert distances.max() < 0.06


def test_bones_are_in_collections_with_shapes_made_once(body: Body, make_motion: MakeMotion) -> None:
    people = [build_scene([make_motion(2)], body)[0] for _ in range(2)]
    for armature in people:
        sorted_bones = [bone.name for group in armature.data.collections for bone in group.bones]
        assert sorted(sorted_bones) == sorted(["root", *JOINT_NAMES])
        assert {bone.custom_shape for bone in armature.pose.bones} == shapes_of(people)
    shapes = shapes_of(people)
    assert len(shapes) == 2
    assert not any(shape.users_scene or shape.users_collection for shape in shapes)
    assert sum(len(shape.data.vertices) for shape in shapes) < 100


def test_bones_point_along_the_limbs(armature: bpy.types.Object) -> None:
    bones = armature.data.bones
    pairs = (("pelvis", "spine1"), ("left_hip", "left_knee"), ("spine3", "neck"), ("right_elbow", "right_wrist"))
    for name, child in pairs:
        np.testing.assert_allclose(bones[name].tail_local, bones[child].head_local, atol=1e-6)
    assert all(0.02 < bone.length < 0.6 for bone in bones)
    assert (bones["head"].tail_local - bones["head"].head_local).z > 0.1
    assert (bones["left_foot"].tail_local - bones["left_foot"].head_local).y < -0.03


def test_left_and_right_bones_mirror_each_other(body: Body) -> None:
    # of the mean shape, whose rest joints are symmetric but for the regressor's noise
    armature = add_armature("person", body, np.zeros(10), bpy.context.scene.collection)
    for name in JOINT_NAMES:
        own = np.array(armature.data.bones[name].matrix_local.to_3x3())
        other = np.array(armature.data.bones[mirrored_name(name)].matrix_local.to_3x3())
        mirror = np.diag([-1.0, 1.0, 1.0]) @ own @ np.diag([-1.0, 1.0, 1.0])
        np.testing.assert_allclose(mirror, other, atol=0.1)


@pytest.mark.parametrize(
    ("bone", "moved", "axis", "sign"),
    [
        ("left_knee", "left_ankle", 1, +1),  # the shin goes back
        ("right_knee", "right_ankle", 1, +1),
        ("left_elbow", "left_wrist", 1, -1),  # the forearm goes forward
        ("right_elbow", "right_wrist", 1, -1),
        ("spine1", "head", 1, -1),  # the trunk bows
    ],
)
def test_a_positive_turn_about_x_bends_naturally(
    armature: bpy.types.Object, bone: str, moved: str, axis: int, sign: int
) -> None:
    before = armature.pose.bones[moved].head.copy()
    armature.pose.bones[bone].rotation_quaternion = (np.cos(0.2), np.sin(0.2), 0, 0)
    bpy.context.view_layer.update()
    assert sign * (armature.pose.bones[moved].head - before)[axis] > 0.05


def test_the_skin_bends_as_smpl_says(body: Body, make_motion: MakeMotion) -> None:
    motion = make_motion(5)
    armature = build_scene([motion], body)[0]
    (skin,) = armature.children
    expected = body.posed_vertices(axis_angle_to_matrix(motion.poses), motion.betas, motion.trans)
    for frame in range(5):
        bpy.context.scene.frame_set(1 + frame)
        np.testing.assert_allclose(vertices_now(skin), expected[frame], atol=1e-4)


def test_the_skin_is_smooth_and_has_a_material(body: Body, make_motion: MakeMotion) -> None:
    (skin,) = build_scene([make_motion(2)], body)[0].children
    assert all(polygon.use_smooth for polygon in skin.data.polygons)
    assert skin.data.materials[0].diffuse_color[3] == 1
    assert [group.name for group in skin.vertex_groups] == list(JOINT_NAMES)
