"""Names of data-blocks fit in Blender's 63 bytes, and people are told apart by them."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import numpy as np
import pytest

from posenet3d_blender.background import Background
from posenet3d_blender.body.model import Body
from posenet3d_blender.camera import Camera
from posenet3d_blender.scene.build import build_scene
from posenet3d_blender.scene.names import data_name

from .conftest import MakeMotion

bpy = pytest.importorskip("bpy")
FAMILY = "\N{WOMAN}\u200d\N{WOMAN}\u200d\N{GIRL}"
STEMS = ["walk", "x" * 63, "x" * 80, "\u00e9" * 60, "a" + FAMILY * 6, "y" * 60 + "_person2", "line\nbreak" * 9]


@pytest.mark.parametrize("stem", [*STEMS, os.fsdecode(b"caf\xe9" * 20)])
@pytest.mark.parametrize("suffix", ["", "_body", "_person12", ": confidence restored"])
def test_a_name_keeps_its_suffix_and_fits(stem: str, suffix: str) -> None:
    name = data_name(stem, suffix)
    assert len(name.encode()) <= 63
    assert name.endswith(suffix)
    assert name.isprintable() or FAMILY in stem
    if len((stem + suffix).encode(errors="surrogateescape")) <= 63 and stem.isprintable():
        assert name == stem + suffix


def test_the_persons_number_is_kept_and_characters_stay_whole() -> None:
    assert data_name("y" * 60 + "_person2", "_body") == "y" * 50 + "_person2_body"
    assert data_name("y" * 60 + "_person2.001", "_body") == "y" * 46 + "_person2.001_body"
    assert data_name("\u00e9" * 40, "_body") == "\u00e9" * 29 + "_body"
    assert data_name("\N{WOMAN}\u200d" * 12) == ("\N{WOMAN}\u200d" * 9).removesuffix("\u200d")


@pytest.mark.parametrize("stem", STEMS)
def test_everyone_of_a_capture_has_a_name_of_their_own(
    stem: str, body: Body, make_motion: MakeMotion, tmp_path: Path
) -> None:
    motion = dataclasses.replace(make_motion(camera=Camera(500.0, (640, 480), np.eye(4))), confidence=np.zeros(12))
    # without footage to show, as it is not there
    people = [dataclasses.replace(motion, camera=None) for _ in range(11)]
    footage = Background(tmp_path / f"{stem}.mp4", stem, motion.time, motion.time)
    armatures = build_scene(people, body, footage)
    for number, armature in enumerate(armatures, start=1):
        skin = next(child for child in armature.children if child.type == "MESH")
        assert armature.name.endswith(f"_person{number}")
        assert skin.name.endswith(f"_person{number}_body")
        assert armature.animation_data.action.name.endswith(f"_person{number}_motion")
        assert f"{number}: low confidence" in {
            marker.name.rpartition("_person")[2] for marker in bpy.context.scene.timeline_markers
        }
    names = [data.name for kind in (bpy.data.objects, bpy.data.actions, bpy.data.meshes) for data in kind]
    assert not [name for name in names if name.endswith((".001", ".002"))]
