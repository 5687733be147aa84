"""Fingers on rigs of each family: they point where the source's do, in the frame of the hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import bpy
import numpy as np
import pytest

from posenet3d_blender.arrays import Array
from posenet3d_blender.body.fingers import FINGERS, HAND_JOINT_NAMES, SIDES
from posenet3d_blender.body.hands import rest_hand
from posenet3d_blender.body.model import Body, load_body
from posenet3d_blender.motion import Motion
from posenet3d_blender.retargeting.bone_map import BoneMap
from posenet3d_blender.scene import build_scene
from posenet3d_blender.scene.armature import add_armature
from posenet3d_blender.scene.keys import curves_of
from posenet3d_blender.scene.retarget.retarget import retarget

from .retargeted import slow_motion
from .rigs.controls import auto_rig_pro, unknown
from .rigs.measure import posed_heads
from .rigs.rigify import meta_rig, rigify
from .test_retarget import RIGS, MakeRig, map_of

COUNT = 8
FRAMES = range(1, COUNT + 1)
ALL_RIGS: dict[str, MakeRig] = {
    **RIGS,
    "Rigify meta-rig": lambda: meta_rig(with_fingers=True),
    "Rigify": lambda: rigify(with_fingers=True),
    "SMPL-H": lambda: add_armature("Hero", load_body(), np.ones(10), bpy.context.scene.collection, 45.0, True),
    "Auto-Rig Pro": lambda: auto_rig_pro(with_fingers=True),
    "unknown": lambda: unknown(),
}


@pytest.fixture
def gripping(body: Body) -> Motion:
    """Both hands close, from open to a fist, the left one first; the fingers also spread."""
    motion = slow_motion(body, COUNT)
    hands: dict[str, Any] = {}
    for number, side in enumerate(SIDES):
        hand = rest_hand(body, side, motion.betas)
        share = np.clip(np.linspace(0, 1.5, COUNT) - 0.4 * number, 0, 1)[:, None, None]
        pose = share * hand.flexion_axes
        pose[:, 0::3] += (1 - share) * 0.2 * hand.spread_axes[0::3]
        hands[f"{side}_hand_pose"] = pose.reshape(COUNT, 45)
    return replace(motion, **hands)


@pytest.fixture
def source(body: Body, gripping: Motion) -> bpy.types.Object:
    return build_scene([gripping], body)[0]


def directions(armature: bpy.types.Object, wrists: dict[str, str], fingers: dict[str, str]) -> dict[str, Array]:
    """(T, 3) unit direction of each finger bone but the last, in the frame of wrist and knuckles, by role."""
    names = [*wrists.values(), *fingers.values()]
    heads, _ = posed_heads(armature, names, FRAMES)
    place = {name: heads[:, number] for number, name in enumerate(names)}
    found = {}
    for side in SIDES:
        wrist = place[wrists[side]]
        index, middle, ring, pinky = (
            place[fingers[f"{side}_{name}1"]] for name in ("index", "middle", "ring", "pinky")
        )
        along = unit((index + middle + ring + pinky) / 4 - wrist)
        across = unit(index - pinky - along * ((index - pinky) * along).sum(-1, keepdims=True))
        axes = np.stack([along, across, np.cross(along, across)], axis=-2)
        for finger in FINGERS:
            for number in (1, 2):
                start, end = (place[fingers[f"{side}_{finger}{one}"]] for one in (number, number + 1))
                found[f"{side}_{finger}{number}"] = (axes @ unit(end - start)[..., None])[..., 0]
    return found


def unit(vectors: Array) -> Array:
    result: Array = vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
    return result


def largest_difference(source: bpy.types.Object, rig: bpy.types.Object, bone_map: BoneMap) -> float:
    """Degrees between the directions of the character's fingers and the source's."""
    wanted = directions(source, {side: f"{side}_wrist" for side in SIDES}, {name: name for name in HAND_JOINT_NAMES})
    given = directions(rig, {side: bone_map.bones[f"{side}_wrist"] for side in SIDES}, bone_map.fingers)
    cosines = [(given[role] * wanted[role]).sum(axis=-1).min() for role in wanted]
    return float(np.degrees(np.arccos(np.clip(min(cosines), -1, 1))))


@pytest.mark.parametrize("family", ALL_RIGS)
def test_fingers_point_where_the_sources_do(family: str, source: bpy.types.Object) -> None:
    rig = ALL_RIGS[family]()
    bone_map = map_of(rig)
    assert set(bone_map.fingers) == set(HAND_JOINT_NAMES)
    before = largest_difference(source, rig, bone_map)
    result = retarget(source, rig)
    assert before > 40
    assert largest_difference(source, rig, bone_map) < 3
    assert not [warning for warning in result.warnings if "muted" in warning]


def test_rigifys_deforming_fingers_follow_its_controls(source: bpy.types.Object) -> None:
    rig = ALL_RIGS["Rigify"]()
    bone_map = map_of(rig)
    retarget(source, rig)
    keyed = {curve.data_path.split('"')[1] for curve in curves_of(rig)}
    assert {"f_index.01.L", "f_pinky.03.R", "thumb.02.L"} <= keyed
    assert not [name for name in keyed if name.startswith(("ORG-", "DEF-", "MCH-"))]
    deforming = {role: bone.replace("ORG-", "DEF-") for role, bone in bone_map.fingers.items()}
    assert largest_difference(source, rig, replace(bone_map, fingers=deforming)) < 5


def test_controls_of_auto_rig_pros_fingers_are_keyed(source: bpy.types.Object) -> None:
    rig = ALL_RIGS["Auto-Rig Pro"]()
    bone_map = map_of(rig)
    assert [bone_map.fingers[f"left_index{number}"] for number in (1, 2, 3)] == ["index1.l", "c_index2.l", "c_index3.l"]
    retarget(source, rig)
    keyed = {curve.data_path.split('"')[1] for curve in curves_of(rig)}
    assert {f"c_{finger}{number}.{side}" for finger in FINGERS for number in (1, 2, 3) for side in "lr"} <= keyed
    assert not [name for name in keyed if "_base" in name or name.startswith(FINGERS)]


def test_bones_of_the_palm_rest(source: bpy.types.Object) -> None:
    rig = RIGS["Unreal 5"]()
    retarget(source, rig)
    keyed = {curve.data_path.split('"')[1] for curve in curves_of(rig)}
    assert "index_01_l" in keyed
    assert not [name for name in keyed if "metacarpal" in name]


def test_a_motion_without_fingers_keys_none(body: Body) -> None:
    source = build_scene([slow_motion(body, 4)], body)[0]
    rig = RIGS["Mixamo"]()
    retarget(source, rig)
    keyed = {curve.data_path.split('"')[1] for curve in curves_of(rig)}
    assert "mixamorig:LeftHand" in keyed
    assert not keyed & set(map_of(rig).fingers.values())


def test_a_character_with_few_fingers_gets_those(source: bpy.types.Object) -> None:
    """A cartoon hand: thumb, index and middle finger, of two bones each."""
    rig = RIGS["Unity"]()
    bpy.context.view_layer.objects.active = rig
    bpy.ops.object.mode_set(mode="EDIT")
    for bone in list(rig.data.edit_bones):
        if any(word in bone.name for word in ("Ring", "Little", "Distal")):
            rig.data.edit_bones.remove(bone)
    bpy.ops.object.mode_set(mode="OBJECT")
    bone_map = map_of(rig)
    assert len(bone_map.fingers) == 12
    retarget(source, rig)
    keyed = {curve.data_path.split('"')[1] for curve in curves_of(rig)}
    assert set(bone_map.fingers.values()) <= keyed
