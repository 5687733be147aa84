"""Give the objects of an earlier capture a new motion in place.

The new capture is built beside the old one. Then the old objects take over its bones, skin, keys and camera: names,
constraints, parents, modifiers and NLA tracks of the old objects stay. What they had before is removed last.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import bpy
import numpy as np
from mathutils import Matrix

from ..errors import PoseNet3DError
from .incremental import Steps
from .keys import assign_action
from .markers import markers_of, move_markers
from .names import data_name
from .put_back import SetAside
from .skin import SKIN_VERTICES, skin_meshes


def replace_take(
    scene: bpy.types.Scene,
    take: bpy.types.Collection,
    people: Sequence[bpy.types.Object],
    actions: Sequence[bpy.types.Action | None],
    camera: bpy.types.Object | None,
    build: Steps[list[bpy.types.Object]],
    follow: Callable[[Sequence[bpy.types.Object]], Steps[None]] | None = None,
) -> Steps[tuple[list[bpy.types.Object], bpy.types.Object | None]]:
    """Replace a take's motion by what `build` builds; closed early, or on an error, the take stays as it was.

    Args:
        scene: of the take; `build` leaves its settings alone.
        take: collection of the earlier capture.
        people: its armatures.
        actions: of each, the action that holds the captured keys.
        camera: its solved camera.
        build: from `build_scene_in_steps`.
        follow: gives others the new motion of the armatures that stay, or leaves them all as they were; None: nobody
            follows them.

    Returns:
        The take's armatures, of as many people as were built, and its camera.

    Raises:
        PoseNet3DError: the take can't be changed as it is; nothing has been then.
    """
    check_replaceable(people)
    markers = list(scene.timeline_markers)
    built = yield from build
    source = built[0].users_collection[0]
    kept = list(people[: len(built)])
    own_camera = [camera] if camera and camera.name in take.objects else []
    made = list(dict.fromkeys([*built, *skin_meshes(built), *source.objects]))
    aside = SetAside([*people, *skin_meshes(people), *own_camera])
    try:
        for old, action, new in zip(people, actions, built, strict=False):
            _swap_person(old, action, new, aside)
        camera = _swap_camera(take, camera, source)
        if follow:
            yield from follow(kept)
    except BaseException:  # GeneratorExit too, which `close` raises here
        for marker in [one for new in built for one in markers_of(scene, new.name) if one not in markers]:
            scene.timeline_markers.remove(marker)
        aside.put_back(made, source)
        raise
    for old, new in zip(people, built, strict=False):
        move_markers(scene, new.name, old.name)
    # Those who have no counterpart move over to the take; of the old ones nothing stays.
    added_people, removed_people = built[len(people) :], people[len(built) :]
    _move_to(take, added_people, source)
    for person in removed_people:
        move_markers(scene, person.name, None)
    aside.discard([*removed_people, *skin_meshes(removed_people), *source.objects], source)
    _restore_names(kept)
    bpy.context.view_layer.update()
    return [*kept, *added_people], camera


def _move_to(
    take: bpy.types.Collection, added_people: Sequence[bpy.types.Object], source: bpy.types.Collection
) -> None:
    for part in (*added_people, *skin_meshes(added_people)):
        take.objects.link(part)
        source.objects.unlink(part)


def check_replaceable(people: Sequence[bpy.types.Object]) -> None:
    """Check that a take's armatures and skins can be given another motion.

    Raises:
        PoseNet3DError: one of them is being edited, or belongs to another file.
    """
    for part in (*people, *skin_meshes(people)):
        if part.mode == "EDIT":  # Blender would write the edited bones or vertices over the new ones
            raise PoseNet3DError(f"{part.name}: it is in edit mode; leave edit mode first")
        if part.library or part.override_library:
            raise PoseNet3DError(f"{part.name}: it is linked from another file; update the take there")


def _swap_person(
    old: bpy.types.Object, action: bpy.types.Action | None, new: bpy.types.Object, aside: SetAside
) -> None:
    modes = {bone.name: bone.rotation_mode for bone in new.pose.bones}
    bases = {bone.name: bone.matrix_basis.copy() for bone in new.pose.bones}
    looks = {bone.name: _look(bone) for bone in new.pose.bones if bone.name not in old.pose.bones}
    old.data, new.data = new.data, old.data
    for bone in old.pose.bones:
        bone.rotation_mode = modes.get(bone.name, bone.rotation_mode)
        for name, value in looks.get(bone.name, {}).items():
            setattr(bone, name, value)
        # Bones without keys, of a part of the body that stands still, are posed once.
        basis = bases.get(bone.name)
        if basis is not None and basis != Matrix.Identity(4):
            bone.matrix_basis = basis
    _swap_action(old, action, new, aside)
    for name in new.keys():  # noqa: SIM118 - a datablock is no dictionary
        if isinstance(new[name], int | float):
            old[name] = new[name]
    for old_skin, new_skin in zip(skin_meshes([old]), skin_meshes([new]), strict=False):
        _swap_skin(old_skin, new_skin)


def _look(bone: bpy.types.PoseBone) -> dict[str, object]:
    """Custom shape of a bone, as the object keeps it: that of a finger which the earlier capture did not have."""
    scale = tuple(bone.custom_shape_scale_xyz)  # a copy: the bone may be gone when it is needed
    return {
        "custom_shape": bone.custom_shape,
        "use_custom_shape_bone_size": bone.use_custom_shape_bone_size,
        "custom_shape_scale_xyz": scale,
    }


def _swap_action(
    old: bpy.types.Object, action: bpy.types.Action | None, new: bpy.types.Object, aside: SetAside
) -> None:
    """The new keys take the place of the captured action wherever it is used: on the object, in NLA strips."""
    new_action = new.animation_data.action
    if action is None:
        assign_action(old, new_action, like=new)
        return
    new.animation_data_clear()
    aside.replace(action, new_action)
    _hand_over(old, action, new_action)


def replace_action(animated: bpy.types.Object, former: bpy.types.Action, action: bpy.types.Action) -> None:
    """An action takes name and place of a former one, which is removed, on the object and in its NLA strips."""
    _hand_over(animated, former, action)
    bpy.data.actions.remove(former)


def _hand_over(animated: bpy.types.Object, former: bpy.types.Action, action: bpy.types.Action) -> None:
    """Give an action a former one's name and place, on the object and in its NLA strips; that one stays, renamed."""
    former_range, name = tuple(former.frame_range), former.name
    has_fake_user = former.use_fake_user  # the remap moves it
    former.user_remap(action)
    for strip in _strips_with(animated, action):
        if hasattr(strip, "action_slot"):
            strip.action_slot = action.slots[0]
        if (strip.action_frame_start, strip.action_frame_end) == former_range:
            _give_range(strip, former_range[0], action)
    animation = animated.animation_data
    if animation and animation.action == action and hasattr(animation, "action_slot"):
        animation.action_slot = action.slots[0]
    _keep_asset(former, action)
    former.name = data_name(name, "_former")
    action.name, action.use_fake_user = name, has_fake_user


def _keep_asset(former: bpy.types.Action, action: bpy.types.Action) -> None:
    """An action of the asset library stays there, in its catalogue."""
    if former.asset_data is None:
        return
    action.asset_mark()
    for name in ("author", "catalog_id", "copyright", "description", "license"):
        setattr(action.asset_data, name, getattr(former.asset_data, name))
    for tag in former.asset_data.tags:
        action.asset_data.tags.new(tag.name, skip_if_exists=True)


def _give_range(strip: bpy.types.NlaStrip, former_start: float, action: bpy.types.Action) -> None:
    """Let a strip play the whole action; one that lay where its action began lies there again."""
    first, last = action.frame_range
    lay_in_place = strip.frame_start == former_start and strip.scale == 1.0
    # Blender keeps start before end in each single step.
    strip.action_frame_end = max(last, strip.action_frame_end)
    strip.action_frame_start, strip.action_frame_end = first, last
    if lay_in_place:
        strip.frame_end = max(last, strip.frame_end)
        strip.frame_start, strip.frame_end = first, last


def _strips_with(armature: bpy.types.Object, action: bpy.types.Action) -> Iterator[bpy.types.NlaStrip]:
    if armature.animation_data:
        for track in armature.animation_data.nla_tracks:
            yield from (strip for strip in track.strips if strip.action == action)


def _swap_skin(old: bpy.types.Object, new: bpy.types.Object) -> None:
    """The old skin gets the new shape and visibility; one of another body or with other bones takes its place."""
    _take_animation(old, new)
    if len(old.data.vertices) != len(new.data.vertices) or old.vertex_groups.keys() != new.vertex_groups.keys():
        _give_materials(old.data, new.data)
        old.data, new.data = new.data, old.data
        old[SKIN_VERTICES] = len(old.data.vertices)
        return
    points = np.empty(3 * len(new.data.vertices), dtype=np.float32)
    new.data.vertices.foreach_get("co", points)
    old.data.vertices.foreach_set("co", points)
    old.data.update()


def _give_materials(old: bpy.types.Mesh, new: bpy.types.Mesh) -> None:
    """The new mesh gets the old one's materials; they stay on their faces where it has the same, on the first else."""
    made = set(filter(None, new.materials))
    new.materials.clear()
    for material in old.materials:
        new.materials.append(material)
    for material in made:
        if not material.users:
            bpy.data.materials.remove(material)
    if len(old.polygons) == len(new.polygons):
        slots = np.zeros(len(old.polygons), dtype=np.int32)
        old.polygons.foreach_get("material_index", slots)
        new.polygons.foreach_set("material_index", slots)


def _swap_camera(
    take: bpy.types.Collection, old: bpy.types.Object | None, source: bpy.types.Collection
) -> bpy.types.Object | None:
    new = next((part for part in source.objects if part.type == "CAMERA"), None)
    if new is None:
        return old
    if old is None or old.name not in take.objects:
        take.objects.link(new)
        source.objects.unlink(new)
        return new
    old.data, new.data = new.data, old.data
    old.matrix_basis = new.matrix_basis
    _take_animation(old, new)
    old.data.name = old.name
    return old


def _take_animation(old: bpy.types.Object, new: bpy.types.Object) -> None:
    """The old object gets the new one's action, or none, in place of its own."""
    former = old.animation_data.action if old.animation_data else None
    animation = new.animation_data
    if animation and animation.action:
        assign_action(old, animation.action, like=new)
        new.animation_data_clear()
    elif former:
        old.animation_data_clear()
        # Without the keys that hid it until somebody came into view.
        old.hide_viewport, old.hide_render = new.hide_viewport, new.hide_render
    if former and not former.users:
        bpy.data.actions.remove(former)


def _restore_names(people: Sequence[bpy.types.Object]) -> None:
    """Data is named like its object, as it was before."""
    for person in people:
        person.data.name = person.name
