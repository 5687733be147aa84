"""Build a Blender scene from captured motions."""

from __future__ import annotations

from collections.abc import Sequence

import bpy

from ..background import Background
from ..body.model import Body
from ..motion import Motion
from .armature import add_armature
from .camera import add_camera
from .footage import Warn, ignore_warning, show_footage_in_steps
from .incremental import Steps, run
from .keys import key_motion_in_steps
from .markers import mark_low_confidence
from .names import data_name
from .skin import add_material, add_skin_in_steps
from .timeline import set_timeline, start_frame


def build_scene(
    motions: Sequence[Motion], body: Body, footage: Background | None = None, warn: Warn = ignore_warning
) -> list[bpy.types.Object]:
    """Add everyone's armature and skin, and the solved camera with the footage as its background, to the current scene.

    All objects go into one new collection named after the footage. Existing objects are kept; the scene's frame rate
    and range, its camera and its render size become the footage's, and markers show the frames of low confidence.

    Args:
        motions: one per person, of the same footage and frame rate; at least one.
        body: body that the motions were solved with.
        footage: the video or image sequence; None: no background.
        warn: called with one sentence where Blender can't show the footage.

    Returns:
        One armature object per motion, in the same order.
    """
    return run(build_scene_in_steps(motions, body, footage, warn))


def build_scene_in_steps(
    motions: Sequence[Motion], body: Body, footage: Background | None = None, warn: Warn = ignore_warning
) -> Steps[list[bpy.types.Object]]:
    """Build the scene in steps; the scene's own settings change in the last one.

    Closed early, or on an error, it restores the file. For arguments and result see `build_scene`.
    """
    scene = bpy.context.scene
    name = footage.name if footage else "PoseNet3D"
    collection = bpy.data.collections.new(data_name(name))
    scene.collection.children.link(collection)
    try:
        armatures = yield from _add_people(motions, body, name, collection)
        camera = next((motion.camera for motion in motions if motion.camera), None)
        camera_object = add_camera(data_name(name, "_camera"), camera, collection) if camera else None
        if camera_object and camera and footage:
            yield from show_footage_in_steps(camera_object, footage, camera.image_size, motions, warn)
    except BaseException:  # GeneratorExit too, which `close` raises here
        _remove(collection)
        raise
    set_timeline(scene, motions)
    if camera_object and camera:
        scene.camera = camera_object
        scene.render.resolution_x, scene.render.resolution_y = camera.image_size
        scene.render.resolution_percentage = 100
    for armature, motion in zip(armatures, motions, strict=True):
        mark_low_confidence(scene, armature.name, motion, start_frame(motion, motions))
    scene.frame_set(scene.frame_start)
    return armatures


def reset_to_empty() -> None:
    """Discard the open file and start from an empty one: for commands without a window, never in a user's session.

    Preferences and add-ons, this one included, stay as they are.
    """
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)


def _add_people(
    motions: Sequence[Motion], body: Body, name: str, collection: bpy.types.Collection
) -> Steps[list[bpy.types.Object]]:
    material = add_material(data_name(name, "_body"))
    armatures = []
    for number, motion in enumerate(motions, start=1):
        person = data_name(name, "" if len(motions) == 1 else f"_person{number}")
        armature = add_armature(person, body, motion.betas, collection)
        armatures.append(armature)
        yield
        yield from add_skin_in_steps(armature, body, motion.betas, material, collection)
        yield from key_motion_in_steps(armature, motion, start_frame(motion, motions))
    return armatures


def _remove(collection: bpy.types.Collection) -> None:
    """Remove a collection of ours with all data that was made for it."""
    data: dict[bpy.types.ID, None] = {collection: None}
    for part in collection.objects:
        data |= dict.fromkeys((part, part.data))
        for animated in (part, part.data):
            if animated.animation_data and animated.animation_data.action:
                data[animated.animation_data.action] = None
        if part.type == "MESH":
            data |= dict.fromkeys(part.data.materials)
        if part.type == "CAMERA":
            data |= {image.image: None for image in part.data.background_images if image.image}
    bpy.data.batch_remove(list(data))
