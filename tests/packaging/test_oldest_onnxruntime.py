"""The shipped networks give the same numbers on the oldest onnxruntime that any add-on package carries."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

import build_addon
from posenet3d_blender.arrays import AnyArray
from tools.addon.wheels import download, read_lock

PYTHON = ".".join(platform.python_version_tuple()[:2])


def oldest_version() -> str:
    """Of onnxruntime or its DirectML build, for this Python, on any platform."""
    requirements = [wheel.requirement for wheel in read_lock() if PYTHON in wheel.pythons]
    versions = [text.partition("==")[2] for text in requirements if text.startswith("onnxruntime")]
    if not versions:
        pytest.skip(f"no add-on is built for Python {PYTHON}")
    return min(versions, key=lambda version: tuple(int(part) for part in version.split(".")))


def unpacked_runtime(version: str, folder: Path) -> Path:
    """This machine's onnxruntime of a version, unpacked into a folder; its wheel is kept beside the add-on's."""
    cache = build_addon.WHEEL_CACHE / f"onnxruntime-{version}-python{PYTHON}"
    message = "" if list(cache.glob("*.whl")) else download(f"onnxruntime=={version}", PYTHON, [], cache)
    wheels = list(cache.glob("*.whl"))
    if not wheels:
        pytest.skip(f"onnxruntime {version} can't be downloaded here: {message[-200:]}")
    with zipfile.ZipFile(wheels[0]) as archive:
        archive.extractall(folder)
    return folder


def outputs_with(runtime: Path | None, out: Path) -> dict[str, AnyArray]:
    environment = os.environ | ({"PYTHONPATH": str(runtime)} if runtime else {})
    script = Path(__file__).with_name("run_networks.py")
    subprocess.run([sys.executable, str(script), str(out)], env=environment, check=True)
    with np.load(out) as archive:
        return dict(archive)


def test_networks_give_the_same_numbers_on_the_oldest_onnxruntime(tmp_path: Path) -> None:
    version = oldest_version()
    if version == importlib.metadata.version("onnxruntime"):
        pytest.skip("every test runs on the oldest onnxruntime here")
    old = outputs_with(unpacked_runtime(version, tmp_path / "runtime"), tmp_path / "old.npz")
    new = outputs_with(None, tmp_path / "new.npz")
    assert str(old.pop("version")) == version
    assert str(new.pop("version")) != version
    assert old.keys() == new.keys()
    assert {name.partition("/")[0] for name in old} >= {"pose_detection", "pose_landmark_heavy", "student"}
    for name, expected in new.items():
        scale = np.abs(expected).max()
        np.testing.assert_allclose(old[name], expected, rtol=0, atol=1e-5 * scale, err_msg=name)
