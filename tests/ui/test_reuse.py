"""The operators that reuse motions, on several armatures at once."""

from __future__ import annotations

import pytest

pytest.importorskip("bpy")

import bpy

from posenet3d_blender.body.model import load_body
from posenet3d_blender.scene import build_scene
from posenet3d_blender.scene.bake import bake
from posenet3d_blender.scene.key_reduction import Tolerance
from posenet3d_blender.scene.keys import curves_of

from .conftest import standing

pytestmark = pytest.mark.usefixtures("add_on")


@pytest.fixture
def pair() -> list[bpy.types.Object]:
    """Two captured armatures, selected."""
    pair = build_scene([standing(40), standing(40)], load_body())
    for armature in pair:
        armature.select_set(True)
    bpy.context.view_layer.objects.active = pair[0]
    return pair


def is_loop(armature: bpy.types.Object) -> bool:
    return armature.animation_data.action.use_cyclic or any(len(curve.modifiers) for curve in curves_of(armature))


def test_all_selected_become_loops(pair: list[bpy.types.Object]) -> None:
    assert bpy.ops.posenet3d.make_loop(blend_frames=5) == {"FINISHED"}
    assert all(is_loop(armature) for armature in pair)


def test_none_becomes_a_loop_if_one_of_them_can_not(pair: list[bpy.types.Object]) -> None:
    """A cancelled operator makes no undo step, so that the change could not be taken back by itself."""
    bake(pair[1], tolerance=Tolerance())
    with pytest.raises(RuntimeError, match="reduced"):
        bpy.ops.posenet3d.make_loop(blend_frames=5)
    assert not any(is_loop(armature) for armature in pair)
