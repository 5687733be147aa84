"""The reader of ONNX files, against what the `onnx` package writes and reads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from posenet3d_blender.capture.detection.blazepose.assets import DETECTOR_FILE, LANDMARK_FILES
from posenet3d_blender.capture.runtime.onnx_reader import read_graph
from posenet3d_blender.capture.student.predict import STUDENT_FOLDER

SHIPPED = [DETECTOR_FILE, *LANDMARK_FILES.values(), STUDENT_FOLDER / "student.onnx"]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_reads_what_the_onnx_package_reads(path: Path) -> None:
    onnx = pytest.importorskip("onnx", reason="the onnx package is not installed")
    expected, graph = onnx.load(path).graph, read_graph(path)
    assert graph.outputs == tuple(output.name for output in expected.output)
    assert graph.constants.keys() == {tensor.name for tensor in expected.initializer}
    for tensor in expected.initializer:
        array = onnx.numpy_helper.to_array(tensor)
        assert graph.constants[tensor.name].dtype == array.dtype
        np.testing.assert_array_equal(graph.constants[tensor.name], array, strict=True)
    for node, there in zip(graph.nodes, expected.node, strict=True):
        assert (node.operator, node.inputs, node.outputs) == (there.op_type, tuple(there.input), tuple(there.output))
        values = {one.name: onnx.helper.get_attribute_value(one) for one in there.attribute}
        assert node.attributes == {
            name: value.decode() if isinstance(value, bytes) else value for name, value in values.items()
        }


def test_reads_numbers_however_they_are_stored(tmp_path: Path) -> None:
    helper = pytest.importorskip("onnx.helper", reason="the onnx package is not installed")
    onnx = pytest.importorskip("onnx")
    node = helper.make_node("Some", ["a", ""], ["b"], i=-3, f=-0.5, s="text", several=[-1, 0, 2**40], zero=0.0)
    stored = [
        helper.make_tensor("as numbers", onnx.TensorProto.INT64, [2, 1], [-7, 2**40]),
        helper.make_tensor("as bytes", onnx.TensorProto.INT64, [1], np.array([-7]).tobytes(), raw=True),
        helper.make_tensor("floats", onnx.TensorProto.FLOAT, [], [1.5]),
        helper.make_tensor("nothing", onnx.TensorProto.FLOAT, [0], []),
    ]
    output = helper.make_tensor_value_info("b", onnx.TensorProto.FLOAT, None)
    onnx.save(helper.make_model(helper.make_graph([node], "net", [], [output], stored)), tmp_path / "net.onnx")
    graph = read_graph(tmp_path / "net.onnx")
    assert graph.nodes[0].inputs == ("a", "")
    assert graph.nodes[0].attributes == {"i": -3, "f": -0.5, "s": "text", "several": [-1, 0, 2**40], "zero": 0.0}
    assert {name: array.tolist() for name, array in graph.constants.items()} == {
        "as numbers": [[-7], [2**40]],
        "as bytes": [-7],
        "floats": 1.5,
        "nothing": [],
    }


@pytest.mark.parametrize("length", [0, 1, 2, 7, 1000, 100_000, -1])
def test_a_file_that_ends_early_is_said_to_be_damaged(tmp_path: Path, length: int) -> None:
    (tmp_path / "short.onnx").write_bytes(DETECTOR_FILE.read_bytes()[:length])
    with pytest.raises(ValueError, match=r"ends early|no graph"):
        read_graph(tmp_path / "short.onnx")


def test_noise_is_damaged_or_empty_but_never_anything_else(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    whole = bytearray(DETECTOR_FILE.read_bytes()[-40_000:])
    for _ in range(100):
        (tmp_path / "noise.onnx").write_bytes(random.bytes(300) + whole[: random.integers(2000)])
        with pytest.raises(ValueError, match=r"\w"):
            read_graph(tmp_path / "noise.onnx")
