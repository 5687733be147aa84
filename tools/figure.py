"""A clothed figure in Blender: the shipped body with materials, hair and eyes. Used by tools.

World frame: Blender's, Z up, metres.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import bpy
import numpy as np
from mathutils import Matrix, Vector
from numpy.typing import NDArray

from posenet3d_blender.arrays import Array
from posenet3d_blender.body.kinematics import forward_kinematics, skin
from posenet3d_blender.body.model import Body
from posenet3d_blender.body.skeleton import JOINT_INDEX
from tools.studio import Colour, material

Y_UP_TO_Z_UP: Final = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])
"""Rotation from the body frame to Blender's world, in which the figure faces -Y."""

_PARTS: Final = ("skin", "shirt", "trousers", "shoes", "hair", "lips")
_NOSE_TO_EYE: Final = np.array([0.032, 0.040, -0.030])  # metres at rest, from the nose's tip to the left eyeball


@dataclass(frozen=True)
class Clothes:
    """Linear RGB of each part of the figure."""

    skin: Colour = (0.55, 0.32, 0.22)
    shirt: Colour = (0.08, 0.22, 0.45)
    trousers: Colour = (0.03, 0.03, 0.04)
    shoes: Colour = (0.75, 0.75, 0.72)
    hair: Colour = (0.03, 0.018, 0.01)
    lips: Colour = (0.40, 0.16, 0.13)


def subdivided(body: Body) -> Body:
    """The same body with each triangle cut into four, for clean borders between its parts."""
    edges = np.sort(body.faces[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1)
    edges, which = np.unique(edges, axis=0, return_inverse=True)
    a, b, c = body.faces.T
    ab, bc, ca = which.reshape(-1, 3).T + len(body.template)
    faces = np.concatenate([np.stack(corners, 1) for corners in ((a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca))])

    def with_middles(values: Array) -> Array:
        return np.concatenate([values, values[edges].mean(axis=1)])

    return replace(
        body,
        template=with_middles(body.template),
        faces=faces,
        shape_directions=with_middles(body.shape_directions),
        skin_weights=with_middles(body.skin_weights),
        joint_regressor=np.pad(body.joint_regressor, ((0, 0), (0, len(edges)))),
    )


class Figure:
    """The body as a mesh object whose vertices are set for every frame."""

    def __init__(self, body: Body, betas: Array, clothes: Clothes) -> None:
        """Add the figure to the open scene; `betas` (10,) is its shape."""
        self._body, self._betas = body, betas
        self._rest_joints = body.rest_joints(betas)
        rest = body.rest_vertices(betas)
        self._nose = rest[_foremost_of_head(body, (0, 0, 1))]
        parts = _parts(body)
        self._shown_rest = rest + _hair_thickness(body, rest, parts)
        mesh = bpy.data.meshes.new("figure")
        mesh.from_pydata([Vector(v) for v in rest], [], body.faces.tolist())
        for part in _PARTS:
            mesh.materials.append(material(part, getattr(clothes, part), 0.5 if part == "skin" else 0.8))
        mesh.polygons.foreach_set("material_index", parts.astype(np.int32))
        mesh.shade_smooth()
        self.object = bpy.data.objects.new("figure", mesh)
        bpy.context.scene.collection.objects.link(self.object)
        self._eyes = [_eye(side) for side in ("left", "right")]

    def pose(self, rotations: Array, translation: Array) -> Array:
        """Pose the figure: rotations (24, 3, 3), the pelvis's in the world, and SMPL's translation (3,), metres.

        Returns:
            (V, 3) the skin's vertices in the world.
        """
        joints, world = forward_kinematics(rotations, self._rest_joints)
        shown = skin(self._shown_rest, self._rest_joints, self._body.skin_weights, joints, world) + translation
        self.object.data.vertices.foreach_set("co", shown.astype(np.float32).ravel())
        self.object.data.update()
        head = JOINT_INDEX["head"]
        for eye, side in zip(self._eyes, ("left", "right"), strict=True):
            rest = self._nose + _NOSE_TO_EYE * (1 if side == "left" else -1, 1, 1) - self._rest_joints[head]
            place = np.eye(4)
            place[:3, :3] = world[head]
            place[:3, 3] = joints[head] + translation + world[head] @ rest
            eye.matrix_world = Matrix(place.tolist())
        return shown

    def hide(self, hidden: bool) -> None:
        """Hide the figure in renders, or show it again."""
        for part in (self.object, *self._eyes):
            part.hide_render = hidden


def lowest_point(body: Body, rotations: Array, betas: Array) -> float:
    """Height of the lowest vertex, metres, in the pose (24, 3, 3) without translation."""
    return float(body.posed_vertices(rotations[None], betas, np.zeros((1, 3)))[0, :, 2].min())


def _parts(body: Body) -> NDArray[np.int64]:
    """(F,) index into _PARTS of each face, by the joint with its largest weight and its position at rest."""
    nose, ear = (body.template[_foremost_of_head(body, axis)] for axis in ((0, 0, 1), (1, 0, 0)))
    eye = nose + _NOSE_TO_EYE
    centres = body.template[body.faces].mean(axis=1)
    owners = body.skin_weights[body.faces].sum(axis=1).argmax(axis=1)
    joints = body.joint_template

    def owned(*names: str) -> NDArray[np.bool_]:
        return np.isin(owners, [JOINT_INDEX[name] for name in names])

    def both(name: str) -> tuple[str, str]:
        return "left_" + name, "right_" + name

    x, y, z = np.abs(centres[:, 0]), centres[:, 1], centres[:, 2]
    parts = np.full(len(centres), _PARTS.index("skin"))
    sleeve_end = (joints[JOINT_INDEX["left_shoulder"], 0] + joints[JOINT_INDEX["left_elbow"], 0]) / 2
    torso = owned("spine1", "spine2", "spine3", *both("collar")) & (y < joints[JOINT_INDEX["neck"], 1] - 0.045)
    parts[torso | (owned(*both("shoulder")) & (x < sleeve_end))] = _PARTS.index("shirt")
    parts[owned("pelvis") & (y > -0.02)] = _PARTS.index("shirt")
    parts[(owned("pelvis") & (y <= -0.02)) | owned(*both("hip"), *both("knee"))] = _PARTS.index("trousers")
    parts[owned(*both("ankle"), *both("foot"))] = _PARTS.index("shoes")
    scalp = (y > eye[1] + 0.045) | ((z < ear[2] - 0.012) & (y > nose[1] - 0.02))
    scalp |= (z < ear[2] + 0.035) & (y > eye[1] + 0.012)
    parts[owned("head") & scalp] = _PARTS.index("hair")
    brows = (np.abs(x - eye[0]) < 0.017) & (np.abs(y - eye[1] - 0.022) < 0.004) & (z > ear[2] + 0.05)
    parts[owned("head") & brows] = _PARTS.index("hair")
    lips = (x < 0.024) & (np.abs(y - nose[1] + 0.033) < 0.009) & (z > nose[2] - 0.03)
    parts[owned("head") & lips] = _PARTS.index("lips")
    return parts


def _foremost_of_head(body: Body, direction: tuple[int, int, int]) -> int:
    """Vertex of the head farthest along `direction` at rest: nose or ear."""
    head = np.flatnonzero(body.skin_weights.argmax(axis=1) == JOINT_INDEX["head"])
    return int(head[(body.template[head] @ direction).argmax()])


def _hair_thickness(body: Body, rest: Array, parts: NDArray[np.int64]) -> Array:
    """(V, 3) displacement of the scalp away from the middle of the head, metres."""
    ear = body.template[_foremost_of_head(body, (1, 0, 0))]
    middle = np.array([0.0, ear[1] + 0.02, ear[2] + 0.02])
    hairy = np.zeros(len(rest), dtype=bool)
    hairy[body.faces[parts == _PARTS.index("hair")].ravel()] = True
    hairy &= (rest[:, 2] < ear[2] + 0.07) | (rest[:, 1] > ear[1] + 0.07)  # without the brows
    outwards = rest - middle
    return np.where(hairy[:, None], 0.016 * outwards / np.linalg.norm(outwards, axis=1, keepdims=True), 0.0)


def _eye(side: str) -> bpy.types.Object:
    """Add a white ball with a dark iris that looks along +Z."""
    bpy.ops.mesh.primitive_uv_sphere_add(segments=16, ring_count=12, radius=0.012)
    result: bpy.types.Object = bpy.context.object
    result.name = f"{side} eye"
    mesh = result.data
    mesh.shade_smooth()
    for polygon in mesh.polygons:
        polygon.material_index = 1 if polygon.center.z > 0.009 else 0
    mesh.materials.append(material("eye white", (0.8, 0.8, 0.78), 0.2))
    mesh.materials.append(material("iris", (0.03, 0.015, 0.01), 0.2))
    return result
