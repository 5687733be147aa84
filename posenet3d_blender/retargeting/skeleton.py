"""The mapped skeleton of a character: its bones in the order of the body, with rest positions in the body frame."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..arrays import Array
from .body_frame import BodyFrame, find_body_frame
from .bone_map import BoneMap
from .rig import Rig
from .roles import SIDES
from .vectors import rotate


@dataclass(frozen=True)
class Skeleton:
    """Mapped bones, parents first: pelvis, spine, neck, head, arms, legs."""

    bones: tuple[str, ...]
    roles: tuple[str, ...]
    """Role of each bone; of chains spine/0 and so on."""
    parents: tuple[int, ...]
    heads: Array
    """(B, 3) at rest, body frame, the armature's units."""
    frame: BodyFrame

    @cached_property
    def of_role(self) -> dict[str, int]:
        """Index of each bone by its role."""
        return {role: index for index, role in enumerate(self.roles)}

    def length(self, prefix: str) -> int:
        """Number of bones in the chain spine or neck."""
        return sum(role.startswith(f"{prefix}/") for role in self.roles)

    def positions(self, rotations: Array, pelvis: Array) -> Array:
        """(T, B, 3) heads of the bones turned from rest by (T, B, 3, 3), the pelvis's head at (T, 3)."""
        positions = np.empty((len(rotations), len(self.bones), 3))
        positions[:, 0] = pelvis
        for bone in range(1, len(self.bones)):
            positions[:, bone] = self.place(bone, rotations, positions)
        return positions

    def place(self, bone: int, rotations: Array, positions: Array) -> Array:
        """(T, 3) head of a bone that its parent carries."""
        parent = self.parents[bone]
        placed: Array = positions[:, parent] + rotate(rotations[:, parent], self.heads[bone] - self.heads[parent])
        return placed


def find_skeleton(rig: Rig, bone_map: BoneMap) -> Skeleton:
    """Order the mapped bones and find each one's parent among them, by the rig's hierarchy, else by the body's."""
    ordered = {"pelvis": bone_map.bones["pelvis"]}
    ordered |= {f"spine/{number}": bone for number, bone in enumerate(bone_map.spine)}
    ordered |= {f"neck/{number}": bone for number, bone in enumerate(bone_map.neck)}
    rest = ["head"]
    for side in SIDES:
        rest += [f"{side}_{part}" for part in ("collar", "shoulder", "elbow", "wrist", "hip", "knee", "ankle", "foot")]
    ordered |= {role: bone_map.bones[role] for role in rest if role in bone_map.bones}
    roles, bones = tuple(ordered), tuple(ordered.values())
    frame = find_body_frame(rig, bone_map)
    parents = [-1]
    for number, (role, bone) in enumerate(ordered.items()):
        if number == 0:
            continue
        ancestor = rig.nearest_ancestor(bone, bones[:number])
        parents.append(bones.index(ancestor) if ancestor else roles.index(_parent_role(role, roles)))
    heads = frame.to_body(np.array([rig.head(bone) for bone in bones]))
    return Skeleton(bones, roles, tuple(parents), heads, frame)


def _parent_role(role: str, roles: tuple[str, ...]) -> str:
    """The role that carries this one in a body; of those that the rig lacks the next above."""
    chain, _, number = role.partition("/")
    if number and int(number) > 0:
        return f"{chain}/{int(number) - 1}"
    trunk = ["pelvis", *(one for one in roles if one.startswith("spine/"))]
    if chain == "spine":
        return "pelvis"
    if chain == "neck":
        return trunk[-1]
    if role == "head":
        return [*trunk, *(one for one in roles if one.startswith("neck/"))][-1]
    side, _, part = role.partition("_")
    above = {"collar": trunk[-1], "shoulder": f"{side}_collar", "elbow": f"{side}_shoulder", "wrist": f"{side}_elbow"}
    above |= {"hip": "pelvis", "knee": f"{side}_hip", "ankle": f"{side}_knee", "foot": f"{side}_ankle"}
    return above[part] if above[part] in roles else trunk[-1]
