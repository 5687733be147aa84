"""`posenet3d doctor`: what is installed, where networks can run, and whether the shipped files are whole."""

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
from typing import TYPE_CHECKING, Final

from .console import Console

if TYPE_CHECKING:
    from ..capture.runtime.network import Runtime, Warn

ASSETS: Final = Path(__file__).parents[1] / "assets"
MANIFEST: Final = "manifest.json"
"""Written by tools/hash_assets.py: {"path under assets": "sha256"}."""

NEEDED: Final = {
    "numpy": "numpy",
    "scipy": "scipy",
    "cv2": "opencv-python-headless",
    "av": "av",
    "onnxruntime": "onnxruntime",
}
"""Module: distribution. A capture can't run without them."""
USEFUL: Final = {"bpy": "bpy", "torch": "torch"}
"""bpy: every output but .npz; torch: training, and CUDA where Blender has it."""


@dataclass(frozen=True)
class Asset:
    """A shipped file, against what it should be."""

    name: str
    sha256: str
    """What the manifest says."""
    status: str
    """ "ok", "missing" or "changed"."""


def run(arguments: argparse.Namespace, console: Console) -> int:
    """The command; exit code 0 when a capture could run, else 1."""
    versions = {name: _version(name, distribution) for name, distribution in (NEEDED | USEFUL).items()}
    runtimes = _runtimes() if versions["onnxruntime"] else []
    fallbacks: list[str] = []
    assets = list(check_assets(ASSETS))
    problems = [f"{NEEDED[name]} is not installed" for name in NEEDED if not versions[name]] or list(
        _failures_to_open(fallbacks.append)
    )
    warnings = [
        f"assets/{asset.name} is {asset.status}, against the manifest" for asset in assets if asset.status != "ok"
    ]
    warnings += dict.fromkeys(fallbacks)
    warnings += [] if assets else [f"assets/{MANIFEST} is missing or damaged: what ships can't be verified"]
    versions = {"python": platform.python_version(), **versions}
    if arguments.json:
        console.say_json(
            {
                "ok": not problems,
                "versions": versions,
                "devices": [
                    {"device": runtime.device, "name": runtime.name, "backend": runtime.backend} for runtime in runtimes
                ],
                "assets": [vars(asset) for asset in assets],
                "problems": problems,
                "warnings": warnings,
            }
        )
    else:
        for name, version in versions.items():
            console.say(f"{name:<12} {version or _what_is_missing(name)}")
        for runtime in runtimes:
            console.say(f"{'device':<12} {runtime.device}: {runtime}")
        for asset in assets:
            console.say(f"{'asset':<12} {asset.name} sha256 {asset.sha256}: {asset.status}")
        if not problems:
            console.say("ready to capture")
    for warning in warnings:
        console.warn(warning)
    if problems:
        console.fail(f"a capture can't run here: {'; '.join(problems)}")
    return 1 if problems else 0


def check_assets(folder: Path) -> Iterator[Asset]:
    """Each file that the manifest in `folder` names; none where the manifest itself is missing or damaged."""
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
    """The version that would be imported; None where there is none. Blender's own bpy has no distribution."""
    if importlib.util.find_spec(module) is None:
        return None
    if module == "bpy":
        import bpy

        return bpy.app.version_string
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return str(getattr(importlib.import_module(module), "__version__", "present"))


def _runtimes() -> list[Runtime]:
    from ..capture.runtime.network import available_runtimes

    return available_runtimes()


def _failures_to_open(warn: Warn) -> Iterator[str]:
    """Open everything that a capture opens; the messages of what fails."""
    from ..body.model import load_body
    from ..capture.detection.blazepose.assets import open_landmark_finder, open_person_detector
    from ..capture.student.predict import load_student
    from ..errors import PoseNet3DError

    openers: tuple[Callable[[], object], ...] = (
        partial(open_person_detector, warn=warn),
        partial(open_landmark_finder, warn=warn),
        partial(load_student, warn=warn),
        load_body,
    )
    for opener in openers:
        try:
            opener()
        except PoseNet3DError as error:
            yield str(error)


def _what_is_missing(name: str) -> str:
    return "not installed" + (" (not needed to capture)" if name in USEFUL else "")
