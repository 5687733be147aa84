"""The file of a bone map: JSON that people can read, change and share."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any, Final, TypeVar

from ..atomic_write import writing
from ..body.fingers import HAND_JOINT_NAMES
from ..errors import PoseNet3DError, one_line
from .bone_map import BoneMap, Control, RigProperty
from .roles import CHAIN_ROLES, LIMB_STARTS, REQUIRED_ROLES, ROOT_ROLE, SINGLE_ROLES

FORMAT: Final = "posenet3d-bone-map"
VERSION: Final = 1
ROTATION_MODES: Final = ("QUATERNION", "AXIS_ANGLE", "XYZ", "XZY", "YXZ", "YZX", "ZXY", "ZYX")
_ADVICE: Final = "save one from the Character panel to see how it should look"
_KEYS: Final = {
    *("format", "version", "name", "bones", "controls", "properties", "neutral", "rotation_modes", "finger_controls")
}
_Value = TypeVar("_Value")
_Json = dict[str, Any]


class _Invalid(Exception):  # noqa: N818 - an answer of the parser, which becomes a PoseNet3DError
    pass


def save_map(bone_map: BoneMap, path: Path) -> None:
    """Write the map atomically.

    Raises:
        PoseNet3DError: the file can't be written.
    """
    with writing(path) as partial:
        partial.write_text(json.dumps(map_to_json(bone_map), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def load_map(path: Path) -> BoneMap:
    """Read a map.

    Raises:
        PoseNet3DError: the file can't be read or is no bone map; one line with the key at fault.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")  # Windows' editors begin files with a byte-order mark
    except OSError as error:
        raise PoseNet3DError(f"{path}: can't be read ({error.strerror or error}); check the name of the map") from error
    except ValueError as error:
        raise PoseNet3DError(f"{path}: not a text file; {_ADVICE}") from error
    return map_from_text(text, str(path))


def map_from_text(text: str, place: str) -> BoneMap:
    """Read a map from JSON; `place` names it in errors.

    Raises:
        PoseNet3DError: the text is no bone map.
    """
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise PoseNet3DError(f"{place}: not valid JSON ({one_line(str(error))}); {_ADVICE}") from error
    try:
        return map_from_json(content)
    except _Invalid as error:
        raise PoseNet3DError(f"{place}: {error}; {_ADVICE}") from error


def map_to_json(bone_map: BoneMap) -> _Json:
    """Plain values of a map, as its file holds them; empty parts are left out."""
    bones: _Json = {ROOT_ROLE: bone_map.root} if bone_map.root else {}
    bones |= {role: bone_map.bones[role] for role in SINGLE_ROLES if role in bone_map.bones}
    bones |= {role: bone_map.fingers[role] for role in HAND_JOINT_NAMES if role in bone_map.fingers}
    bones |= {role: list(chain) for role, chain in (("spine", bone_map.spine), ("neck", bone_map.neck)) if chain}
    parts: _Json = {
        "bones": bones,
        "controls": [
            {key: value for key, value in vars(control).items() if value is not None} for control in bone_map.controls
        ],
        "properties": [{"bone": each.bone, "property": each.name, "value": each.value} for each in bone_map.properties],
        "neutral": list(bone_map.neutral),
        "rotation_modes": dict(bone_map.rotation_modes),
        "finger_controls": dict(bone_map.finger_controls),
    }
    head: _Json = {"format": FORMAT, "version": VERSION, "name": bone_map.name}
    return head | {key: value for key, value in parts.items() if value}


def map_from_json(content: object) -> BoneMap:
    """The map of these plain values; raises `_Invalid` with what is wrong."""
    whole = _typed(content, dict, "the file")
    if whole.get("format") != FORMAT:
        raise _Invalid(f"not a bone map: 'format' must be \"{FORMAT}\"")
    if whole.get("version") != VERSION:
        raise _Invalid(f"'version' is {whole.get('version')!r}; this add-on reads {VERSION}")
    _check_keys(whole, _KEYS, "the map")
    bones = _typed(whole.get("bones"), dict, "'bones'")
    _check_keys(bones, {*SINGLE_ROLES, *CHAIN_ROLES, ROOT_ROLE, *HAND_JOINT_NAMES}, "'bones'")
    singles = {role: _name(bones[role], f"'bones.{role}'") for role in SINGLE_ROLES if role in bones}
    missing = [role for role in REQUIRED_ROLES if role not in singles]
    if missing:
        raise _Invalid(f"'bones' lacks {', '.join(missing)}")
    spine, neck = (_names(bones.get(role, []), f"'bones.{role}'") for role in CHAIN_ROLES)
    fingers = {role: _name(bones[role], f"'bones.{role}'") for role in HAND_JOINT_NAMES if role in bones}
    bone_map = BoneMap(
        name=_name(whole.get("name", "own map"), "'name'"),
        bones=singles,
        spine=spine,
        neck=neck,
        root=_name(bones[ROOT_ROLE], "'bones.root'") if ROOT_ROLE in bones else None,
        controls=tuple(_control(one) for one in _typed(whole.get("controls", []), list, "'controls'")),
        properties=tuple(_property(one) for one in _typed(whole.get("properties", []), list, "'properties'")),
        neutral=_names(whole.get("neutral", []), "'neutral'"),
        rotation_modes=_choices(whole.get("rotation_modes", {}), ROTATION_MODES, "rotation_modes"),
        fingers=fingers,
        finger_controls=_finger_controls(whole.get("finger_controls", {}), fingers),
    )
    if bone_map.fault:
        raise _Invalid(bone_map.fault)
    return bone_map


def _control(value: object) -> Control:
    entry = _typed(value, dict, "an entry of 'controls'")
    _check_keys(entry, {"bone", "rotation", "location", "pole", "twist", "share"}, "an entry of 'controls'")
    names = {key: _name(each, f"'controls.{key}'") for key, each in entry.items() if key != "share"}
    if "bone" not in names or not names.keys() & {"rotation", "location", "pole"}:
        raise _Invalid("an entry of 'controls' needs 'bone' and one of 'rotation', 'location', 'pole'")
    if "twist" in names and "rotation" not in names:
        raise _Invalid("an entry of 'controls' with 'twist' needs 'rotation', the bone of the limb")
    share = entry.get("share")
    if share is not None and not (isinstance(share, int | float) and 0 <= share <= 1):
        raise _Invalid(f"'controls.share' is {share!r}, must be a number from 0 to 1")
    if names.get("pole", LIMB_STARTS[0]) not in LIMB_STARTS:
        raise _Invalid(f"'controls.pole' is {names['pole']!r}, must be one of {', '.join(LIMB_STARTS)}")
    return Control(**names, share=share)


def _finger_controls(value: object, fingers: _Json) -> dict[str, str]:
    table = _typed(value, dict, "'finger_controls'")
    _check_keys(table, set(fingers), "'finger_controls', beside the fingers of 'bones',")
    return {role: _name(bone, f"'finger_controls.{role}'") for role, bone in table.items()}


def _property(value: object) -> RigProperty:
    entry = _typed(value, dict, "an entry of 'properties'")
    _check_keys(entry, {"bone", "property", "value"}, "an entry of 'properties'")
    number = entry.get("value")
    if not isinstance(number, int | float):
        raise _Invalid("'properties.value' must be a number")
    bone, name = (_name(entry.get(key), f"'properties.{key}'") for key in ("bone", "property"))
    return RigProperty(bone, name, float(number))


def _choices(value: object, allowed: tuple[str, ...], key: str) -> dict[str, str]:
    table = _typed(value, dict, f"'{key}'")
    for bone, choice in table.items():
        if choice not in allowed:
            raise _Invalid(f"'{key}.{bone}' is {choice!r}, must be one of {', '.join(allowed)}")
    return table


def _names(value: object, key: str) -> tuple[str, ...]:
    return tuple(_name(one, key) for one in _typed(value, list, key))


def _name(value: object, key: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise _Invalid(f"{key} must be the name of a bone" if key != "'name'" else "'name' must be a string")
    return value


def _typed(value: object, kind: type[_Value], key: str) -> _Value:
    if not isinstance(value, kind):
        raise _Invalid(f"{key} must be {'a list' if kind is list else 'a JSON object'}")
    return value


def _check_keys(table: _Json, known: Collection[str], place: str) -> None:
    unknown = [key for key in table if key not in known]
    if unknown:
        raise _Invalid(f"{place} has the unknown key {unknown[0]!r}")
