"""Made-up SMPL-H and SMPL-X files: posed and skinned as smplx does, with the face at rest."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from posenet3d_blender.arrays import AnyArray, Array
from posenet3d_blender.body.hands import rest_hand
from posenet3d_blender.body.model import Body, load_body
from posenet3d_blender.body.rotations import axis_angle_to_matrix
from posenet3d_blender.body.smpl_layouts import LAYOUTS
from posenet3d_blender.errors import PoseNet3DError

VERTICES = 60
SMPL_X_PARENTS = (
    # as published, the face's joints before the fingers
    *(-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19, 15, 15, 15),
    *(20, 25, 26, 20, 28, 29, 20, 31, 32, 20, 34, 35, 20, 37, 38),
    *(21, 40, 41, 21, 43, 44, 21, 46, 47, 21, 49, 50, 21, 52, 53),
)


def made_up(joint_count: int) -> dict[str, AnyArray]:
    """A body of sixty vertices by the published files' keys."""
    random = np.random.default_rng(joint_count)
    parents = np.array([LAYOUTS[joint_count].parents, range(joint_count)], dtype=np.int64)
    parents[0, 0] = 2**32 - 1
    return {
        "v_template": random.normal(size=(VERTICES, 3)),
        "f": np.arange(60, dtype=np.uint32).reshape(20, 3),
        "shapedirs": random.normal(0, 0.1, (VERTICES, 3, 16)),
        "posedirs": random.normal(0, 0.01, (VERTICES, 3, 9 * (joint_count - 1))),
        "J_regressor": random.dirichlet(np.ones(VERTICES), joint_count),
        "weights": random.dirichlet(np.full(joint_count, 0.1), VERTICES),
        "kintree_table": parents,
        "hands_meanl": random.normal(size=45),
    }


def saved(arrays: dict[str, AnyArray], folder: Path, ending: str = ".npz") -> Path:
    path = folder / f"BODY_FEMALE{ending}"
    if ending == ".npz":
        np.savez(path, **arrays)
    else:
        path.write_bytes(pickle.dumps(arrays, 2))
    return path


def of_smplx(arrays: dict[str, AnyArray], poses: Array, betas: Array) -> tuple[Array, Array]:
    """Vertices and joints (T, J, 3) by smplx's own blend skinning, for poses (T, J, 3)."""
    torch = pytest.importorskip("torch")
    lbs = pytest.importorskip("smplx.lbs").lbs
    tensors = {key: torch.tensor(np.asarray(value, dtype=np.float64)) for key, value in arrays.items()}
    parents = torch.tensor([-1, *arrays["kintree_table"][0, 1:].tolist()])
    vertices, joints = lbs(
        torch.tensor(betas)[None].repeat(len(poses), 1),
        torch.tensor(poses.reshape(len(poses), -1)),
        tensors["v_template"],
        tensors["shapedirs"][:, :, :10],
        tensors["posedirs"].reshape(3 * VERTICES, -1).T,
        tensors["J_regressor"],
        parents,
        tensors["weights"],
    )
    return vertices.numpy(), joints.numpy()


@pytest.mark.parametrize("ending", [".npz", ".pkl"])
@pytest.mark.parametrize("joint_count", LAYOUTS)
def test_skin_and_joints_agree_with_smplx(joint_count: int, ending: str, tmp_path: Path) -> None:
    arrays = made_up(joint_count)
    body = load_body(saved(arrays, tmp_path, ending))
    first = LAYOUTS[joint_count].first_finger
    rng = np.random.default_rng(0)
    poses, betas = rng.normal(0, 0.5, (3, joint_count, 3)), rng.normal(0, 1, 10)
    poses[:, 22:first] = 0.0
    vertices, _ = of_smplx(arrays, poses, betas)
    rotations = np.tile(np.eye(3), (3, 24, 1, 1))
    rotations[:, :22] = axis_angle_to_matrix(poses[:, :22])
    fingers = axis_angle_to_matrix(poses[:, first:])
    given = body.posed_vertices(rotations, betas, np.zeros((3, 3)), fingers)
    np.testing.assert_allclose(given, vertices, atol=1e-6)
    poses[:, first:] = 0.0
    stiff, _ = of_smplx(arrays, poses, betas)
    np.testing.assert_allclose(body.posed_vertices(rotations, betas, np.zeros((3, 3))), stiff, atol=1e-6)
    _, rest = of_smplx(arrays, 0 * poses, betas)
    np.testing.assert_allclose(body.rest_joints(betas)[:22], rest[0, :22], atol=1e-6)
    np.testing.assert_allclose(body.rest_fingers(betas), rest[0, first:], atol=1e-6)
    assert body.gender == "female"


def test_parents_are_those_that_smpl_x_publishes() -> None:
    assert LAYOUTS[55].parents == SMPL_X_PARENTS
    smpl_h = [
        parent - 3 if parent > 24 else parent
        for joint, parent in enumerate(SMPL_X_PARENTS)
        if joint not in (22, 23, 24)
    ]
    assert LAYOUTS[52].parents == tuple(smpl_h)


def test_the_hand_of_a_body_without_its_own_lies_amid_the_knuckles(tmp_path: Path) -> None:
    body = load_body(saved(made_up(52), tmp_path))
    knuckles = body.finger_template.reshape(2, 5, 3, 3)[:, :4, 0]
    np.testing.assert_allclose(body.joint_template[22:], knuckles.mean(axis=1), atol=1e-12)


def test_other_orders_and_counts_are_refused(tmp_path: Path) -> None:
    arrays = made_up(52)
    swapped = arrays["kintree_table"].copy()
    swapped[0, 22] = 21
    for wrong, reason in (
        (arrays | {"kintree_table": swapped}, "not in SMPL's order"),
        (arrays | {"weights": arrays["weights"][:, :30]}, "has 30 joints; give an SMPL body with 24 joints, SMPL-H"),
        (arrays | {"J_regressor": arrays["J_regressor"][:24]}, "'J_regressor' has the shape"),
    ):
        with pytest.raises(PoseNet3DError, match=reason):
            load_body(saved(wrong, tmp_path))


def test_a_real_sized_body_has_hands(tmp_path: Path) -> None:
    """The shipped body saved as SMPL-H has the same hands when it is read again."""
    own = load_body()
    again = load_body(saved(as_smpl_h(own), tmp_path))
    for side in ("left", "right"):
        hands = [rest_hand(body, side, np.ones(10)) for body in (own, again)]
        np.testing.assert_allclose(hands[1].joints, hands[0].joints, atol=1e-9)
        np.testing.assert_allclose(hands[1].flexion_axes, hands[0].flexion_axes, atol=1e-6)


def as_smpl_h(body: Body) -> dict[str, AnyArray]:
    assert body.fingers is not None
    return {
        "v_template": body.template,
        "f": body.faces,
        "shapedirs": body.shape_directions,
        "J_regressor": np.concatenate([body.joint_regressor[:22], body.fingers.joint_regressor]),
        "weights": np.concatenate([body.skin_weights[:, :22], body.fingers.skin_weights], axis=1),
    }
