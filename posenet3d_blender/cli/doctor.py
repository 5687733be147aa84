"""`posenet3d doctor`: installed versions, usable devices, and the integrity of the shipped files."""

from __future__ import annotations

import argparse
import hashlib
import importlib.metadata
import importlib.util
import json
import platform
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from .console import Console

if TYPE_CHECKING:
    from ..capture.runtime.network import Runtime
    from ..progress import Warn

ASSETS: Final = Path(__file__).parents[1] / "assets"
MANIFEST: Final = "manifest.json"
"""Written by tools/hash_assets.py: {"path under assets": "sha256"}."""

REQUIRED: Final = {
    "numpy": "numpy",
    "scipy": "scipy",
    "cv2": "opencv-python-headless",
    "av": "av",
    "onnxruntime": "onnxruntime",
}
"""Module: distribution. A capture needs them."""
OPTIONAL: Final = {"bpy": "bpy", "torch": "torch"}
"""bpy: every output but .npz; torch: training, and inference with CUDA."""


@dataclass(frozen=True)
class Asset:
    """A shipped file, compared with the manifest."""

    name: str
    sha256: str
    """Expected hash, from the manifest."""
    status: str
    """ "ok", "missing" or "changed"."""


@dataclass(frozen=True)
class Report:
    """Result of all checks."""

    versions: dict[str, str | None]
    """By module; None: not installed."""
    runtimes: list[Runtime]
    assets: list[Asset]
    problems: list[str]
    """Reasons why a capture can't run."""
    warnings: list[str]

    def as_json(self) -> dict[str, Any]:
        """The object that --json prints."""
        return {
            "ok": not self.problems,
            "versions": self.versions,
            "devices": [
                {"device": runtime.device, "name": runtime.name, "backend": runtime.backend}
                for runtime in self.runtimes
            ],
            "assets": [vars(asset) for asset in self.assets],
            "problems": self.problems,
            "warnings": self.warnings,
        }

    def lines(self) -> Iterator[str]:
        """The report as text."""
        for name, version in self.versions.items():
            yield f"{name:<12} {version or _describe_missing(name)}"
        for runtime in self.runtimes:
            yield f"{'device':<12} {runtime.device}: {runtime}"
        for asset in self.assets:
            yield f"{'asset':<12} {asset.name} sha256 {asset.sha256}: {asset.status}"
        if not self.problems:
            yield "ready to capture"


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Run the command; the exit code is 0 when a capture could run, else 1."""
    report = examine_installation()
    if arguments.json:
        console.print_json(report.as_json())
    else:
        for line in report.lines():
            console.print(line)
    for warning in report.warnings:
        console.warn(warning)
    if report.problems:
        console.fail(f"a capture can't run here: {'; '.join(report.problems)}")
    return 1 if report.problems else 0


def examine_installation() -> Report:
    """Check versions, devices and shipped files, and open all that a capture opens."""
    versions = {name: _version(name, distribution) for name, distribution in (REQUIRED | OPTIONAL).items()}
    runtimes = _runtimes() if versions["onnxruntime"] else []
    fallbacks: list[str] = []
    assets = list(check_assets(ASSETS))
    problems = [f"{REQUIRED[name]} is not installed" for name in REQUIRED if not versions[name]] or list(
        _failures_to_open(fallbacks.append)
    )
    warnings = [
        f"assets/{asset.name} is {asset.status}; install PoseNet3D again, unless you put your own there"
        for asset in assets
        if asset.status != "ok"
    ]
    warnings += dict.fromkeys(fallbacks)
    warnings += [] if assets else [f"assets/{MANIFEST} is missing or damaged: shipped files can't be verified"]
    return Report({"python": platform.python_version(), **versions}, runtimes, assets, problems, warnings)


def check_assets(folder: Path) -> Iterator[Asset]:
    """Compare each file that the manifest in `folder` names; yields nothing if the manifest is missing or damaged."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return
    for name, expected in sorted(manifest.items()):
        path = folder / name
        if not path.is_file():
            status = "missing"
        else:
            status = "ok" if hashlib.sha256(path.read_bytes()).hexdigest() == expected else "changed"
        yield Asset(name, expected, status)


def _version(module: str, distribution: str) -> str | None:
    """The version that an import would give; None if it is not installed. Blender's own bpy has no distribution."""
    if importlib.util.find_spec(module) is None:
        return None
    if module == "bpy":
        import bpy

        return str(bpy.app.version_string)
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return str(getattr(importlib.import_module(module), "__version__", "present"))


def _runtimes() -> list[Runtime]:
    from ..capture.runtime.network import available_runtimes

    return available_runtimes()


def _failures_to_open(warn: Warn) -> Iterator[str]:
    """Open every asset that a capture opens; yields one message per failure."""
    from ..body.model import load_body
    from ..capture.detection.blazepose.assets import open_landmark_finder, open_person_detector
    from ..capture.hands.finder import open_hand_finder
    from ..capture.student.predict import load_student
    from ..errors import PoseNet3DError

    openers: tuple[Callable[[], object], ...] = (
        partial(open_person_detector, warn=warn),
        partial(open_landmark_finder, warn=warn),
        partial(open_hand_finder, warn=warn),
        partial(load_student, warn=warn),
        load_body,
    )
    for opener in openers:
        try:
            opener()
        except PoseNet3DError as error:
            yield str(error)


def _describe_missing(name: str) -> str:
    return "not installed" + (" (not needed to capture)" if name in OPTIONAL else "")
