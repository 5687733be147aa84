"""Build a Blender scene from captured motions."""

from __future__ import annotations

from collections.abc import Sequence

import bpy

from ..background import Background
from ..body.model import Body
from ..build_options import BuildOptions
from ..motion import Motion
from ..motion_edit.body_parts import limit_to_parts
from ..motion_edit.heading import face_forward
from ..motion_edit.resample import resample_motions, scene_start
from ..numbered_names import person_suffix
from ..progress import Warn, ignore_warning
from .armature import add_armature
from .camera import add_camera, key_camera
from .footage import show_footage_in_steps
from .incremental import Steps, run
from .keys import CAPTURE_START, key_motion_in_steps
from .markers import mark_action, mark_low_confidence
from .matching import frame_size, match_scene
from .names import data_name
from .place import Place
from .removal import remove_captured
from .rest_pose import ARM_ANGLES
from .skin import add_material, add_skin_in_steps
from .sound import add_sound
from .timeline import frame_range, scene_rate, start_frame
from .visibility import key_visibility


def build_scene(
    motions: Sequence[Motion],
    body: Body,
    footage: Background | None = None,
    warn: Warn = ignore_warning,
    options: BuildOptions | None = None,
) -> list[bpy.types.Object]:
    """Add everyone's armature and skin, and the solved camera with the footage as its background, to the current scene.

    All objects go into one new collection named after the footage. Nothing else of the file changes but what `options`
    name; without them the scene's frame rate and range, its camera and its render size become the footage's, and
    markers show the frames of low confidence.

    Args:
        motions: one per person, of the same footage and frame rate; at least one.
        body: body that the motions were solved with.
        footage: the video or image sequence; None: no background.
        warn: called with one sentence where Blender can't show the footage.
        options: the choices; None: the defaults.

    Returns:
        One armature object per motion, in the same order.
    """
    return run(build_scene_in_steps(motions, body, footage, warn, options))


def build_scene_in_steps(
    motions: Sequence[Motion],
    body: Body,
    footage: Background | None = None,
    warn: Warn = ignore_warning,
    options: BuildOptions | None = None,
    place: Place | None = None,
) -> Steps[list[bpy.types.Object]]:
    """Build the scene in steps; the scene's own settings change in the last one.

    Closed early, or on an error, it removes the collection and the objects that it has made. For arguments and result
    see `build_scene`; `place` is the scene and collection that receive the new collection, None: the current scene and
    its own.
    """
    options = options or BuildOptions()
    scene, parent = place.find() if place else (bpy.context.scene, bpy.context.scene.collection)
    if options.heading == "forward":
        motions = face_forward(motions, body)
    motions = [limit_to_parts(motion, options.body_parts, body) for motion in motions]
    if not options.match.rate:
        motions = resample_motions(motions, scene_rate(scene), body)
    name = footage.name if footage else "PoseNet3D"
    collection = bpy.data.collections.new(data_name(name))
    parent.children.link(collection)
    # A moving camera is known for as long as somebody is in view.
    seen = max(motions, key=lambda motion: motion.frame_count if motion.camera else 0)
    camera = seen.camera
    camera_object = None
    try:
        armatures = yield from _add_people(motions, body, name, collection, options)
        if camera:
            frame = frame_size(scene, options.match, camera)
            camera_object = add_camera(data_name(name, "_camera"), camera, collection, frame)
            if seen.camera_path:
                key_camera(camera_object, seen.camera_path, start_frame(seen, motions, options.first_frame))
            if footage:
                yield from show_footage_in_steps(
                    camera_object, footage, camera.image_size, motions, warn, options.first_frame, frame
                )
        match_scene(scene, options.match, motions, options.first_frame, camera, camera_object)
        if options.markers:
            for armature, motion in zip(armatures, motions, strict=True):
                mark_low_confidence(scene, armature.name, motion, start_frame(motion, motions, options.first_frame))
        if options.sound and footage:
            add_sound(scene, footage, scene_start(motions), frame_range(motions, options.first_frame))
    except BaseException:  # GeneratorExit too, which `close` raises here
        remove_captured(collection.objects, [collection])
        raise
    bpy.context.view_layer.update()
    return armatures


def reset_to_empty() -> None:
    """Discard the open file and start from an empty one: for commands without a window, never in a user's session.

    Preferences and add-ons, this one included, stay as they are.
    """
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)


def _add_people(
    motions: Sequence[Motion], body: Body, name: str, collection: bpy.types.Collection, options: BuildOptions
) -> Steps[list[bpy.types.Object]]:
    material: bpy.types.Material | None = None
    armatures = []
    for number, motion in enumerate(motions, start=1):
        person = data_name(options.armature_name or name, person_suffix(number, len(motions)))
        with_fingers = motion.finger_poses is not None and body.fingers is not None
        armature = add_armature(person, body, motion.betas, collection, ARM_ANGLES[options.rest], with_fingers)
        armatures.append(armature)
        yield None
        # Not before its first skin, with which it is removed if the capture is cancelled.
        material = material or add_material(data_name(name, "_body"))
        skin = yield from add_skin_in_steps(armature, body, motion.betas, material, collection)
        first_frame = start_frame(motion, motions, options.first_frame)
        action = yield from key_motion_in_steps(armature, motion, first_frame, options.root, options.body_parts)
        armature[CAPTURE_START] = options.first_frame
        mark_action(action, motion, first_frame)
        last_frame = first_frame + motion.frame_count - 1
        key_visibility(skin, (first_frame, last_frame), frame_range(motions, options.first_frame))
        if options.as_asset:
            action.asset_mark()
    return armatures
