"""The add-on as Blender enables and calls it."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

bpy = pytest.importorskip("bpy")

import posenet3d_blender  # noqa: E402
from posenet3d_blender.scene import reset_to_empty  # noqa: E402

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def add_on():
    reset_to_empty()
    posenet3d_blender.register()
    yield
    posenet3d_blender.unregister()


@pytest.fixture
def video(tmp_path):
    path = tmp_path / "walk.mp4"
    path.touch()
    return path


def test_it_can_be_disabled_and_enabled_again():
    posenet3d_blender.unregister()
    assert not hasattr(bpy.types, "POSENET3D_PT_capture")
    posenet3d_blender.register()
    assert bpy.types.POSENET3D_PT_capture.bl_category == "PoseNet3D"


def test_enabling_it_loads_no_network():
    heavy = "{'onnxruntime', 'torch', 'cv2', 'av', 'scipy'}"
    statement = f"import bpy, sys, posenet3d_blender; posenet3d_blender.register(); print({heavy} & set(sys.modules))"
    statement += "; posenet3d_blender.unregister()"  # the wheel crashes at exit where a command is still registered
    run = subprocess.run([sys.executable, "-c", statement], cwd=CHECKOUT, capture_output=True, text=True, check=True)
    assert run.stdout.strip().endswith("set()")


def test_capturing_adds_the_person_to_the_scene(pipeline, video):
    assert bpy.ops.posenet3d.capture(filepath=str(video)) == {"FINISHED"}
    armature = bpy.data.objects["walk"]
    assert armature.type == "ARMATURE"
    assert bpy.context.scene.frame_end == 5


def test_everyone_gets_an_armature(pipeline, video):
    bpy.ops.posenet3d.capture(filepath=str(video), person="all")
    assert len(bpy.data.armatures) == 2


@pytest.mark.parametrize(("name", "message"), [("nothing", "no such file"), ("bug", "failed unexpectedly")])
def test_a_failure_is_reported_and_the_next_capture_works(pipeline, video, name, message):
    if name == "bug":
        video.with_stem(name).touch()
    with pytest.raises(RuntimeError, match=message):
        bpy.ops.posenet3d.capture(filepath=str(video.with_stem(name)))
    assert not bpy.data.objects
    assert bpy.ops.posenet3d.capture(filepath=str(video)) == {"FINISHED"}


def test_cancelling_is_offered_only_while_capturing():
    assert bpy.ops.posenet3d.capture.poll()
    assert not bpy.ops.posenet3d.cancel.poll()


def test_the_manifest_keeps_blenders_rules():
    manifest = tomllib.loads((CHECKOUT / "addon_manifest.toml").read_text(encoding="utf-8"))
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert manifest["id"] == "posenet3d"
    assert manifest["version"] == project["version"]
    assert manifest["blender_version_min"] == "4.2.0"
    for text in (manifest["tagline"], *manifest["permissions"].values()):
        assert len(text) <= 64
        assert re.search(r"[\w)]$", text)
