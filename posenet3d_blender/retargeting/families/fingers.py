"""Names of finger bones by family; in rigs of no family they are found by words, from the hand outwards."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final, TypeAlias

from ...body.fingers import FINGERS
from ..bone_map import BoneMap
from ..rig import Rig
from ..roles import SIDES

FingerNames: TypeAlias = Callable[[Rig, str, str, str, int], tuple[str, ...]]
"""Names of a finger bone, the likeliest first, by rig, hand's bone, side, finger and number from 1."""

_PHALANGES: Final = ("Proximal", "Intermediate", "Distal")
_THUMB: Final = ("Metacarpal", "Proximal", "Distal")
"""Of VRM 1.0; in Unity and VRM 0 the thumb's bones are named like the other fingers'."""
_LITTLE: Final = {"pinky": "Little"}
_MID: Final = {"middle": "Mid"}
_MAKEHUMAN: Final = {"thumb": 1, "index": 2, "middle": 3, "ring": 4, "pinky": 5}
_WORDS: Final = {
    "thumb": ("thumb",),
    "index": ("index", "pointer"),
    "middle": ("middle", "mid"),
    "pinky": ("pinky", "pinkie", "little"),
    "ring": ("ring",),
}
_SKIPPED: Final = re.compile(
    r"meta|carpal|palm|twist|roll|ik|pole|target|ctrl|control|mch|helper|tweak|end$|nub$|tip$", re.IGNORECASE
)
_ORG: Final = "ORG-"


def with_fingers(bone_map: BoneMap, rig: Rig) -> BoneMap:
    """The map with the finger bones that the rig has, and in rigs with controls the controls that move them."""
    find_names = _NAMES.get(bone_map.name)
    fingers = _named(rig, bone_map, find_names) if find_names else {}
    fingers = fingers or _guessed(rig, bone_map)
    controls = {role: _control_of(bone) for role, bone in fingers.items() if _control_of(bone) in rig.index}
    masters = [_master_of(bone) for bone in fingers.values()]
    neutral = (*bone_map.neutral, *(bone for bone in dict.fromkeys(masters) if bone in rig.index))
    return replace(bone_map, fingers=fingers, finger_controls=controls, neutral=neutral)


def _named(rig: Rig, bone_map: BoneMap, find_names: FingerNames) -> dict[str, str]:
    found = {}
    for side in SIDES:
        hand = bone_map.bones[f"{side}_wrist"]
        for finger in FINGERS:
            for number in (1, 2, 3):
                names = find_names(rig, hand, side, finger, number)
                bone = next((name for name in names if name in rig.index), None)
                if bone:
                    found[f"{side}_{finger}{number}"] = bone
    return found


def _guessed(rig: Rig, bone_map: BoneMap) -> dict[str, str]:
    """Bones below a hand by the finger's word in their names, at most three of a finger, from the hand outwards."""
    found: dict[str, str] = {}
    for side in SIDES:
        hand = bone_map.bones[f"{side}_wrist"]
        below = [name for name in rig.names if hand in rig.ancestors(name) and not _SKIPPED.search(name)]
        for finger, words in _WORDS.items():
            own = [name for name in below if any(word in name.lower() for word in words)]
            own = [name for name in own if name not in found.values()]
            own.sort(key=lambda name: len(rig.ancestors(name)))
            chain = [name for name in own if name in (own[-1], *rig.ancestors(own[-1]))]
            found |= {f"{side}_{finger}{number}": name for number, name in enumerate(chain[:3], start=1)}
    return found


def _control_of(bone: str) -> str:
    """Name of the control that moves a finger bone in Rigify's and Auto-Rig Pro's rigs."""
    return bone.removeprefix(_ORG) if bone.startswith(_ORG) else f"c_{bone}"


def _master_of(bone: str) -> str:
    """Name of Rigify's control that curls a whole finger, such as f_index.01_master.L."""
    name, _, side = bone.removeprefix(_ORG).rpartition(".")
    return f"{name}_master.{side}" if bone.startswith(_ORG) and name.endswith("01") else ""


def _smpl(_rig: Rig, _hand: str, side: str, finger: str, number: int) -> tuple[str, ...]:
    return (f"{side}_{finger}{number}",)


def _mixamo(_rig: Rig, hand: str, _side: str, finger: str, number: int) -> tuple[str, ...]:
    return (f"{hand}{finger.title()}{number}",)


def _unreal(_rig: Rig, _hand: str, side: str, finger: str, number: int) -> tuple[str, ...]:
    return (f"{finger}_0{number}_{side[0]}",)


def _unity(rig: Rig, _hand: str, side: str, finger: str, number: int) -> tuple[str, ...]:
    return _humanoid(rig, side.title(), finger, number)


def _vrm(rig: Rig, _hand: str, side: str, finger: str, number: int) -> tuple[str, ...]:
    word = _LITTLE.get(finger, finger.title())
    return (f"J_Bip_{side[0].upper()}_{word}{number}", *_humanoid(rig, side, finger, number))


def _humanoid(rig: Rig, side: str, finger: str, number: int) -> tuple[str, ...]:
    """Names of Unity's and VRM's humanoids, and of rigs that say pinky instead of little."""
    has_metacarpal = f"{side}ThumbMetacarpal" in rig.index
    parts = _THUMB if finger == "thumb" and has_metacarpal else _PHALANGES
    words = dict.fromkeys((_LITTLE.get(finger, finger.title()), finger.title()))
    return tuple(f"{side}{word}{parts[number - 1]}" for word in words)


def _makehuman(_rig: Rig, _hand: str, side: str, finger: str, number: int) -> tuple[str, ...]:
    return (f"finger{_MAKEHUMAN[finger]}-{number}.{side[0].upper()}",)


def _rigify(rig: Rig, hand: str, side: str, finger: str, number: int) -> tuple[str, ...]:
    prefix = _ORG if hand.startswith(_ORG) else ""
    return (f"{prefix}{'' if finger == 'thumb' else 'f_'}{finger}.0{number}.{side[0].upper()}",)


def _character_creator(_rig: Rig, _hand: str, side: str, finger: str, number: int) -> tuple[str, ...]:
    return (f"CC_Base_{side[0].upper()}_{_MID.get(finger, finger.title())}{number}",)


def _daz(_rig: Rig, _hand: str, side: str, finger: str, number: int) -> tuple[str, ...]:
    word = _MID.get(finger, finger.title())
    return (f"{side[0]}{word}{number}", f"{side[0]}_{word.lower()}{number}")


def _auto_rig_pro(_rig: Rig, _hand: str, side: str, finger: str, number: int) -> tuple[str, ...]:
    """The first bone of a finger deforms and has a control; the others are controls that deform themselves."""
    return (f"{finger}{number}.{side[0]}", f"c_{finger}{number}.{side[0]}")


_NAMES: Final[Mapping[str, FingerNames]] = {
    "SMPL": _smpl,
    "Mixamo": _mixamo,
    "Unreal": _unreal,
    "Unity": _unity,
    "VRM": _vrm,
    "MakeHuman": _makehuman,
    "Character Creator": _character_creator,
    "DAZ": _daz,
    "Rigify": _rigify,
    "Rigify meta-rig": _rigify,
    "Auto-Rig Pro": _auto_rig_pro,
}
