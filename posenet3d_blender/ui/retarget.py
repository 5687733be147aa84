"""The Character sub-panel: the user's own characters, their bones, and the operators that use them."""

from __future__ import annotations

from pathlib import Path

import bpy

from ..errors import PoseNet3DError, printable
from ..retargeting.map_file import load_map, save_map
from ..retargeting.recognise import Recognition
from ..scene.retarget.check_target import check_target
from ..scene.retarget.retarget import retarget
from .character_settings import POSENET3D_PG_character, chosen_characters, retarget_settings
from .characters import check_chosen
from .modal_task import current_task
from .panel import POSENET3D_PT_capture
from .settings import settings_of
from .sidebar import SidebarTab
from .takes import current_take, people_of, shown_armature


class _CharacterOperator:
    """An operator on one of the characters; `person` counts from 1."""

    bl_options = {"REGISTER", "UNDO"}

    def row(self, context: bpy.types.Context) -> tuple[bpy.types.Object | None, POSENET3D_PG_character]:
        """The character's armature and its choices."""
        settings = retarget_settings(context.scene)
        person: int = self.person  # type: ignore[attr-defined]
        if person <= 1:
            return settings_of(context.scene).target, settings.first
        row = settings.more[person - 2]
        return row.target, row

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
        target, row = self.row(context)
        try:
            found: Recognition = check_target(target, scene=context.scene)
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
        target, row = self.row(context)
        try:
            bone_map = load_map(Path(bpy.path.abspath(self.filepath)))
            check_target(target, bone_map, context.scene)
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
        target, _ = self.row(context)
        self.filepath = f"{target.name if target else 'character'}.json"
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        target, row = self.row(context)
        path = Path(bpy.path.ensure_ext(bpy.path.abspath(self.filepath), ".json"))
        try:
            bone_map = row.bone_map() or check_target(target, scene=context.scene).bone_map
            save_map(bone_map, path)
        except PoseNet3DError as error:
            return self.fail(error)
        self.report({"INFO"}, printable(f"Wrote {path}"))
        return {"FINISHED"}


class POSENET3D_OT_retarget(bpy.types.Operator):
    """Key the captured motion on the chosen characters, as new actions; their present actions are kept"""

    bl_idname = "posenet3d.retarget"
    bl_label = "Retarget to Character"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return shown_armature(context) is not None and current_task() is None

    def execute(self, context: bpy.types.Context) -> set[str]:
        source = shown_armature(context)
        assert source is not None, "poll checks this"
        settings = retarget_settings(context.scene)
        actions = []
        try:
            characters = chosen_characters(context.scene)
            if not any(characters):
                raise PoseNet3DError("No character is chosen; choose an armature in the Character panel")
            check_chosen(context.scene)
            take = current_take(context)
            people = people_of(take) if take and len(characters) > 1 else [source]
            for person, character in zip(people, characters, strict=False):
                if character:
                    done = retarget(person, character.target, character.bone_map, settings.choices, settings.tolerance)
                    actions.append(done.action.name)
                    for warning in done.warnings:
                        self.report({"WARNING"}, printable(warning))
        except PoseNet3DError as error:
            self.report({"ERROR"}, printable(str(error)))
            return {"CANCELLED"}
        self.report({"INFO"}, f"Keyed {', '.join(actions)}")
        return {"FINISHED"}


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
        column.prop(
            settings_of(context.scene), "target", text="Person 1" if settings.more else "", icon="OUTLINER_OB_ARMATURE"
        )
        for number, row in enumerate(settings.more, start=2):
            column.prop(row, "target", text=f"Person {number}", icon="OUTLINER_OB_ARMATURE")
        buttons = layout.row(align=True)
        buttons.operator(POSENET3D_OT_add_character.bl_idname, text="Person", icon="ADD")
        buttons.operator(POSENET3D_OT_remove_character.bl_idname, text="Person", icon="REMOVE")
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
            rows = [(settings_of(context.scene).target, settings.first), *((row.target, row) for row in settings.more)]
            for person, (target, row) in enumerate(rows, start=1):
                _draw_bones(layout, person, target, row)


def _draw_bones(
    layout: bpy.types.UILayout, person: int, target: bpy.types.Object | None, row: POSENET3D_PG_character
) -> None:
    """Draw the editable bones of one character."""
    if target is None:
        return
    box = layout.box().column(align=True)
    box.label(text=target.name, icon="ARMATURE_DATA")
    buttons = box.row(align=True)
    for operator in (POSENET3D_OT_find_bones, POSENET3D_OT_load_bone_map, POSENET3D_OT_save_bone_map):
        buttons.operator(operator.bl_idname, text=operator.bl_label.split(maxsplit=1)[0]).person = person
    for role in row.roles:
        box.prop_search(role, "bone", target.data, "bones", text=role.name.replace("_", " ").title())


_CLASSES = (
    POSENET3D_OT_find_bones,
    POSENET3D_OT_load_bone_map,
    POSENET3D_OT_save_bone_map,
    POSENET3D_OT_retarget,
    POSENET3D_OT_add_character,
    POSENET3D_OT_remove_character,
    POSENET3D_PT_character,
)
register, unregister = bpy.utils.register_classes_factory(_CLASSES)
