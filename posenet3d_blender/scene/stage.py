"""From captured motions to a Blender scene."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import bpy

from ..body.model import Body
from ..motion import Motion
from .armature import add_armature
from .camera import add_camera
from .footage import show_footage
from .keys import key_motion
from .skin import add_material, add_skin
from .timeline import set_timeline, start_frame


def build_scene(motions: Sequence[Motion], body: Body, footage_path: Path | None = None) -> list[bpy.types.Object]:
    """Add everyone's armature and skin, and the solved camera with the footage behind them, to the current scene.

    All goes in one new collection named after the footage. Nothing that is there already is removed; the scene's
    frame rate and range, its camera and its render size become the footage's.

    Args:
        motions: one per person, of the same footage and rate; at least one.
        body: whose shape coefficients and rest joints the motions are made with.
        footage_path: the video; None when there is none to show.

    Returns:
        One armature object per motion, in the same order.
    """
    scene = bpy.context.scene
    name = footage_path.stem if footage_path else "PoseNet3D"
    collection = bpy.data.collections.new(name)
    scene.collection.children.link(collection)
    set_timeline(scene, motions)
    material = add_material(f"{name}_body")
    armatures = []
    for number, motion in enumerate(motions, start=1):
        person = name if len(motions) == 1 else f"{name}_person{number}"
        armature = add_armature(person, body, motion.betas, collection)
        add_skin(armature, body, motion.betas, material, collection)
        key_motion(armature, motion, start_frame(motion, motions))
        armatures.append(armature)
    camera = next((motion.camera for motion in motions if motion.camera), None)
    if camera:
        camera_object = add_camera(f"{name}_camera", camera, collection)
        scene.camera = camera_object
        scene.render.resolution_x, scene.render.resolution_y = camera.image_size
        scene.render.resolution_percentage = 100
        if footage_path:
            show_footage(camera_object, footage_path, scene, start=min(float(motion.time[0]) for motion in motions))
    scene.frame_set(scene.frame_start)
    return armatures


def reset_to_empty() -> None:
    """Throw away the open file and start from an empty one: for commands without a window, never for a user's session.

    Preferences and add-ons stay, ours among them.
    """
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
