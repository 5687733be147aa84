"""The Character sub-panel: the user's own characters, their bones, and the operators that use them."""

from __future__ import annotations

from pathlib import Path

import bpy

from ..errors import PoseNet3DError, printable
from ..retargeting.map_file import load_map, save_map
from ..retargeting.recognise import Recognition
from ..scene.incremental import Steps
from ..scene.retarget.check_target import check_target
from .character_settings import POSENET3D_PG_character, chosen_characters, retarget_settings
from .characters import KeyedCharacters, check_chosen, key_people
from .modal_task import ModalTaskOperator, current_task
from .panel import POSENET3D_PT_capture
from .sidebar import SidebarTab
from .takes import current_take, people_of, shown_armature
from .task import StepTask


class _CharacterOperator:
    """An operator on one of the characters; `person` counts from 1."""

    bl_options = {"REGISTER", "UNDO"}

    def row(self, context: bpy.types.Context) -> POSENET3D_PG_character:
        """The character and its choices."""
        person: int = self.person  # type: ignore[attr-defined]
        return retarget_settings(context.scene).rows[max(person, 1) - 1]

    def fail(self, error: PoseNet3DError) -> set[str]:
        """Report the error's one line."""
        self.report({"ERROR"}, printable(str(error)))  # type: ignore[attr-defined]
        return {"CANCELLED"}


class POSENET3D_OT_find_bones(_CharacterOperator, bpy.types.Operator):
    """Recognise the character's bones by their names and show them"""

    bl_idname = "posenet3d.find_bones"
    bl_label = "Find Bones"

    # Blender reads properties from annotations, where a type checker expects types
    person: bpy.props.IntProperty(name="Person", description="Counted from 1", default=1)  # type: ignore[valid-type]

    def execute(self, context: bpy.types.Context) -> set[str]:
        row = self.row(context)
        try:
            found: Recognition = check_target(row.target, scene=context.scene)
        except PoseNet3DError as error:
            return self.fail(error)
        row.set_map(found.bone_map)
        for warning in found.warnings:
            self.report({"WARNING"}, printable(warning))
        self.report({"INFO"}, f"Bones of a {found.bone_map.name} rig")
        return {"FINISHED"}


class POSENET3D_OT_load_bone_map(_CharacterOperator, bpy.types.Operator):
    """Take the character's bones from a bone map, a JSON file"""

    bl_idname = "posenet3d.load_bone_map"
    bl_label = "Load Bone Map"

    # Blender reads properties from annotations, where a type checker expects types
    filepath: bpy.props.StringProperty(  # type: ignore[valid-type]
        name="File", description="The bone map", subtype="FILE_PATH", options={"SKIP_SAVE"}
    )
    filter_glob: bpy.props.StringProperty(default="*.json", options={"HIDDEN"})  # type: ignore[valid-type]
    person: bpy.props.IntProperty(name="Person", description="Counted from 1", default=1)  # type: ignore[valid-type]

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        row = self.row(context)
        try:
            bone_map = load_map(Path(bpy.path.abspath(self.filepath)))
            check_target(row.target, bone_map, context.scene)
        except PoseNet3DError as error:
            return self.fail(error)
        row.set_map(bone_map)
        return {"FINISHED"}


class POSENET3D_OT_save_bone_map(_CharacterOperator, bpy.types.Operator):
    """Save the character's bones as a bone map, to share it or to use it at the command line"""

    bl_idname = "posenet3d.save_bone_map"
    bl_label = "Save Bone Map"
    bl_options = {"REGISTER"}

    # Blender reads properties from annotations, where a type checker expects types
    filepath: bpy.props.StringProperty(  # type: ignore[valid-type]
        name="File", description="The bone map to write", subtype="FILE_PATH", options={"SKIP_SAVE"}
    )
    filter_glob: bpy.props.StringProperty(default="*.json", options={"HIDDEN"})  # type: ignore[valid-type]
    check_existing: bpy.props.BoolProperty(default=True, options={"HIDDEN"})  # type: ignore[valid-type]
    person: bpy.props.IntProperty(name="Person", description="Counted from 1", default=1)  # type: ignore[valid-type]

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        target = self.row(context).target
        self.filepath = f"{target.name if target else 'character'}.json"
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        row = self.row(context)
        path = Path(bpy.path.ensure_ext(bpy.path.abspath(self.filepath), ".json"))
        try:
            bone_map = row.bone_map() or check_target(row.target, scene=context.scene).bone_map
            save_map(bone_map, path)
        except PoseNet3DError as error:
            return self.fail(error)
        self.report({"INFO"}, printable(f"Wrote {path}"))
        return {"FINISHED"}


class POSENET3D_OT_clear_bone_map(_CharacterOperator, bpy.types.Operator):
    """Drop the bones that were found, edited or loaded, so that the rig is recognised again"""

    bl_idname = "posenet3d.clear_bone_map"
    bl_label = "Clear Bone Map"

    # Blender reads properties from annotations, where a type checker expects types
    person: bpy.props.IntProperty(name="Person", description="Counted from 1", default=1)  # type: ignore[valid-type]

    def execute(self, context: bpy.types.Context) -> set[str]:
        self.row(context).clear_map()
        return {"FINISHED"}


class POSENET3D_OT_retarget(ModalTaskOperator, bpy.types.Operator):
    """Key the captured motion on the chosen characters, as new actions; their present actions are kept"""

    bl_idname = "posenet3d.retarget"
    bl_label = "Retarget to Character"
    bl_options = {"UNDO"}  # not REGISTER: adjusting a setting afterwards would retarget again

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return super().poll(context) and shown_armature(context) is not None

    def execute(self, context: bpy.types.Context) -> set[str]:
        source = shown_armature(context)
        assert source is not None, "poll checks this"
        try:
            characters = chosen_characters(context.scene)
            if not any(characters):
                raise PoseNet3DError("No character is chosen; choose an armature in the Character panel")
            check_chosen(context.scene)
        except PoseNet3DError as error:
            self.report({"ERROR"}, printable(str(error)))
            return {"CANCELLED"}
        take = current_take(context)
        people = people_of(take) if take and len(characters) > 1 else [source]
        self._keyed = KeyedCharacters()
        return self.begin(context, StepTask("Retargeting", "retargeting", self._steps(context.scene, people)))

    def outcome(self) -> tuple[set[str], str]:
        for sentence in self._keyed.sentences:
            self.report({"WARNING"}, printable(sentence))
        return {"INFO"}, f"Keyed {', '.join(action.name for action in self._keyed.actions)}"

    def _steps(self, scene: bpy.types.Scene, people: list[bpy.types.Object]) -> Steps[None]:
        self._keyed = yield from key_people(scene, people)
        if not self._keyed.actions:
            raise PoseNet3DError("; ".join(self._keyed.failures) or "No character is chosen for these people")


class POSENET3D_OT_add_character(bpy.types.Operator):
    """Add a character for one more person"""

    bl_idname = "posenet3d.add_character"
    bl_label = "Add Character"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        retarget_settings(context.scene).more.add()
        return {"FINISHED"}


class POSENET3D_OT_remove_character(bpy.types.Operator):
    """Remove the last person's character from the list"""

    bl_idname = "posenet3d.remove_character"
    bl_label = "Remove Character"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return bool(retarget_settings(context.scene).more)

    def execute(self, context: bpy.types.Context) -> set[str]:
        more = retarget_settings(context.scene).more
        more.remove(len(more) - 1)
        return {"FINISHED"}


class POSENET3D_PT_character(SidebarTab, bpy.types.Panel):
    """The user's own characters"""

    bl_label = "Character"
    bl_parent_id = POSENET3D_PT_capture.bl_idname
    bl_order = 2

    def draw(self, context: bpy.types.Context) -> None:
        settings = retarget_settings(context.scene)
        layout = self.layout
        layout.enabled = current_task() is None
        column = layout.column(align=True)
        for number, row in enumerate(settings.rows, start=1):
            text = f"Person {number}" if settings.more else ""
            column.prop(row, "target", text=text, icon="OUTLINER_OB_ARMATURE")
        buttons = layout.row(align=True)
        buttons.operator(POSENET3D_OT_add_character.bl_idname, text="Person", icon="ADD")
        buttons.operator(POSENET3D_OT_remove_character.bl_idname, text="Person", icon="REMOVE")
        if not any(row.target for row in settings.rows):
            return
        options = layout.column()
        options.use_property_split = True
        options.use_property_decorate = False
        options.prop(settings, "root_motion")
        options.prop(settings, "foot_lock")
        options.prop(settings, "hand_reach")
        options.prop(settings, "keys")
        if settings.keys == "REDUCED":
            options.prop(settings, "degrees")
            options.prop(settings, "millimetres")
        layout.operator(POSENET3D_OT_retarget.bl_idname, icon="ARMATURE_DATA")
        layout.prop(settings, "show_bones", icon="DOWNARROW_HLT" if settings.show_bones else "RIGHTARROW")
        if settings.show_bones:
            for person, row in enumerate(settings.rows, start=1):
                _draw_bones(layout, person, row)


def _draw_bones(layout: bpy.types.UILayout, person: int, row: POSENET3D_PG_character) -> None:
    """Draw the editable bones of one character."""
    if row.target is None:
        return
    box = layout.box().column(align=True)
    box.label(text=row.target.name, icon="ARMATURE_DATA")
    buttons = box.row(align=True)
    for operator in (POSENET3D_OT_find_bones, POSENET3D_OT_load_bone_map, POSENET3D_OT_save_bone_map):
        buttons.operator(operator.bl_idname, text=operator.bl_label.split(maxsplit=1)[0]).person = person
    clear = buttons.row(align=True)
    clear.enabled = bool(row.map_text)
    clear.operator(POSENET3D_OT_clear_bone_map.bl_idname, text="", icon="X").person = person
    for role in row.roles:
        line = box.split(factor=0.4)
        line.label(text=role.name.replace("_", " ").title())
        line.prop_search(role, "bone", row.target.data, "bones", text="")


_CLASSES = (
    POSENET3D_OT_find_bones,
    POSENET3D_OT_load_bone_map,
    POSENET3D_OT_save_bone_map,
    POSENET3D_OT_clear_bone_map,
    POSENET3D_OT_retarget,
    POSENET3D_OT_add_character,
    POSENET3D_OT_remove_character,
    POSENET3D_PT_character,
)
register, unregister = bpy.utils.register_classes_factory(_CLASSES)
