"""Export of a student as the asset that the add-on ships: ONNX with its description beside it."""

from __future__ import annotations

import hashlib
import json
import logging
import warnings
from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor, nn

from posenet3d_blender.capture.student import STUDENT_VERSION
from posenet3d_blender.capture.student_input import STUDENT_RATE
from posenet3d_blender.capture.student_network import StudentNetwork, StudentOutput
from posenet3d_blender.files import writing

from .checkpoint import load_student

OPSET = 18


class _Named(nn.Module):
    """The network with a plain tuple as output, as ONNX wants it."""

    def __init__(self, network: StudentNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, features: Tensor) -> tuple[Tensor, ...]:
        return tuple(self.network(features))


def export_student(checkpoint: Path, folder: Path) -> Path:
    """Write `student.onnx` and `student.json` into `folder`; returns the ONNX file's path."""
    network = load_student(checkpoint).eval()
    config = network.config
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "student.onnx"
    features = torch.zeros(2, config.window, config.features)
    with writing(path) as partial, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for chatty in ("torch.onnx", "onnxscript", "onnx_ir"):
            logging.getLogger(chatty).setLevel(logging.ERROR)
        torch.onnx.export(
            _Named(network),
            (features,),
            partial,
            input_names=["features"],
            output_names=list(StudentOutput._fields),
            dynamic_shapes={"features": {0: torch.export.Dim("batch")}},
            opset_version=OPSET,
            external_data=False,
            verbose=False,
        )
        _strip_notes(partial)
    training = json.loads((checkpoint / "student.json").read_text())["training"]
    description = {
        "version": STUDENT_VERSION,
        "rate": STUDENT_RATE,
        "config": asdict(config),
        "training": training,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }
    with writing(folder / "student.json") as partial:
        partial.write_text(json.dumps(description, indent=2) + "\n")
    return path


def _strip_notes(path: Path) -> None:
    """Take out what the exporter notes of the source code and the machine; the add-on ships none of it."""
    import onnx

    model = onnx.load(path)
    for part in (
        model,
        model.graph,
        *model.graph.node,
        *model.graph.value_info,
        *model.graph.input,
        *model.graph.output,
    ):
        part.doc_string = ""
        del part.metadata_props[:]
    onnx.save(model, path)
