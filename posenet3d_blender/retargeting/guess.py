"""Guess of the bones of an unknown rig by words in their names, the side that they are on, and the hierarchy."""

from __future__ import annotations

import re
from os.path import commonprefix
from typing import Final

import numpy as np

from .bone_map import BoneMap
from .families.chains import find_chains
from .rig import Rig
from .roles import SIDES

_WORDS: Final = {
    # by part: words in the order of trust; the first that some bone has counts
    "hip": ("thigh", "upleg", "upperleg", "femur", "hip", "leg"),
    "knee": ("shin", "calf", "lowerleg", "lowleg", "foreleg", "knee", "tibia", "leg"),
    "ankle": ("foot", "ankle", "feet"),
    "foot": ("toebase", "toes", "toe", "ball"),
    "collar": ("clavicle", "collar", "shoulder"),
    "shoulder": ("upperarm", "uparm", "humerus", "bicep", "arm", "shoulder"),
    "elbow": ("forearm", "lowerarm", "lowarm", "elbow", "arm"),
    "wrist": ("hand", "wrist", "palm"),
}
_PELVIS_WORDS: Final = ("hips", "pelvis", "hip", "cog", "torso", "root", "spine")
_HEAD_WORDS: Final = ("head", "skull")
_SKIPPED: Final = re.compile(r"twist|roll|ik|pole|target|ctrl|control|mch|helper|end$|nub$|tip$|_end|top")
_SIDE: Final = re.compile(r"(?:^|[^a-z])(left|right|l|r)(?=$|[^a-z])|^(left|right)|(left|right)\d*$")


def guess_map(rig: Rig) -> BoneMap:
    """The likely map of a rig; roles that nothing was found for are missing in it."""
    # Without what all names begin with: a character's own name may hold any word.
    beginning = commonprefix(rig.names)  # noqa: RUF071 - of characters, these are no paths
    shared = re.match(r".*[^a-zA-Z]", beginning) if len(rig.names) > 1 else None
    words = {name: _letters(name.removeprefix(shared[0] if shared else "")) for name in rig.names}
    usable = [name for name in rig.names if not _SKIPPED.search(words[name])]
    bones: dict[str, str] = {}
    for side in SIDES:
        of_side = [name for name in usable if _side(name) == side]
        for part, first in (("hip", "knee"), ("shoulder", "elbow")):
            ends = {"hip": "ankle", "shoulder": "wrist"}
            bones |= _limb(rig, words, of_side, side, (part, first, ends[part]))
        for part in ("collar", "foot"):
            found = _first(words, of_side, _WORDS[part], set(bones.values()))
            if found:
                bones[f"{side}_{part}"] = found
    unsided = [name for name in usable if not _side(name)]
    head = _first(words, unsided, _HEAD_WORDS, set())
    if head:
        bones["head"] = head
    pelvis = _pelvis(rig, words, unsided, bones)
    if pelvis:
        bones["pelvis"] = pelvis
    bones = _in_hierarchy(rig, bones)
    chains = find_chains(rig, bones) if {"pelvis", "head", "left_shoulder"} <= set(bones) else ((), ())
    return BoneMap("guessed", bones, *chains)


def _limb(rig: Rig, words: dict[str, str], names: list[str], side: str, parts: tuple[str, str, str]) -> dict[str, str]:
    """Upper, lower and end bone: the end by its name, the others by name among its ancestors, else its parents."""
    end = _first(words, names, _WORDS[parts[2]], set())
    if not end:
        return {}
    above = [name for name in rig.ancestors(end) if name in names]
    found = {f"{side}_{parts[2]}": end}
    lower = _first(words, above, _WORDS[parts[1]][:-1], set()) or (above[0] if above else None)
    if lower:
        found[f"{side}_{parts[1]}"] = lower
        higher = [name for name in rig.ancestors(lower) if name in above]
        upper = _first(words, higher, _WORDS[parts[0]], set()) or (higher[0] if higher else None)
        if upper:
            found[f"{side}_{parts[0]}"] = upper
    return found


def _pelvis(rig: Rig, words: dict[str, str], names: list[str], bones: dict[str, str]) -> str | None:
    """The nearest bone above both thighs, else by name."""
    thighs = [bones[role] for role in ("left_hip", "right_hip") if role in bones]
    if len(thighs) == 2:
        shared = [name for name in rig.ancestors(thighs[0]) if name in rig.ancestors(thighs[1])]
        if shared and np.linalg.norm(rig.head(shared[0]) - rig.head(thighs[0])) < _farthest_pelvis(rig, bones):
            return shared[0]
    return _first(words, names, _PELVIS_WORDS, set())


def _farthest_pelvis(rig: Rig, bones: dict[str, str]) -> float:
    """Distance from a hip within which the pelvis is sought, a part of the leg; infinity without an ankle."""
    if "left_ankle" not in bones:
        return float("inf")
    return float(np.linalg.norm(rig.head(bones["left_hip"]) - rig.head(bones["left_ankle"]))) * 0.6


def _in_hierarchy(rig: Rig, bones: dict[str, str]) -> dict[str, str]:
    """Without clavicles that carry no arm and toes that no foot carries."""
    kept = dict(bones)
    for side in SIDES:
        pairs = (
            (f"{side}_collar", f"{side}_collar", f"{side}_shoulder"),
            (f"{side}_foot", f"{side}_ankle", f"{side}_foot"),
        )
        for role, upper, lower in pairs:
            if role in bones and (
                upper not in bones or lower not in bones or bones[upper] not in rig.ancestors(bones[lower])
            ):
                kept.pop(role, None)
    return kept


def _first(words: dict[str, str], names: list[str], wanted: tuple[str, ...], taken: set[str]) -> str | None:
    """The bone with the most trusted word; of several the one with the shortest name."""
    for word in wanted:
        matching = [name for name in names if word in words[name] and name not in taken]
        if matching:
            return min(matching, key=lambda name: (len(words[name]), names.index(name)))
    return None


def _letters(name: str) -> str:
    """Small letters of a name without separators, digits, prefix before a colon, and sides."""
    spaced = re.sub(r"([a-z])([A-Z])", r"\1 \2", name.rpartition(":")[2]).lower()
    spaced = re.sub(r"\b(left|right|l|r)\b", " ", re.sub(r"[^a-z]+", " ", spaced))
    return spaced.replace(" ", "")


def _side(name: str) -> str:
    spaced = re.sub(r"([a-z])([A-Z])", r"\1 \2", name.rpartition(":")[2]).lower()
    match = _SIDE.search(re.sub(r"[^a-z]+", " ", spaced).strip())
    if not match:
        return ""
    return "left" if next(filter(None, match.groups())).startswith("l") else "right"
