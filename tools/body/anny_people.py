"""Anny's people at rest, with SMPL's joints and skin weights, in SMPL's stance.

Anny's frame is Z up and faces -Y; ours is SMPL's: Y up, +Z front, +X left, metres.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Final

import anny
import numpy as np
import torch
from numpy.typing import NDArray

from posenet3d_blender.arrays import Array
from posenet3d_blender.body.skeleton import JOINT_COUNT, JOINT_INDEX, JOINT_NAMES, PARENTS

AVERAGE: Final = {"age": 0.7, "height": 0.40, "gender": 0.5, "muscle": 0.5, "weight": 0.5, "proportions": 0.5}
"""Anny's phenotypes of a grown person between woman and man."""
LEG_DIRECTION: Final = np.array([0.055, -1.0, -0.02])
"""From hip to ankle on the left side."""

_SPINE_BONES: Final = {
    "pelvis": ("root", "spine04", "spine04", "spine04"),
    "spine1": ("spine03",),
    "spine2": ("spine02",),
    "spine3": ("spine01",),
    "neck": ("neck01",),
    "head": ("head",),
}
_SIDE_BONES: Final = {
    "hip": ("upperleg01",),
    "knee": ("lowerleg01",),
    "ankle": ("foot",),
    "foot": tuple(f"toe{toe}-1" for toe in (1, 2, 3, 4, 5)),
    "collar": ("clavicle",),
    "shoulder": ("upperarm01",),
    "elbow": ("lowerarm01",),
    "wrist": ("wrist",),
    "hand": tuple(f"finger{finger}-1" for finger in (2, 3, 4, 5)),
}
"""Anny's bones whose heads' mean is the SMPL joint."""

_OWNERS_BY_START: Final = (
    ("root", "pelvis"),
    ("pelvis", "pelvis"),
    ("spine05", "pelvis"),
    ("spine04", "pelvis"),
    ("spine03", "spine1"),
    ("spine02", "spine2"),
    ("spine01", "spine3"),
    ("neck", "neck"),
    ("head", "head"),
    ("eye", "head"),
    ("upperleg", "hip"),
    ("lowerleg", "knee"),
    ("foot", "ankle"),
    ("toe", "foot"),
    ("clavicle", "collar"),
    ("shoulder01", "collar"),
    ("upperarm", "shoulder"),
    ("lowerarm", "elbow"),
    ("wrist", "wrist"),
    ("metacarpal", "wrist"),
    ("finger", "hand"),
)
"""By the start of a bone's name: the SMPL joint that takes over its skin weights."""


def skin_weights(model: anny.Anny) -> Array:
    """(V, 24) Anny's weights, gathered by SMPL joint."""
    owners = np.array([_owner(bone) for bone in model.bone_labels])
    bones, values = model.vertex_bone_indices.numpy(), model.vertex_bone_weights.numpy()
    weights = np.zeros((len(bones), JOINT_COUNT))
    for column in range(bones.shape[1]):
        np.add.at(weights, (np.arange(len(bones)), owners[bones[:, column]]), values[:, column])
    result: Array = weights / weights.sum(axis=1, keepdims=True)
    return result


def rest_person(model: anny.Anny, weights: Array, phenotypes: dict[str, float]) -> tuple[Array, Array]:
    """Vertices (V, 3) and SMPL joints (24, 3) of one person in SMPL's stance, metres; `phenotypes` besides AVERAGE."""
    output = _output(model, phenotypes)
    return _stretch_out(_turned(output["rest_vertices"].numpy()[0]), _joints(model, output), weights)


def rest_fingers(
    model: anny.Anny, phenotypes: dict[str, float], bones: Sequence[str], carriers: NDArray[np.int64]
) -> Array:
    """(N, 3) heads of one person's finger bones in SMPL's stance, from the joints (N,) that carry them, metres."""
    output = _output(model, phenotypes)
    heads = dict(zip(model.bone_labels, output["rest_bone_heads"].numpy()[0], strict=True))
    points, joints = _stretch_out(
        _turned(np.stack([heads[bone] for bone in bones])), _joints(model, output), np.eye(JOINT_COUNT)[carriers]
    )
    result: Array = points - joints[carriers]
    return result


def least_rotation(source: Array, target: Array) -> Array:
    """(3, 3) that turns one direction onto another."""
    source, target = source / np.linalg.norm(source), target / np.linalg.norm(target)
    x, y, z = np.cross(source, target)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    result: Array = np.eye(3) + cross + cross @ cross / (1 + source @ target)
    return result


def _output(model: anny.Anny, phenotypes: dict[str, float]) -> dict[str, torch.Tensor]:
    """Anny's rest pose of one person; `phenotypes` besides AVERAGE."""
    values = {label: torch.tensor([value]) for label, value in (AVERAGE | phenotypes).items()}
    with torch.no_grad():
        result: dict[str, torch.Tensor] = model(
            pose_parameters=torch.eye(4)[None, None].repeat(1, model.bone_count, 1, 1), phenotype_kwargs=values
        )
    return result


def _joints(model: anny.Anny, output: dict[str, torch.Tensor]) -> Array:
    """(24, 3) SMPL joints of Anny's rest pose, in SMPL's axes."""
    heads = dict(zip(model.bone_labels, output["rest_bone_heads"].numpy()[0], strict=True))
    return _turned(np.stack([np.mean([heads[bone] for bone in _bones_of(name)], axis=0) for name in JOINT_NAMES]))


def _turned(points: NDArray[np.float32]) -> Array:
    """(..., 3) from Anny's axes to SMPL's."""
    result: Array = np.stack([points[..., 0], points[..., 2], -points[..., 1]], axis=-1).astype(np.float64)
    return result


def _owner(bone: str) -> int:
    """The SMPL joint that owns one of Anny's bones.

    Raises:
        KeyError: the bone is not known.
    """
    side = {".L": "left_", ".R": "right_"}.get(bone[-2:], "")
    for start, joint in _OWNERS_BY_START:
        if bone.startswith(start):
            return JOINT_INDEX[joint] if joint in JOINT_INDEX else JOINT_INDEX[side + joint]
    raise KeyError(bone)


def _bones_of(joint: str) -> tuple[str, ...]:
    if joint in _SPINE_BONES:
        return _SPINE_BONES[joint]
    side, _, part = joint.partition("_")
    return tuple(f"{bone}.{side[0].upper()}" for bone in _SIDE_BONES[part])


def _stretch_out(vertices: Array, joints: Array, weights: Array) -> tuple[Array, Array]:
    """Turn one person's arms onto the X axis and the legs into SMPL's stance: (V, 3) and (24, 3)."""
    directions = {}
    for side, sign in (("left", 1.0), ("right", -1.0)):
        mirror = np.array([sign, 1.0, 1.0])
        for chain, target in (
            (("shoulder", "elbow", "wrist", "hand"), np.array([sign, 0.0, 0.0])),
            (("hip", "knee", "ankle"), mirror * LEG_DIRECTION),
        ):
            for part, next_part in itertools.pairwise(chain):
                directions[JOINT_INDEX[f"{side}_{part}"]] = (JOINT_INDEX[f"{side}_{next_part}"], target)
    rotations, places = np.tile(np.eye(3), (JOINT_COUNT, 1, 1)), np.array(joints)
    for joint, name in enumerate(JOINT_NAMES):
        parent = PARENTS[joint]
        if parent >= 0:
            places[joint] = places[parent] + rotations[parent] @ (joints[joint] - joints[parent])
        if joint in directions:
            child, target = directions[joint]
            rotations[joint] = least_rotation(joints[child] - joints[joint], target)
        elif parent >= 0 and not name.endswith(("ankle", "foot")):  # feet stay flat on the floor
            rotations[joint] = rotations[parent]
    shifts = places - np.einsum("jab,jb->ja", rotations, joints)
    blended = np.einsum("vj,jab->vab", weights, rotations)
    return np.einsum("vab,vb->va", blended, vertices) + weights @ shifts, places
