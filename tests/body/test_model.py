"""The body against smplx, and the loader against files good, bad and malicious."""

from __future__ import annotations

import io
import os
import pickle
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pytest

from posenet3d_blender.arrays import AnyArray
from posenet3d_blender.body.kinematics import forward_kinematics, local_rotations
from posenet3d_blender.body.model import Body, load_body
from posenet3d_blender.body.rotations import axis_angle_to_matrix
from posenet3d_blender.body.shape import bone_lengths, match_shape, shape_of_height, standing_height
from posenet3d_blender.body.skeleton import PARENTS
from posenet3d_blender.errors import PoseNet3DError

Arrays: TypeAlias = dict[str, AnyArray]


@pytest.fixture(scope="module")
def body() -> Body:
    return load_body()


def smpl_arrays(body: Body) -> Arrays:
    """The body as the arrays of an official SMPL file, with random pose corrections."""
    rng = np.random.default_rng(3)
    parents = np.array([PARENTS, range(24)], dtype=np.int64)
    parents[0, 0] = 2**32 - 1
    return {
        "v_template": body.template,
        "f": body.faces.astype(np.uint32),
        "shapedirs": body.shape_directions,
        "posedirs": rng.normal(0, 0.003, (len(body.template), 3, 207)),
        "J_regressor": body.joint_regressor,
        "weights": body.skin_weights,
        "kintree_table": parents,
    }


@pytest.fixture(scope="module")
def small_arrays(body: Body) -> Arrays:
    """A body of fifty vertices, quick to write and read."""
    arrays = smpl_arrays(body)
    regressor = np.random.default_rng(1).dirichlet(np.ones(50), 24)
    return arrays | {
        "v_template": arrays["v_template"][:50],
        "f": np.arange(48, dtype=np.uint32).reshape(16, 3),
        "shapedirs": np.random.default_rng(2).normal(size=(50, 3, 300)),
        "posedirs": arrays["posedirs"][:50],
        "J_regressor": regressor,
        "weights": arrays["weights"][:50],
    }


@pytest.mark.parametrize("with_pose_corrections", [False, True])
def test_posing_and_skinning_agree_with_smplx(body: Body, tmp_path: Path, with_pose_corrections: bool) -> None:
    smplx, torch = pytest.importorskip("smplx"), pytest.importorskip("torch")
    arrays = smpl_arrays(body)
    if not with_pose_corrections:
        arrays["posedirs"] = np.zeros_like(arrays["posedirs"])
    path = tmp_path / "SMPL_NEUTRAL.pkl"
    path.write_bytes(pickle.dumps(arrays))
    np.savez(tmp_path / "body.npz", **arrays)
    ours = load_body(tmp_path / "body.npz")
    theirs = smplx.SMPL(str(path), batch_size=4, dtype=torch.float64)
    rng = np.random.default_rng(0)
    poses, betas, trans = rng.normal(0, 0.7, (4, 24, 3)), rng.normal(0, 1, 10), rng.normal(0, 1, (4, 3))
    posed = theirs(
        betas=torch.tensor(betas).repeat(4, 1),
        global_orient=torch.tensor(poses[:, :1]),
        body_pose=torch.tensor(poses[:, 1:]),
        transl=torch.tensor(trans),
    )
    rotations = axis_angle_to_matrix(poses)
    joints, world = forward_kinematics(rotations, ours.rest_joints(betas))
    np.testing.assert_allclose(joints + trans[:, None], posed.joints[:, :24].numpy(), atol=1e-5)
    np.testing.assert_allclose(ours.posed_vertices(rotations, betas, trans), posed.vertices.numpy(), atol=1e-5)
    np.testing.assert_allclose(local_rotations(world), rotations, atol=1e-12)


def test_kinematics_takes_any_leading_axes(body: Body) -> None:
    rotations = axis_angle_to_matrix(np.random.default_rng(0).normal(size=(2, 3, 24, 3)))
    shapes = body.rest_joints(np.random.default_rng(1).normal(size=(2, 3, 10)))
    joints, world = forward_kinematics(rotations, shapes)
    alone, _ = forward_kinematics(rotations[1, 2], shapes[1, 2])
    assert joints.shape == (2, 3, 24, 3)
    assert world.shape == (2, 3, 24, 3, 3)
    np.testing.assert_allclose(joints[1, 2], alone)


def test_the_shipped_body_is_read_once() -> None:
    assert load_body() is load_body()


def test_shipped_body_stands_upright_facing_front(body: Body) -> None:
    joints = body.rest_joints(np.zeros(10))
    assert 1.6 < np.ptp(body.template[:, 1]) < 1.9
    assert joints[15, 1] > joints[0, 1] > joints[7, 1]
    assert joints[16, 0] > 0 > joints[17, 0]
    assert joints[10, 2] > joints[7, 2]
    assert body.pose_directions is None
    np.testing.assert_allclose(body.skin_weights.sum(axis=1), 1)


def test_proportions_carry_over_to_another_body(body: Body) -> None:
    betas = np.random.default_rng(0).normal(0, 1, 10)
    target = bone_lengths(body.rest_joints(betas))
    matched = bone_lengths(body.rest_joints(match_shape(target, body)))
    mean = bone_lengths(body.rest_joints(np.zeros(10)))
    limbs = [4, 5, 7, 8, 18, 19, 20, 21]
    assert np.abs(matched - target)[limbs].max() < 0.004
    assert np.abs(matched - target).sum() < 0.5 * np.abs(mean - target).sum()


def test_matching_a_giant_stays_finite(body: Body) -> None:
    assert np.isfinite(match_shape(2 * bone_lengths(body.joint_template), body)).all()


# --- files -----------------------------------------------------------------------------------------------------------


def _official_pickle(arrays: Arrays, protocol: int) -> bytes:
    """The official file's content: scipy's sparse regressor, chumpy arrays, entries that are of no use here."""
    from scipy.sparse import csc_matrix

    class Ch:  # what chumpy pickles: a plain object with the array as `x`
        def __init__(self, x: AnyArray) -> None:
            self.x = x

    Ch.__module__, Ch.__qualname__ = "chumpy.ch", "Ch"
    modules = {"chumpy": types.ModuleType("chumpy"), "chumpy.ch": types.ModuleType("chumpy.ch")}
    vars(modules["chumpy.ch"])["Ch"] = Ch
    content: dict[str, object] = dict(arrays)
    content["J_regressor"] = csc_matrix(arrays["J_regressor"])
    for key in ("v_template", "shapedirs", "posedirs"):
        content[key] = Ch(arrays[key])
    content |= {"bs_style": "lbs", "J": Ch(np.zeros((24, 3))), "count": np.float64(3), "bytes": b"\xff\x00"}
    sys.modules.update(modules)
    try:
        return pickle.dumps(content, protocol=protocol)
    finally:
        for name in modules:
            del sys.modules[name]


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_official_pickle_is_read(small_arrays: Arrays, tmp_path: Path, protocol: int) -> None:
    path = tmp_path / "basicModel.pkl"
    path.write_bytes(_official_pickle(small_arrays, protocol))
    body = load_body(path)
    np.testing.assert_array_equal(body.template, small_arrays["v_template"])
    np.testing.assert_array_equal(body.shape_directions, small_arrays["shapedirs"][:, :, :10])
    np.testing.assert_allclose(body.joint_regressor, small_arrays["J_regressor"])
    assert body.pose_directions is not None
    assert body.faces.shape == (16, 3)
    assert "chumpy" not in sys.modules


def test_python_2_names_are_read(small_arrays: Arrays, tmp_path: Path) -> None:
    """Python 2 wrote `copy_reg` and `__builtin__`, and `scipy.sparse.csc` was its module then."""
    content = _official_pickle(small_arrays, 0)
    for new, old in (
        (b"copyreg", b"copy_reg"),
        (b"c__builtin__", b"c__builtin__"),
        (b"scipy.sparse._csc", b"scipy.sparse.csc"),
    ):
        content = content.replace(new, old)
    path = tmp_path / "basicModel.pkl"
    path.write_bytes(content)
    assert len(load_body(path).template) == 50


def test_malicious_pickle_runs_nothing(tmp_path: Path) -> None:
    flag = tmp_path / "owned"

    class Attack:
        def __reduce__(self) -> tuple[object, ...]:
            return os.system, (f"touch {flag}",)

    path = tmp_path / "body.pkl"
    path.write_bytes(pickle.dumps({"v_template": Attack()}))
    with pytest.raises(PoseNet3DError, match="not a safe SMPL body file"):
        load_body(path)
    assert not flag.exists()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no pickle at all",
        pickle.dumps([1, 2]),
        pickle.dumps({"v_template": [1, [2, 3]]})[:-5],
        b"c__builtin__\neval\n.",
    ],
)
def test_broken_pickle_gives_one_clear_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "body.pkl"
    path.write_bytes(content)
    with pytest.raises(PoseNet3DError) as failure:
        load_body(path)
    assert "\n" not in str(failure.value)


def _without(arrays: Arrays, key: str) -> Arrays:
    return {k: v for k, v in arrays.items() if k != key}


def _with_nan(arrays: Arrays) -> Arrays:
    spoiled = arrays["v_template"].copy()
    spoiled[3, 1] = np.nan
    return arrays | {"v_template": spoiled}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda a: _without(a, "weights"), "'weights' is missing"),
        (lambda a: _without(a, "J_regressor"), "'J_regressor' is missing"),
        (_with_nan, "not finite"),
        (lambda a: a | {"weights": np.ones((50, 30))}, "30 joints; give an SMPL body with 24 joints, SMPL-H"),
        (lambda a: a | {"weights": np.ones((50, 52))}, "has the shape"),
        (lambda a: a | {"shapedirs": np.ones((50, 3))}, "'shapedirs' has the shape"),
        (lambda a: a | {"v_template": np.float64(1)}, "'v_template' has the shape"),
        (lambda a: a | {"f": np.full((4, 3), 50)}, "vertices that do not exist"),
        (lambda a: a | {"weights": a["weights"] * (np.arange(50) != 7)[:, None]}, "vertices that no joint moves"),
        (lambda a: a | {"weights": -a["weights"]}, "negative weights"),
        (lambda a: a | {"kintree_table": np.zeros((2, 24))}, "order"),
        (lambda a: a | {"v_template": np.array(["a"])}, "not finite numbers"),
    ],
)
def test_wrong_bodies_are_refused(
    small_arrays: Arrays, tmp_path: Path, change: Callable[[Arrays], Arrays], message: str
) -> None:
    path = tmp_path / "body.npz"
    np.savez(path, **change(small_arrays))
    with pytest.raises(PoseNet3DError, match=message):
        load_body(path)


def test_npz_with_pickled_objects_is_refused(small_arrays: Arrays, tmp_path: Path) -> None:
    path = tmp_path / "body.npz"
    np.savez(path, **(small_arrays | {"v_template": np.array([{}], dtype=object)}))
    with pytest.raises(PoseNet3DError, match="plain arrays"):
        load_body(path)


@pytest.mark.parametrize("name", ["missing.npz", "missing.pkl", "body.obj", "text.npz"])
def test_other_files_are_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "text.npz").write_text("hello")
    (tmp_path / "body.obj").write_bytes(io.BytesIO(b"v 0 0 0").getvalue())
    with pytest.raises(PoseNet3DError):
        load_body(tmp_path / name)


@pytest.mark.parametrize("height", [1.4, 1.6, 1.95])
def test_a_shape_of_a_given_height_is_that_tall_and_keeps_its_build(height: float) -> None:
    body = load_body()
    betas = np.array([0.3, 0.5, -0.4, 0.2, 0.0, 0.4, 1.0, 0.5, 0.2, -0.3])
    found = shape_of_height(betas, height, body)
    vertices = body.rest_vertices(found)
    assert np.ptp(vertices[:, 1]) == pytest.approx(height, abs=0.01)
    before, after = bone_lengths(body.rest_joints(betas)), bone_lengths(body.rest_joints(found))
    ratios = (after[1:] / before[1:]) / (height / standing_height(betas, body))
    assert np.abs(np.log(ratios)).max() < 0.1
