"""Characters as they stand in animators' files: hidden, linked, parented, locked, animated already."""

from __future__ import annotations

from pathlib import Path

import bpy
import numpy as np
import pytest
from mathutils import Matrix

from posenet3d_blender.arrays import Array
from posenet3d_blender.body.model import Body
from posenet3d_blender.errors import PoseNet3DError
from posenet3d_blender.motion import Motion
from posenet3d_blender.scene import build_scene
from posenet3d_blender.scene.keys import curves_of
from posenet3d_blender.scene.retarget.retarget import retarget

from .retargeted import slow_motion
from .rigs import families
from .rigs.measure import measure
from .rigs.rigify import rigify
from .test_retarget import map_of

COUNT = 6


@pytest.fixture
def motion(body: Body) -> Motion:
    return slow_motion(body, COUNT)


@pytest.fixture
def source(body: Body, motion: Motion) -> bpy.types.Object:
    return build_scene([motion], body)[0]


def key_values(armature: bpy.types.Object) -> Array:
    curves = sorted(curves_of(armature), key=lambda curve: (curve.data_path, curve.array_index))
    return np.array([[point.co[1] for point in curve.keyframe_points] for curve in curves])


def test_hidden_armatures_and_the_rest_position_change_no_key(source: bpy.types.Object) -> None:
    rig = families.mixamo()
    retarget(source, rig)
    wanted = key_values(rig)
    assert np.ptp(wanted, axis=1).max() > 0.1
    rig.hide_viewport = source.hide_viewport = True
    rig.data.pose_position = "REST"
    warnings = retarget(source, rig).warnings
    np.testing.assert_allclose(key_values(rig), wanted, atol=1e-5)
    assert (rig.hide_viewport, source.hide_viewport, rig.data.pose_position) == (True, True, "REST")
    assert any("Rest Position" in warning for warning in warnings)


def test_a_character_below_a_scaled_and_turned_empty(source: bpy.types.Object, motion: Motion) -> None:
    rig = families.mixamo()
    placement = rig.matrix_world.copy()
    rig.matrix_world = Matrix.Identity(4)
    empty = bpy.data.objects.new("Group", None)
    bpy.context.scene.collection.objects.link(empty)
    empty.matrix_world = placement
    rig.parent = empty
    bpy.context.view_layer.update()
    retarget(source, rig)
    found = measure(source, rig, map_of(rig), motion)
    assert found.limb_degrees < 5
    assert found.sole_height < 0.01


def test_posed_scales_stay_and_turn_nothing(source: bpy.types.Object) -> None:
    """A cartoon's big head; an action's stretch belongs to that action."""
    plain, rig = families.unity("Plain"), families.unity("Hero")
    for name, scale in (("Head", (1.5, 1.5, 1.5)), ("Spine", (1.2, 1.2, 1.2)), ("LeftHand", (-1.0, 1.0, 1.0))):
        rig.pose.bones[name].scale = scale
    rig.pose.bones["RightHand"].scale = (2, 2, 2)
    rig.pose.bones["RightHand"].keyframe_insert("scale", frame=1)
    for one in (plain, rig):
        retarget(source, one)
    bones = rig.pose.bones
    np.testing.assert_allclose(bones["Head"].scale, (1.5, 1.5, 1.5), atol=1e-5)
    np.testing.assert_allclose(bones["Spine"].scale, (1.2, 1.2, 1.2), atol=1e-5)
    np.testing.assert_allclose(bones["RightHand"].scale, (1, 1, 1), atol=1e-5)
    for frame in (1, COUNT):
        bpy.context.scene.frame_set(frame)
        posed = rig.evaluated_get(bpy.context.evaluated_depsgraph_get()).pose.bones
        assert posed["Head"].matrix.to_scale()[0] == pytest.approx(1.5 * posed["Neck"].matrix.to_scale()[0], rel=0.15)
        for name in ("Head", "Hips", "LeftFoot", "LeftLowerArm"):
            along, wanted = (one.pose.bones[name].matrix.col[1].to_3d().normalized() for one in (rig, plain))
            assert along.angle(wanted) < np.radians(1.5)


def test_what_the_character_played_before_is_kept(source: bpy.types.Object) -> None:
    """Its action, its strips, the action of its shape keys."""
    rig = families.with_skin(families.unity("Hero"))
    skin = rig.children[0]
    skin.shape_key_add(name="Basis")
    smile = skin.shape_key_add(name="Smile")
    smile.keyframe_insert("value", frame=1)
    face = skin.data.shape_keys.animation_data.action
    rig.keyframe_insert("location", frame=1)
    own = rig.animation_data.action
    strip = rig.animation_data.nla_tracks.new().strips.new("idle", 1, own)
    action = retarget(source, rig).action
    assert rig.animation_data.action == action != own
    assert own.use_fake_user
    assert (strip.action, strip.mute) == (own, False)
    assert skin.data.shape_keys.animation_data.action == face


def test_a_solo_track_is_told(source: bpy.types.Object) -> None:
    rig = families.unity("Hero")
    rig.keyframe_insert("location", frame=1)
    track = rig.animation_data.nla_tracks.new()
    track.strips.new("idle", 1, rig.animation_data.action)
    track.is_solo = True
    assert any("solo" in warning for warning in retarget(source, rig).warnings)
    assert track.is_solo


def test_what_is_moved_and_not_yet_keyed_stays(source: bpy.types.Object) -> None:
    cube = bpy.data.objects.new("Cube", bpy.data.meshes.new("Cube"))
    bpy.context.scene.collection.objects.link(cube)
    cube.keyframe_insert("location", frame=1)
    cube.location.x = 3.0
    rig = families.unity()
    retarget(source, rig)
    assert cube.location.x == 3.0
    head = rig.pose.bones["LeftLowerArm"].matrix.translation
    bpy.context.scene.frame_set(bpy.context.scene.frame_current)
    assert (rig.pose.bones["LeftLowerArm"].matrix.translation - head).length < 1e-6, "the rig shows the present frame"


def test_locked_channels_and_hidden_bones_are_keyed_as_others(source: bpy.types.Object, motion: Motion) -> None:
    rig = families.unity()
    for bone in rig.pose.bones:
        bone.lock_location = bone.lock_rotation = (True, True, True)
        bone.lock_rotation_w = True
        (bone if hasattr(bone, "hide") else bone.bone).hide = True  # the pose bone's own since Blender 5.0
    hidden = rig.data.collections.new("Hidden")
    hidden.is_visible = False
    for bone in rig.data.bones:
        hidden.assign(bone)
    retarget(source, rig)
    assert measure(source, rig, map_of(rig), motion).limb_degrees < 5


def test_two_objects_with_one_armature_play_their_own_motions(source: bpy.types.Object, body: Body) -> None:
    first = families.unity("First")
    second = bpy.data.objects.new("Second", first.data)
    bpy.context.scene.collection.objects.link(second)
    other = build_scene([slow_motion(body, 2 * COUNT)], body)[0]
    retarget(source, first)
    before = key_values(first)
    retarget(other, second)
    np.testing.assert_array_equal(key_values(first), before)
    assert key_values(second).shape[1] == 2 * COUNT


@pytest.mark.parametrize("family", ["Unity", "Rigify"])
def test_a_character_of_a_library(family: str, motion: Motion, body: Body, tmp_path: Path) -> None:
    """Refused while it is linked alone; a library override is keyed."""
    rig = rigify("Hero") if family == "Rigify" else families.with_skin(families.unity("Hero"))
    collection = bpy.data.collections.new("Character")
    for one in (rig, *rig.children):
        collection.objects.link(one)
    path = tmp_path / "hero.blend"
    bpy.data.libraries.write(str(path), {collection})
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    source = build_scene([motion], body)[0]
    with bpy.data.libraries.load(str(path), link=True) as (_, wanted):
        wanted.collections = ["Character"]
    linked = wanted.collections[0]
    bpy.context.scene.collection.children.link(linked)
    hero = linked.objects["Hero"]
    with pytest.raises(PoseNet3DError, match="linked from another file; make a library override"):
        retarget(source, hero)
    linked.override_hierarchy_create(bpy.context.scene, bpy.context.view_layer, do_fully_editable=True)
    hero = next(one for one in bpy.context.scene.objects if one.type == "ARMATURE" and one.override_library)
    retarget(source, hero)
    assert measure(source, hero, map_of(hero), motion).limb_degrees < 5
