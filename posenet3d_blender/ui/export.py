"""Export of a take or its characters: animation files; of a take also the motion file and what shows it."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Final

import bpy

from ..atomic_write import refuse_overwriting, write_together
from ..errors import PoseNet3DError, printable
from ..numbered_names import paths_of_people
from ..scene.export import export
from ..scene.retarget.check_target import check_target
from ..scene.retarget.export_character import check_exportable, export_characters
from ..scene.skin import undeformed_children
from .character_settings import chosen_characters
from .export_tasks import FROM_FOOTAGE, footage_export_task
from .modal_task import ModalTaskOperator
from .results import stored_motion
from .takes import captured_options, current_take, is_take, people_of

FORMATS: Final = (
    ("fbx", "FBX (.fbx)", "Armature, body and motion, for game engines and most other programs"),
    ("bvh", "BVH (.bvh)", "Skeleton and motion; several people go to a file each"),
    ("glb", "glTF (.glb)", "Armature, body and motion, for Godot and the web"),
    ("usdc", "USD (.usdc)", "Armature, body and motion"),
    (
        "npz",
        "Motion File (.npz)",
        "SMPL parameters as captured, without later edits; several people go to a file each",
    ),
    ("mp4", "Preview (.mp4)", "The footage with the captured skeleton drawn over it"),
    ("jpg", "Contact Sheet (.jpg)", "A picture to check by eye: footage, overlay, side view, confidence"),
    (
        "json",
        "2D Joints (.json)",
        "The detected joints, to correct by hand and capture from again; several people go to a file each",
    ),
)
OF_CHARACTERS: Final = ("fbx", "bvh", "glb", "usdc")
"""Formats that the characters of a take can be exported to."""

WITHOUT_PROPS: Final = ("fbx", "usdc")
"""Formats that hold meshes, but of a take only those that its armatures deform."""


class POSENET3D_OT_export(ModalTaskOperator, bpy.types.Operator):
    """Export everyone of this take, or their characters, to a file"""

    bl_idname = "posenet3d.export"
    bl_label = "Export"

    # Blender reads properties from annotations, where a type checker expects types
    filepath: bpy.props.StringProperty(  # type: ignore[valid-type]
        name="File", description="The file to write", subtype="FILE_PATH", options={"SKIP_SAVE"}
    )
    file_format: bpy.props.EnumProperty(  # type: ignore[valid-type]
        name="Format", description="Kind of file", items=FORMATS
    )
    of_characters: bpy.props.BoolProperty(  # type: ignore[valid-type]
        name="Characters",
        description="The characters that have this take's motion, with their meshes, in place of the captured bodies",
        options={"SKIP_SAVE", "HIDDEN"},
    )
    smpl_h: bpy.props.BoolProperty(  # type: ignore[valid-type]
        name="SMPL-H",
        description="Motion files in SMPL-H's form, as AMASS has them: poses of 156 values with the fingers",
    )
    filter_glob: bpy.props.StringProperty(default="*.fbx", options={"HIDDEN"})  # type: ignore[valid-type]
    check_existing: bpy.props.BoolProperty(default=True, options={"HIDDEN"})  # type: ignore[valid-type]

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return super().poll(context) and current_take(context) is not None

    @classmethod
    def description(cls, context: bpy.types.Context, properties: bpy.types.OperatorProperties) -> str:
        if properties.of_characters:
            return "Export the characters that have this take's motion, with their meshes, as they move now"
        chosen = next((text for key, _, text in FORMATS if key == properties.file_format), "")
        return f"Export everyone of this take to a file. {chosen}"

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        take = current_take(context)
        if take is None:
            return {"CANCELLED"}
        characters = characters_of(take) if self.of_characters else []
        name = characters[0].name if characters else take.name
        # A take is called after its footage, which may be an .mp4 itself.
        self.filepath = f"{name}_preview.mp4" if self.file_format == "mp4" else f"{name}.{self.file_format}"
        self.filter_glob = f"*.{self.file_format}"
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        layout.prop(self, "file_format")
        if self.file_format == "npz":
            layout.prop(self, "smpl_h")

    def check(self, context: bpy.types.Context) -> bool:
        """Let the file's ending follow the format that is chosen in the file browser."""
        path = _with_ending(self.filepath, self.file_format)
        changed: bool = path != self.filepath or self.filter_glob != f"*.{self.file_format}"
        self.filepath, self.filter_glob = path, f"*.{self.file_format}"
        return changed

    def execute(self, context: bpy.types.Context) -> set[str]:
        take = current_take(context)
        if take is None:
            return {"CANCELLED"}
        path = Path(_with_ending(bpy.path.abspath(self.filepath), self.file_format))
        self._message = f"Wrote {path}"
        try:
            if not people_of(take):
                raise PoseNet3DError(f"{take.name}: its armature is not in the file any more; undo, or update the take")
            if self.of_characters and self.file_format not in OF_CHARACTERS:
                raise PoseNet3DError(f"{path}: can't hold a character; choose one of {', '.join(OF_CHARACTERS)}")
            _refuse_captured_files(path, take)
            if self.file_format in FROM_FOOTAGE:
                return self.begin(context, footage_export_task(path, take, self.file_format))
            files = self._write(context.scene, path, take)
        except PoseNet3DError as error:
            self.report({"ERROR"}, printable(str(error)))
            return {"CANCELLED"}
        wrote = f"Wrote {', '.join(map(str, files))}"
        props = self._left_out(take)
        if props:
            names = ", ".join(prop.name for prop in props)
            wrote += f" without {names}: FBX and USD exports of a take hold only meshes that its armatures deform"
        self.report({"WARNING" if props else "INFO"}, printable(wrote))
        return {"FINISHED"}

    def _left_out(self, take: bpy.types.Collection) -> list[bpy.types.Object]:
        return (
            undeformed_children(people_of(take)) if self.file_format in WITHOUT_PROPS and not self.of_characters else []
        )

    def _write(self, scene: bpy.types.Scene, path: Path, take: bpy.types.Collection) -> list[Path]:
        if self.of_characters:
            return _export_characters(scene, path, take)
        if self.file_format == "npz":
            return _write_motions(path, take, self.smpl_h)
        return export(path, people_of(take))

    def outcome(self) -> tuple[set[str], str]:
        return {"INFO"}, self._message


def _with_ending(filepath: str, file_format: str) -> str:
    """The path with the format's ending, in place of another format's."""
    known = tuple(f".{key}" for key, _, _ in FORMATS)
    stem = filepath[: -len(Path(filepath).suffix)] if Path(filepath).suffix.lower() in known else filepath
    return f"{stem}.{file_format}"


def characters_of(take: bpy.types.Collection) -> list[bpy.types.Object]:
    """The characters that have the motion of this take's people, each once."""
    characters = [person.posenet3d.character for person in people_of(take)]
    return list(dict.fromkeys(character for character in characters if character and character.users_scene))


def _export_characters(scene: bpy.types.Scene, path: Path, take: bpy.types.Collection) -> list[Path]:
    characters = characters_of(take)
    if not characters:
        raise PoseNet3DError("No character has this take's motion; choose one and press Retarget to Character")
    maps = {chosen.target: chosen.bone_map for chosen in chosen_characters(scene) if chosen}
    for character in characters:
        check_exportable(character, check_target(character, maps.get(character)).bone_map, [path.suffix])
    is_single = path.suffix == ".bvh"  # a file holds one skeleton
    files = paths_of_people(path, len(characters)) if is_single else [path]
    groups = [[one] for one in characters] if is_single else [characters]
    write_together(
        [(file, partial(export_characters, armatures=group)) for file, group in zip(files, groups, strict=True)]
    )
    return files


def _refuse_captured_files(path: Path, take: bpy.types.Collection) -> None:
    """Check that an export replaces no file that a take was captured from; of several people each has a file.

    Raises:
        PoseNet3DError: it would.
    """
    from ..capture.video.sources.image_sequence import footage_files

    captured = [captured_options(one) for one in bpy.data.collections if is_take(one)]
    read = [file for options in captured for file in footage_files(options.video)]
    read += [file for options in captured for file in (options.keypoint_file, options.body_file) if file]
    for output in (path, *paths_of_people(path, len(people_of(take)))):
        refuse_overwriting(output, read)


def _write_motions(path: Path, take: bpy.types.Collection, smpl_h: bool) -> list[Path]:
    """Write the motion files, numbered where there are several people."""
    people = people_of(take)
    paths = paths_of_people(path, len(people))
    motions = [stored_motion(person) for person in people]
    write_together([(one, partial(motion.save, smpl_h=smpl_h)) for one, motion in zip(paths, motions, strict=True)])
    return paths


class POSENET3D_MT_export(bpy.types.Menu):
    """Formats of export"""

    bl_idname = "POSENET3D_MT_export"
    bl_label = "Export"
    bl_description = "Export everyone of this take to a file of one of these kinds"

    def draw(self, context: bpy.types.Context) -> None:
        self.layout.operator_context = "INVOKE_DEFAULT"
        for key, name, _ in FORMATS:
            self.layout.operator(POSENET3D_OT_export.bl_idname, text=name).file_format = key
        take = current_take(context)
        if take is None or not characters_of(take):
            return
        self.layout.separator()
        self.layout.label(text="Character")
        for key, name, _ in FORMATS:
            if key in OF_CHARACTERS:
                button = self.layout.operator(POSENET3D_OT_export.bl_idname, text=name, icon="OUTLINER_OB_ARMATURE")
                button.file_format, button.of_characters = key, True


register, unregister = bpy.utils.register_classes_factory((POSENET3D_OT_export, POSENET3D_MT_export))
