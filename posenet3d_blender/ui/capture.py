"""The operators that capture from a video, and that capture a take again with other options."""

from __future__ import annotations

import bpy

from ..errors import PoseNet3DError, printable
from ..scene.place import Place
from ..scene.replace_take import check_replaceable
from .capture_task import new_take_task, request_of, summary, update_task
from .characters import check_chosen
from .footage_browser import FootageBrowser
from .modal_task import ModalTaskOperator
from .scene_options import scene_options_of
from .settings import settings_of
from .takes import current_take, current_take_in, people_of, take_of, takes_in


class POSENET3D_OT_capture(ModalTaskOperator, FootageBrowser, bpy.types.Operator):
    """Capture the motion of a person in a video as an animated armature, as a new take"""

    bl_idname = "posenet3d.capture"
    bl_label = "Capture from Video"
    bl_options = {"UNDO"}  # not REGISTER: adjusting a setting afterwards would capture again

    # Blender reads properties from annotations, where a type checker expects types
    filepath: bpy.props.StringProperty(  # type: ignore[valid-type]
        name="Footage",
        description="The video; empty: as set in the panel",
        subtype="FILE_PATH",
        options={"SKIP_SAVE"},
    )
    person: bpy.props.StringProperty(  # type: ignore[valid-type]
        name="Person",
        description="largest, longest, all, or a number from 1; empty: as set in the panel",
        options={"SKIP_SAVE"},
    )

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        if settings_of(context.scene).footage or self.filepath:
            return self.execute(context)
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        settings = settings_of(context.scene)
        if self.filepath:
            settings.choose_footage(self.filepath)
        if not settings.footage:
            self.report({"ERROR"}, "No footage is chosen; choose a video in the PoseNet3D tab")
            return {"CANCELLED"}
        try:
            check_chosen(context.scene)
        except PoseNet3DError as error:
            self.report({"ERROR"}, printable(str(error)))
            return {"CANCELLED"}
        self._place = Place.of(context)
        self._before = len(takes_in(context.scene))
        options = scene_options_of(context.scene).build_options()
        return self.begin(context, new_take_task(request_of(settings, person=self.person), options, self._place))

    def outcome(self) -> tuple[set[str], str]:
        scene, _ = self._place.find()  # the user may look at another one by now
        count = len(takes_in(scene)) - self._before
        shots = f" in the last of {count} shots, each a take" if count > 1 else ""
        return {"INFO"}, _summary(current_take_in(scene)) + shots


class POSENET3D_OT_update_take(ModalTaskOperator, bpy.types.Operator):
    """Give a take the motion by its present options, in place"""

    bl_idname = "posenet3d.update_take"
    bl_label = "Update Take"
    bl_description = (
        "Solve this take again with these options, in place: names, constraints and other actions stay, edits of the "
        "captured keys are replaced. Joints that were found before are used again"
    )
    bl_options = {"UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return super().poll(context) and current_take(context) is not None

    def execute(self, context: bpy.types.Context) -> set[str]:
        take = current_take(context)
        if take is None:
            return {"CANCELLED"}
        if take_of(take).shots == "all":
            self.report({"ERROR"}, "A take holds one shot; choose Longest or By Number, or capture anew with All")
            return {"CANCELLED"}
        try:
            check_replaceable(people_of(take))
        except PoseNet3DError as error:
            self.report({"ERROR"}, printable(str(error)))
            return {"CANCELLED"}
        self._uid = take.session_uid
        return self.begin(context, update_task(request_of(take_of(take)), take))

    def outcome(self) -> tuple[set[str], str]:
        return {"INFO"}, _summary(next((one for one in bpy.data.collections if one.session_uid == self._uid), None))


def _summary(take: bpy.types.Collection | None) -> str:
    """One line that tells what a take holds."""
    return summary(take) if take else "Done"


register, unregister = bpy.utils.register_classes_factory((POSENET3D_OT_capture, POSENET3D_OT_update_take))
