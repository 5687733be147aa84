"""`doctor` on a whole installation and on a damaged one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from posenet3d_blender.body import model
from posenet3d_blender.cli import doctor
from posenet3d_blender.cli.main import main
from tools.hash_assets import asset_hashes


def test_the_manifest_names_every_asset_as_it_is() -> None:
    assert json.loads((doctor.ASSETS / doctor.MANIFEST).read_text()) == asset_hashes()


def test_a_whole_installation_can_capture(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--json"]) == 0
    report = json.loads(capfd.readouterr().out)
    assert report["ok"]
    assert {"python", "numpy", "onnxruntime", "av", "cv2", "torch", "bpy"} <= report["versions"].keys()
    assert "cpu" in [device["device"] for device in report["devices"]]
    assert all(asset["status"] == "ok" and len(asset["sha256"]) == 64 for asset in report["assets"])


def test_changed_assets_are_named_but_do_not_forbid_a_capture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """A student that the user trained and exported takes the shipped one's place."""
    (tmp_path / "changed.onnx").write_bytes(b"something else")
    manifest = {"changed.onnx": "0" * 64, "missing.npz": "1" * 64}
    (tmp_path / doctor.MANIFEST).write_text(json.dumps(manifest))
    monkeypatch.setattr(doctor, "ASSETS", tmp_path)
    assert main(["doctor"]) == 0
    error = capfd.readouterr().err
    assert "changed.onnx is changed" in error
    assert "missing.npz is missing" in error


def test_an_asset_that_does_not_open_forbids_a_capture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(model, "SHIPPED_BODY", tmp_path / "body.npz")
    assert main(["doctor"]) == 1
    error = capfd.readouterr().err
    assert error.startswith("posenet3d: error: a capture can't run here")
    assert error.count("\n") == 1
    assert "body.npz" in error
