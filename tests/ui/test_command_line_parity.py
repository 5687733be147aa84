"""Every option of the command line is in the panel, in the preferences or in the export, or left out on purpose."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

pytest.importorskip("bpy")

import bpy

from posenet3d_blender.cli.clip_arguments import add_clip_settings
from posenet3d_blender.ui.character_settings import retarget_settings
from posenet3d_blender.ui.export import FORMATS
from posenet3d_blender.ui.preferences import POSENET3D_AP_preferences
from posenet3d_blender.ui.scene_options import scene_options_of
from posenet3d_blender.ui.settings import settings_of

pytestmark = pytest.mark.usefixtures("add_on")
PAGE = Path(__file__).parents[2] / "docs" / "first-capture.md"
IN_SETTINGS = {
    "--device": "device",
    "--person": "person",
    "--shots": "shots",
    "--fov": "view_angle",
    "--camera": "camera_motion",
    "--mirror": "mirror",
    "--hands": "hands",
    "--height": "height",
    "--input-fps": "input_fps",
    "--smoothing": "smoothing",
    "--foot-lock": "foot_lock",
    "--detector": "quality",
    "--body": "body",
    "--keypoints": "keypoints",
    "--start": "start",
    "--end": "end",
}
IN_SCENE = {
    "--preset": "preset",
    "--root": "root",
    "--rest": "rest",
    "--heading": "heading",
    "--body-parts": "body_parts",
}
IN_CHARACTER = {"--target": "target", "--map": "map_text"}
IN_PREFERENCES = {"--student": "student"}
IN_EXPORT = {"--smplh": "smpl_h"}
LEFT_OUT = ("--fps",)
EXPORTED = {"--preview": "mp4", "--contact-sheet": "jpg", "--keypoints-out": "json", "-o": "fbx"}


def test_each_option_has_its_place() -> None:
    parser = argparse.ArgumentParser(add_help=False)
    add_clip_settings(parser)
    options = {action.option_strings[0] for action in parser._actions}
    scene = bpy.context.scene
    character = retarget_settings(scene).first
    export = bpy.ops.posenet3d.export.get_rna_type().properties
    places = (
        (IN_SETTINGS, settings_of(scene).bl_rna.properties),
        (IN_SCENE, scene_options_of(scene).bl_rna.properties),
        (IN_CHARACTER, character.bl_rna.properties),
        (IN_PREFERENCES, POSENET3D_AP_preferences.__annotations__),
        (IN_EXPORT, export),
    )
    assert not options - {option for names, _ in places for option in names} - set(LEFT_OUT)
    for names, properties in places:
        assert not [option for option, name in names.items() if name not in properties]
    assert set(EXPORTED.values()) <= {key for key, _, _ in FORMATS}


def test_the_documentation_says_what_is_left_out() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert all(f"`{option}`" in text for option in LEFT_OUT)
