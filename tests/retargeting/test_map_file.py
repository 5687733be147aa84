"""Bone maps as files: read back as written, and refused in one line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from posenet3d_blender.errors import PoseNet3DError
from posenet3d_blender.retargeting.bone_map import BoneMap, Control, RigProperty
from posenet3d_blender.retargeting.map_file import load_map, map_to_json, save_map
from posenet3d_blender.retargeting.roles import REQUIRED_ROLES

BONES = {role: f"bone {role}" for role in REQUIRED_ROLES}
SPINE = {"spine": ["s1", "s2"], "left_index1": "finger a"}
WHOLE = BoneMap(
    name="Robot",
    bones=BONES,
    spine=("s1", "s2"),
    neck=("n",),
    root="ground",
    controls=(Control("torso", rotation="bone pelvis", location="s1"), Control("knee_pole", pole="left_hip")),
    properties=(RigProperty("leg", "IK_FK", 1.0),),
    neutral=("chest",),
    rotation_modes={"torso": "ZXY"},
    fingers={"left_index1": "finger a", "right_thumb3": "finger b"},
    finger_controls={"left_index1": "curl"},
)


def test_a_map_comes_back_as_it_was(tmp_path: Path) -> None:
    save_map(WHOLE, tmp_path / "robot.json")
    assert load_map(tmp_path / "robot.json") == WHOLE


def test_a_map_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    path = tmp_path / "robot.json"
    path.write_text(json.dumps(map_to_json(WHOLE)), encoding="utf-8-sig")
    assert load_map(path) == WHOLE


def changed(change: dict[str, Any]) -> dict[str, Any]:
    return map_to_json(WHOLE) | change


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "not valid JSON"),
        ("[]", "the file must be a JSON object"),
        ("{}", "not a bone map: 'format'"),
        (changed({"version": 2}), "'version' is 2"),
        (changed({"bone": {}}), "the unknown key 'bone'"),
        (changed({"bones": {"pelvis": "hips"}}), "'bones' lacks left_shoulder"),
        (changed({"bones": BONES | {"tail": "x"}}), "the unknown key 'tail'"),
        (changed({"bones": BONES | {"head": 3}}), "'bones.head' must be the name of a bone"),
        (changed({"bones": BONES | {"spine": "s"}}), "'bones.spine' must be a list"),
        (changed({"bones": BONES | SPINE | {"neck": ["bone head"]}}), "bone head plays two roles, head and neck"),
        (changed({"bones": BONES | SPINE | {"root": "s1"}}), "s1 plays two roles, root and spine"),
        (changed({"controls": [{"bone": "torso"}]}), "needs 'bone' and one of"),
        (changed({"controls": [{"bone": "pole", "pole": "left_ear"}]}), "'controls.pole' is 'left_ear'"),
        (changed({"properties": [{"bone": "a", "property": "b", "value": "c"}]}), "must be a number"),
        (changed({"bones": BONES | {"left_toe1": "x"}}), "the unknown key 'left_toe1'"),
        (changed({"bones": BONES | SPINE | {"left_index1": "bone head"}}), "plays two roles, head and left_index1"),
        (changed({"controls": [{"bone": "torso", "rotation": "chest"}]}), "torso follows chest, which has no role"),
        (changed({"controls": [{"bone": "torso", "location": "chest"}]}), "torso follows chest, which has no role"),
        (
            changed({"controls": [{"bone": "roll", "rotation": "bone left_elbow", "twist": "finger a"}]}),
            "the control roll follows finger a, which has no role",
        ),
        (
            changed({"controls": [{"bone": "torso", "location": "bone left_elbow"}] * 2}),
            "the control torso is listed twice",
        ),
        (changed({"finger_controls": {"left_ring2": "x"}}), "has the unknown key 'left_ring2'"),
        (changed({"rotation_modes": {"torso": "ABC"}}), "'rotation_modes.torso' is 'ABC'"),
    ],
)
def test_a_wrong_map_is_refused_in_one_line(content: str | dict[str, Any], message: str, tmp_path: Path) -> None:
    path = tmp_path / "wrong.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    with pytest.raises(PoseNet3DError) as refused:
        load_map(path)
    assert message in str(refused.value)
    assert str(refused.value).startswith(str(path))
    assert "\n" not in str(refused.value)


def test_a_map_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(PoseNet3DError, match=r"none\.json: can't be read"):
        load_map(tmp_path / "none.json")
