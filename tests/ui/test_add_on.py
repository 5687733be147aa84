"""The add-on as Blender enables and calls it."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

pytest.importorskip("bpy")

import bpy

import posenet3d_blender

CHECKOUT = Path(__file__).parents[2]
pytestmark = pytest.mark.usefixtures("add_on")


def our_classes() -> list[type[bpy.types.bpy_struct]]:
    return [getattr(bpy.types, name) for name in dir(bpy.types) if name.startswith("POSENET3D_")]


def test_it_can_be_disabled_and_enabled_again() -> None:
    posenet3d_blender.unregister()
    assert not our_classes()
    assert not hasattr(bpy.types.Scene, "posenet3d")
    assert not hasattr(bpy.types.Object, "posenet3d")
    posenet3d_blender.register()
    assert bpy.types.POSENET3D_PT_capture.bl_category == "PoseNet3D"


def test_enabling_it_loads_no_network() -> None:
    heavy = "{'onnxruntime', 'torch', 'cv2', 'av', 'scipy.optimize'}"
    statement = f"import bpy, sys, posenet3d_blender; posenet3d_blender.register(); print({heavy} & set(sys.modules))"
    statement += (
        "; sys.stdout.flush(); import os; os._exit(0)"  # some of Blender's modules crash when they are unloaded
    )
    run = subprocess.run([sys.executable, "-c", statement], cwd=CHECKOUT, capture_output=True, text=True, check=True)
    assert run.stdout.strip().endswith("set()")


def test_everything_in_the_panel_has_a_tooltip() -> None:
    operators = [getattr(bpy.ops.posenet3d, name).get_rna_type() for name in dir(bpy.ops.posenet3d)]
    groups = [kind.bl_rna for kind in our_classes() if issubclass(kind, bpy.types.PropertyGroup)]
    assert len(operators) >= 8
    for described in (*operators, *groups):
        assert described.description, described.identifier
        for name, one in described.properties.items():
            if not name.startswith(("rna_type", "filter_", "check_existing")) and name != "name":
                assert one.description, (described.identifier, name)


def test_the_manifest_keeps_blenders_rules() -> None:
    manifest = tomllib.loads((CHECKOUT / "addon_manifest.toml").read_text(encoding="utf-8"))
    assert manifest["id"] == "posenet3d"
    assert manifest["blender_version_min"] == "4.2.0"
    for text in (manifest["tagline"], *manifest["permissions"].values()):
        assert len(text) <= 64
        assert re.search(r"[\w)]$", text)
