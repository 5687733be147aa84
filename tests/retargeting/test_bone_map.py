"""Bone maps: edits of several roles at once, and maps that contradict themselves or the rig."""

from __future__ import annotations

import numpy as np
import pytest

from posenet3d_blender.errors import PoseNet3DError
from posenet3d_blender.retargeting.body_frame import find_body_frame
from posenet3d_blender.retargeting.bone_map import BoneMap, Control
from posenet3d_blender.retargeting.recognise import check_map
from posenet3d_blender.retargeting.rig import Rig
from posenet3d_blender.retargeting.roles import LIMB_ROLES
from posenet3d_blender.retargeting.skeleton import find_skeleton

HEADS = {
    "pelvis": (0.0, 0.0, 1.0),
    "spine": (0.0, 0.0, 1.2),
    "head": (0.0, 0.0, 1.5),
    "shoulder": (0.2, 0.0, 1.4),
    "elbow": (0.45, 0.0, 1.4),
    "wrist": (0.7, 0.0, 1.4),
    "hip": (0.1, 0.0, 0.95),
    "knee": (0.1, -0.01, 0.5),
    "ankle": (0.1, 0.0, 0.1),
}
PLAIN = BoneMap(
    "own", {"pelvis": "pelvis", **{role: role for role in LIMB_ROLES}, "head": "head"}, spine=("spine",), root="ground"
)
TWISTED = PLAIN.with_controls([Control("twist", rotation="left_elbow", twist="left_wrist", share=0.5)])
CONTROLLED = BoneMap(
    "controlled",
    PLAIN.bones,
    controls=(
        Control("torso", rotation="pelvis", location="pelvis"),
        *(Control(f"{role}_fk", rotation=role) for role in LIMB_ROLES),
        *(Control(f"{side}_pole", pole=f"{side}_hip") for side in ("left", "right")),
    ),
)


def standing(**moved: tuple[float, float, float]) -> Rig:
    """A rig whose bones have the names of their roles; some may be put elsewhere."""
    heads = {"ground": (0.0, 0.0, 0.0), **{name: HEADS[name] for name in ("pelvis", "spine", "head")}}
    for role in LIMB_ROLES:
        side, _, part = role.partition("_")
        heads[role] = (HEADS[part][0] * (1 if side == "left" else -1), *HEADS[part][1:])
    places = np.array(list((heads | moved).values()))
    above = {"ground": -1, "pelvis": 0, "spine": 1, "head": 2}
    names = tuple(heads)
    for role in LIMB_ROLES:
        part = role.partition("_")[2]
        above[role] = {"shoulder": 2, "hip": 1}.get(part, names.index(role) - 1)
    axes = np.repeat(np.eye(3)[None], len(names), axis=0)
    return Rig(names, tuple(above[name] for name in names), places, places + np.array([0.0, 0.0, 0.05]), axes)


def keyed(bone_map: BoneMap) -> dict[str, str | None]:
    """The bone that each keyed bone follows."""
    bones = [control.bone for control in bone_map.keyed()]
    assert len(set(bones)) == len(bones), "a bone is keyed twice"
    return {control.bone: control.rotation or control.pole for control in bone_map.keyed()}


SWAPPED_LEGS = {
    f"{side}_{part}": f"{other}_{part}"
    for side, other in (("left", "right"), ("right", "left"))
    for part in ("hip", "knee", "ankle")
}


@pytest.mark.parametrize("chosen", [{"left_hip": "right_hip", "right_hip": "left_hip"}, SWAPPED_LEGS])
def test_bones_that_change_places_are_each_keyed_once(chosen: dict[str, str]) -> None:
    swapped = TWISTED.with_bones(chosen)
    assert swapped.bones == TWISTED.bones | chosen
    assert keyed(swapped) == keyed(TWISTED)


def test_a_control_stays_with_the_bone_that_it_moves_and_takes_over_its_new_role() -> None:
    swapped = CONTROLLED.with_bones(SWAPPED_LEGS)
    expected = keyed(CONTROLLED) | {"left_pole": "right_hip", "right_pole": "left_hip"}
    assert keyed(swapped) == expected


def test_controls_follow_the_bone_that_replaces_theirs() -> None:
    bones = keyed(TWISTED.with_bones({"left_wrist": "hand"}))
    assert bones["hand"] == "hand"
    assert "left_wrist" not in bones
    (twist,) = (one for one in TWISTED.with_bones({"left_wrist": "hand"}).controls if one.twist)
    assert (twist.rotation, twist.twist) == ("left_elbow", "hand")
    assert keyed(CONTROLLED.with_bones({"left_wrist": "hand"}))["left_wrist_fk"] == "hand"


def test_bones_that_all_move_by_one_role_are_keyed() -> None:
    """The thigh's role was given to the bone above it, the shin's to the thigh, the foot's to the shin."""
    moved = TWISTED.with_bones({"left_hip": "socket", "left_knee": "left_hip", "left_ankle": "left_knee"})
    assert keyed(moved).keys() == keyed(TWISTED).keys() - {"left_ankle"} | {"socket"}


def test_a_role_without_bone_loses_its_controls() -> None:
    with_toes = BoneMap("toes", PLAIN.bones | {"left_foot": "toes"}).with_controls([Control("tip", rotation="toes")])
    left = with_toes.with_bones({"left_foot": ""})
    assert "left_foot" not in left.bones
    assert keyed(left).keys() == {*PLAIN.bones.values()}
    assert PLAIN.with_bones({"root": ""}).root is None
    assert PLAIN.with_bones({"root": "floor"}).root == "floor"
    assert PLAIN.with_bones({}) == PLAIN


def test_a_bone_that_gets_a_role_is_keyed_where_the_others_are() -> None:
    assert keyed(TWISTED.with_bones({"left_foot": "toes"}))["toes"] == "toes"
    assert "toes" not in keyed(CONTROLLED.with_bones({"left_foot": "toes"}))


@pytest.mark.parametrize(
    ("chosen", "roles"),
    [
        ({"left_knee": "left_hip"}, "left_hip and left_knee"),
        ({"head": "spine"}, "head and spine"),
        ({"root": "pelvis"}, "pelvis and root"),
    ],
)
def test_a_bone_of_two_roles_is_refused(chosen: dict[str, str], roles: str) -> None:
    (bone,) = chosen.values()
    with pytest.raises(PoseNet3DError, match=rf"^the bone {bone} plays two roles, {roles}; choose another bone"):
        PLAIN.with_bones(chosen)


@pytest.mark.parametrize(
    ("exchanged", "fault"),
    [
        (("left_wrist", "right_wrist"), "the bone right_wrist of left_wrist hangs on right_elbow of right_elbow"),
        (("left_shoulder", "left_elbow"), "the bone left_elbow of left_shoulder hangs on left_shoulder of left_elbow"),
        (("right_knee", "right_ankle"), "the bone right_ankle of right_knee hangs on right_knee of right_ankle"),
    ],
)
def test_bones_that_hang_on_those_of_other_roles_are_refused(exchanged: tuple[str, str], fault: str) -> None:
    first, second = exchanged
    bones = PLAIN.bones | {first: PLAIN.bones[second], second: PLAIN.bones[first]}
    with pytest.raises(PoseNet3DError, match=fault):
        check_map(BoneMap("own", bones), standing())


@pytest.mark.parametrize(
    ("parts", "warning"),
    [
        (("shoulder", "elbow", "wrist"), "left shoulder is on the side of its right hip"),
        (("shoulder", "elbow", "wrist", "hip", "knee", "ankle", "foot"), "feet point backwards"),
    ],
)
def test_limbs_of_exchanged_sides_are_warned_of(parts: tuple[str, ...], warning: str) -> None:
    body, toes = standing(), {"left_toes": (0.1, -0.15, 0.03), "right_toes": (-0.1, -0.15, 0.03)}
    heads, axes = (
        np.concatenate([body.heads, [*toes.values()]]),
        np.repeat(np.eye(3)[None], len(body.names) + 2, axis=0),
    )
    ankles = (body.index["left_ankle"], body.index["right_ankle"])
    rig = Rig((*body.names, *toes), (*body.parents, *ankles), heads, heads + np.array([0.0, 0.0, 0.05]), axes)
    bones = PLAIN.bones | {"left_foot": "left_toes", "right_foot": "right_toes"}
    assert find_body_frame(rig, BoneMap("own", bones)).warnings == ()
    other = {"left": "right", "right": "left"}
    exchanged = {f"{side}_{part}": bones[f"{other[side]}_{part}"] for side in other for part in parts}
    (told,) = find_body_frame(rig, BoneMap("own", bones | exchanged)).warnings
    assert warning in told


def test_a_bone_of_two_roles_is_refused_by_the_check_of_the_rig() -> None:
    rig = standing()
    check_map(PLAIN, rig)
    doubled = BoneMap("own", PLAIN.bones | {"left_knee": "left_hip"})
    with pytest.raises(PoseNet3DError, match=r"the bone left_hip plays two roles, left_hip and left_knee; choose"):
        check_map(doubled, rig)


def test_a_control_that_follows_no_role_is_refused_by_the_check_of_the_rig() -> None:
    follower = BoneMap("own", PLAIN.bones, controls=(Control("pelvis", rotation="spine"),))
    with pytest.raises(PoseNet3DError, match=r"the control pelvis follows spine, which has no role; choose"):
        check_map(follower, standing())


@pytest.mark.parametrize(("upper", "lower"), [("hip", "knee"), ("knee", "ankle")])
def test_a_leg_with_a_bone_of_no_length_is_refused(upper: str, lower: str) -> None:
    find_skeleton(standing(), PLAIN)
    x, y, z = HEADS[upper]
    rig = standing(**{f"right_{lower}": (-x, y, z + 1e-5)})
    with pytest.raises(PoseNet3DError, match=rf"right_{upper} and right_{lower} begin at one place at rest; choose"):
        find_skeleton(rig, PLAIN)
