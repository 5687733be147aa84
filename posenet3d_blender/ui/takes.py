"""Takes: each capture is a collection with everyone's armature, and remembers the options it was captured with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import bpy

from .options import CaptureOptions
from .results import is_captured
from .settings import settings_of

_owner: Final = object()
"""Of the subscription to the active object."""


class POSENET3D_PG_person(bpy.types.PropertyGroup):
    """A captured person"""

    # Blender reads properties from annotations, where a type checker expects types
    armature: bpy.props.PointerProperty(name="Armature", type=bpy.types.Object)  # type: ignore[valid-type]


class POSENET3D_PG_captured_options(CaptureOptions, bpy.types.PropertyGroup):
    """Options that the motion of a take was captured with"""


class POSENET3D_PG_take(CaptureOptions, bpy.types.PropertyGroup):
    """A take: its options, as captured until they are changed for the next update, and the outcome of its capture"""

    # Blender reads properties from annotations, where a type checker expects types
    is_take: bpy.props.BoolProperty(  # type: ignore[valid-type]
        name="Is a Take", description="The collection holds a capture"
    )
    captured: bpy.props.PointerProperty(  # type: ignore[valid-type]
        name="Captured", description="Options of the present motion", type=POSENET3D_PG_captured_options
    )
    people: bpy.props.CollectionProperty(  # type: ignore[valid-type]
        name="People", description="Everyone's armatures, wherever they are moved to", type=POSENET3D_PG_person
    )
    camera: bpy.props.PointerProperty(  # type: ignore[valid-type]
        name="Camera", description="The solved camera, with the footage as its background", type=bpy.types.Object
    )
    image_size: bpy.props.IntVectorProperty(  # type: ignore[valid-type]
        name="Image Size", description="Render size for which the camera was made, pixels", size=2
    )
    rate: bpy.props.FloatProperty(  # type: ignore[valid-type]
        name="Frame Rate", description="Frames per second of the scene in which the take is keyed"
    )
    first_frame: bpy.props.IntProperty(  # type: ignore[valid-type]
        name="First Frame", description="Frame at which the captured range of the footage starts"
    )
    last_frame: bpy.props.IntProperty(  # type: ignore[valid-type]
        name="Last Frame", description="Frame of the last key"
    )
    is_one_of_several: bpy.props.BoolProperty(  # type: ignore[valid-type]
        name="One of Several Shots",
        description="Captured with other shots of the footage: in step with them, and shown in its own frames only",
    )
    root: bpy.props.StringProperty(  # type: ignore[valid-type]
        name="Motion On", description="Bone that carries the motion through the scene", default="hips"
    )
    rest: bpy.props.StringProperty(  # type: ignore[valid-type]
        name="Rest Pose", description="The arms in the rest pose", default="T"
    )
    heading: bpy.props.StringProperty(  # type: ignore[valid-type]
        name="Heading", description="Direction that the motion starts in", default="footage"
    )
    body_parts: bpy.props.StringProperty(  # type: ignore[valid-type]
        name="Body Parts", description="Parts of the body that are keyed", default="whole"
    )
    ran_on: bpy.props.StringProperty(  # type: ignore[valid-type]
        name="Ran On", description="Device that ran the networks, and their runtime"
    )
    warnings: bpy.props.StringProperty(name="Warnings", description="One per line")  # type: ignore[valid-type]


def take_of(collection: bpy.types.Collection) -> POSENET3D_PG_take:
    """The take of a collection; makes the property where it is missing."""
    take: POSENET3D_PG_take = collection.posenet3d
    return take


def captured_options(take: bpy.types.Collection) -> CaptureOptions:
    """The options that the present motion was captured with; those in the panel may be changed for the next update."""
    remembered = take_of(take)
    captured: CaptureOptions = remembered.captured
    return captured if captured.footage else remembered  # a take of an earlier version has one set of options


def is_take(collection: bpy.types.Collection | None) -> bool:
    """True for a captured collection. Asking leaves no property on others."""
    return bool(collection and collection.is_property_set("posenet3d") and collection.posenet3d.is_take)


def takes_in(scene: bpy.types.Scene) -> list[bpy.types.Collection]:
    """All takes of a scene."""
    return [collection for collection in scene.collection.children_recursive if is_take(collection)]


def people_of(take: bpy.types.Collection) -> list[bpy.types.Object]:
    """Everyone's armatures that are still in the file, in the order of people; copies of them are the user's."""
    remembered = take_of(take).people
    if not remembered:  # captured by an earlier version
        return [part for part in take.objects if part.type == "ARMATURE" and is_captured(part)]
    return [person.armature for person in remembered if person.armature and person.armature.users_scene]


def remember_people(take: bpy.types.Collection, armatures: Sequence[bpy.types.Object]) -> None:
    """Store everyone's armatures on the take."""
    people = take_of(take).people
    people.clear()
    for armature in armatures:
        people.add().armature = armature


def current_take(context: bpy.types.Context) -> bpy.types.Collection | None:
    """The take that the panel shows and all its buttons act on: the newest, or the one chosen since then."""
    return current_take_in(context.scene)


def current_take_in(scene: bpy.types.Scene) -> bpy.types.Collection | None:
    """The take that the panel would show in a scene, which need not be the window's."""
    take = settings_of(scene).take
    takes = takes_in(scene)
    if any(take == one for one in takes):
        chosen: bpy.types.Collection = take
        return chosen
    return takes[-1] if takes else None


def shown_armature(context: bpy.types.Context) -> bpy.types.Object | None:
    """The armature that the panel shows of the current take: the active object's if it has it, else the first."""
    take = current_take(context)
    people = people_of(take) if take else []
    active = context.active_object
    own = [person for person in people if active in (person, *person.children)]
    return next(iter([*own, *people]), None)


def follow_active_object() -> None:
    """Show the take of the active object, where it belongs to one."""
    active = bpy.context.view_layer.objects.active
    if active is None:
        return
    for take in takes_in(bpy.context.scene):
        people = people_of(take)
        if take in active.users_collection or active in people or active.parent in people:
            settings_of(bpy.context.scene).take = take


def _subscribe() -> None:
    bpy.msgbus.subscribe_rna(
        key=(bpy.types.LayerObjects, "active"),
        owner=_owner,
        args=(),
        notify=follow_active_object,
        options={"PERSISTENT"},
    )


@bpy.app.handlers.persistent
def _subscribe_after_loading(*_: object) -> None:
    _subscribe()  # Blender drops subscriptions with the old file


def scenes_of(take: bpy.types.Collection) -> Iterator[bpy.types.Scene]:
    """Scenes that show a take."""
    return (scene for scene in bpy.data.scenes if take in scene.collection.children_recursive)


_register_classes, _unregister_classes = bpy.utils.register_classes_factory(
    (POSENET3D_PG_person, POSENET3D_PG_captured_options, POSENET3D_PG_take)
)


def register() -> None:
    """Add takes to Blender's collection type, and follow the active object."""
    _register_classes()
    bpy.types.Collection.posenet3d = bpy.props.PointerProperty(type=POSENET3D_PG_take)
    bpy.app.handlers.load_post.append(_subscribe_after_loading)
    _subscribe()


def unregister() -> None:
    """Remove them from it."""
    bpy.msgbus.clear_by_owner(_owner)
    bpy.app.handlers.load_post.remove(_subscribe_after_loading)
    del bpy.types.Collection.posenet3d
    _unregister_classes()
