"""SMPL bodies as people save them again: every pickle protocol, sparse format and kind of archive; and their gender."""

from __future__ import annotations

import io
import pickle
import sys
import types
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse

from posenet3d_blender.arrays import AnyArray
from posenet3d_blender.body.gender import gender_of_body
from posenet3d_blender.body.model import Body, load_body
from posenet3d_blender.errors import PoseNet3DError

VERTICES = 50
Arrays = dict[str, AnyArray]


class Ch:
    """The state that chumpy pickles of its arrays: terms as attributes, and the names of those that changed."""

    def __init__(self, **terms: object) -> None:
        self._dirty_vars = set(terms)
        self._itr = None
        vars(self).update(terms)


class Select(Ch):
    """A slice of another array."""


class MatVecMult(Ch):
    """A product, which no file that is read needs."""


@contextmanager
def chumpy_modules() -> Iterator[None]:
    """Modules of chumpy's, so that pickles name its classes."""
    modules = {name: types.ModuleType(name) for name in ("chumpy", "chumpy.ch", "chumpy.reordering")}
    places = {Ch: "chumpy.ch", Select: "chumpy.reordering", MatVecMult: "chumpy.ch"}
    for kind, name in places.items():
        kind.__module__ = name
        setattr(modules[name], kind.__name__, kind)
    sys.modules.update(modules)
    try:
        yield
    finally:
        for name in modules:
            del sys.modules[name]


@pytest.fixture(scope="module")
def arrays() -> Arrays:
    """A body of fifty vertices, by the official file's keys."""
    random = np.random.default_rng(1)
    return {
        "v_template": random.normal(size=(VERTICES, 3)),
        "f": np.arange(48, dtype=np.uint32).reshape(16, 3),
        "shapedirs": random.normal(size=(VERTICES, 3, 10)),
        "posedirs": random.normal(size=(VERTICES, 3, 207)),
        "J_regressor": random.dirichlet(np.ones(VERTICES), 24) * (random.random((24, VERTICES)) < 0.3),
        "weights": random.dirichlet(np.ones(24), VERTICES),
    }


def assert_same_body(body: Body, arrays: Arrays) -> None:
    np.testing.assert_allclose(body.template, arrays["v_template"])
    np.testing.assert_allclose(body.shape_directions, arrays["shapedirs"])
    np.testing.assert_allclose(body.joint_regressor, arrays["J_regressor"])
    np.testing.assert_allclose(body.skin_weights, arrays["weights"])
    assert body.pose_directions is not None
    np.testing.assert_allclose(body.pose_directions, arrays["posedirs"])
    np.testing.assert_array_equal(body.faces, arrays["f"])


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_every_protocol_is_read(protocol: int, arrays: Arrays, tmp_path: Path) -> None:
    content: dict[str, object] = {**arrays, "v_template": np.asfortranarray(arrays["v_template"])}
    content |= {"bs_type": "lrotmin", "empty": b"", "raw": bytearray(b"\x00\xff"), "fixed": frozenset({1})}
    path = tmp_path / "body.pkl"
    path.write_bytes(pickle.dumps(content, protocol))
    assert_same_body(load_body(path), arrays)


@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
@pytest.mark.parametrize("format_name", ["csc", "csr", "coo"])
@pytest.mark.parametrize("kind", ["matrix", "array"])
def test_every_sparse_format_is_read(
    protocol: int, format_name: str, kind: str, arrays: Arrays, tmp_path: Path
) -> None:
    sparse = getattr(scipy.sparse, f"{format_name}_{kind}")(arrays["J_regressor"])
    path = tmp_path / "body.pkl"
    path.write_bytes(pickle.dumps(arrays | {"J_regressor": sparse}, protocol))
    assert_same_body(load_body(path), arrays)


def test_a_numpy_matrix_is_read(arrays: Arrays, tmp_path: Path) -> None:
    path = tmp_path / "body.pkl"
    with pytest.warns(PendingDeprecationWarning):
        content = pickle.dumps(arrays | {"J_regressor": np.matrix(arrays["J_regressor"])}, 2)
    path.write_bytes(content)
    assert_same_body(load_body(path), arrays)


@pytest.mark.parametrize("protocol", [0, 2, 5])
def test_chumpy_arrays_and_slices_are_read(protocol: int, arrays: Arrays, tmp_path: Path) -> None:
    """chumpy keeps a set of names in each array, which old protocols build by its name."""
    more = np.concatenate([arrays["shapedirs"], np.zeros((VERTICES, 3, 5))], axis=2)
    places = np.arange(more.size).reshape(more.shape)[:, :, :10]
    with chumpy_modules():
        slices = Select(a=Ch(x=more), idxs=places.ravel(), preferred_shape=places.shape)
        joints = MatVecMult(mtx=scipy.sparse.csc_matrix(arrays["J_regressor"]), vec=Ch(x=arrays["v_template"]))
        chumpy = {"v_template": Ch(x=arrays["v_template"]), "shapedirs": slices, "J": joints}
        content = pickle.dumps(arrays | chumpy, protocol)
        unknown = pickle.dumps(arrays | {"v_template": joints}, protocol)
    path = tmp_path / "body.pkl"
    path.write_bytes(content)
    assert_same_body(load_body(path), arrays)
    path.write_bytes(unknown)
    with pytest.raises(PoseNet3DError, match=r"stored as a computation.* save the body as an \.npz"):
        load_body(path)


def test_an_archive_of_objects_without_code_is_read(arrays: Arrays, tmp_path: Path) -> None:
    objects = {
        "J_regressor": scipy.sparse.csr_matrix(arrays["J_regressor"]),
        "v_template": arrays["v_template"].astype(object),
        "gender": np.array("female", dtype=object),
        "unused": np.array([{"a": 1}, None], dtype=object),
    }
    np.savez(tmp_path / "body.npz", **(arrays | objects))
    body = load_body(tmp_path / "body.npz")
    assert_same_body(body, arrays)
    assert body.gender == "female"


def test_an_archive_with_code_is_refused_and_runs_nothing(arrays: Arrays, tmp_path: Path) -> None:
    flag = tmp_path / "flag"

    class Attack:
        def __reduce__(self) -> tuple[Callable[..., object], tuple[str, ...]]:
            return open, (str(flag), "w")

    attack = np.empty((), dtype=object)
    attack[()] = Attack()
    np.savez(tmp_path / "body.npz", **(arrays | {"J_regressor": attack}))
    with pytest.raises(PoseNet3DError, match=r"'J_regressor': it asks for \S*open\); give the official") as failure:
        load_body(tmp_path / "body.npz")
    assert "\n" not in str(failure.value)
    assert not flag.exists()


@pytest.mark.parametrize("length", [0, 20, 60, 130, 200])
def test_an_object_that_is_cut_off_is_refused(length: int, arrays: Arrays, tmp_path: Path) -> None:
    member = io.BytesIO()
    np.save(member, np.array(scipy.sparse.csr_matrix(arrays["J_regressor"]), dtype=object), allow_pickle=True)
    np.savez(tmp_path / "body.npz", **{key: array for key, array in arrays.items() if key != "J_regressor"})
    with zipfile.ZipFile(tmp_path / "body.npz", "a") as archive:
        archive.writestr("J_regressor.npy", member.getvalue()[:length])
    with pytest.raises(PoseNet3DError, match="plain arrays"):
        load_body(tmp_path / "body.npz")


def test_a_huge_sparse_matrix_takes_no_memory(arrays: Arrays, tmp_path: Path) -> None:
    huge = scipy.sparse.csr_matrix(([1.0], ([0], [0])), shape=(24, 10**9))
    path = tmp_path / "body.pkl"
    path.write_bytes(pickle.dumps(arrays | {"J_regressor": huge.tocoo()}))
    with pytest.raises(PoseNet3DError, match="a sparse matrix has the shape"):
        load_body(path)


def test_pose_corrections_in_pytorchs_layout_are_read(arrays: Arrays, tmp_path: Path) -> None:
    np.savez(tmp_path / "body.npz", **(arrays | {"posedirs": arrays["posedirs"].reshape(-1, 207).T}))
    assert_same_body(load_body(tmp_path / "body.npz"), arrays)


def test_a_refused_body_says_what_to_do(arrays: Arrays, tmp_path: Path) -> None:
    path = tmp_path / "body.pkl"
    path.write_bytes(b"ctorch._utils\n_rebuild_tensor_v2\n(tR.")
    with pytest.raises(PoseNet3DError, match=r"asks for torch._utils._rebuild_tensor_v2\); .* an .npz of plain NumPy"):
        load_body(path)


@pytest.mark.parametrize(
    ("name", "stored", "gender"),
    [
        ("SMPL_MALE.pkl", None, "male"),
        ("SMPL_FEMALE.npz", None, "female"),
        ("SMPL_NEUTRAL.pkl", None, "neutral"),
        ("basicModel_f_lbs_10_207_0_v1.0.0.pkl", None, "female"),
        ("basicmodel_m_lbs_10_207_0_v1.1.0.pkl", None, "male"),
        ("basicModel_neutral_lbs_10_207_0_v1.0.0.pkl", None, "neutral"),
        ("male/model.npz", None, "male"),
        ("female/SMPL_MALE.pkl", None, "male"),
        ("my_friend.npz", None, "neutral"),
        ("models/smpl_fast.npz", None, "neutral"),
        ("SMPL_MALE.pkl", "female", "female"),
        ("body.npz", b"M", "male"),
        ("SMPL_MALE.pkl", "unknown", "male"),
    ],
)
def test_gender_by_file_or_name(name: str, stored: str | bytes | None, gender: str) -> None:
    assert gender_of_body(Path("bodies", name), None if stored is None else np.array(stored)) == gender
