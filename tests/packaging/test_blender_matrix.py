"""The table of Blender versions that the tests run on."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tools.blender_matrix import MatrixError, read_matrix

CHECKOUT = Path(__file__).parents[2]


def test_the_oldest_version_is_the_manifests() -> None:
    manifest = tomllib.loads((CHECKOUT / "addon_manifest.toml").read_text(encoding="utf-8"))
    oldest = read_matrix()[0].version
    assert oldest.split(".")[:2] == manifest["blender_version_min"].split(".")[:2]


def test_a_table_that_does_not_fit_the_manifest_is_refused(tmp_path: Path) -> None:
    (tmp_path / "tools").mkdir()
    shutil.copy(CHECKOUT / "tools" / "blender_matrix.toml", tmp_path / "tools")
    (tmp_path / "addon_manifest.toml").write_text('blender_version_min = "4.4.0"\n', encoding="utf-8")
    with pytest.raises(MatrixError, match=r"begins with Blender 4\.2.*allows 4\.4\.0"):
        read_matrix(tmp_path)


def test_continuous_integration_gets_each_version_on_each_system() -> None:
    script = CHECKOUT / "tools" / "blender_matrix.py"
    run = subprocess.run([sys.executable, str(script), "--json"], capture_output=True, text=True, check=True)
    jobs = json.loads(run.stdout)["include"]
    versions = {blender.version for blender in read_matrix()}
    assert {(job["os"].partition("-")[0], job["version"]) for job in jobs} == {
        (system, version) for system in ("ubuntu", "windows", "macos") for version in versions
    }
