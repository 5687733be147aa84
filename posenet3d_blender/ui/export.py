"""Export of a take: animation files, the motion file, and a preview video."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import bpy

from ..body.model import load_body
from ..errors import PoseNet3DError, printable
from ..progress import Progress
from ..scene.export import export
from ..scene.incremental import Steps
from .modal_task import ModalTaskOperator
from .results import stored_motion
from .takes import current_take, people_of, take_of
from .task import Task

if TYPE_CHECKING:
    from ..motion import Motion

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
)


class POSENET3D_OT_export(ModalTaskOperator, bpy.types.Operator):
    """Export everyone of this take to a file"""

    bl_idname = "posenet3d.export"
    bl_label = "Export"

    # Blender reads properties from annotations, where a type checker expects types
    filepath: bpy.props.StringProperty(  # type: ignore[valid-type]
        name="File", description="The file to write", subtype="FILE_PATH", options={"SKIP_SAVE"}
    )
    file_format: bpy.props.EnumProperty(  # type: ignore[valid-type]
        name="Format", description="Kind of file", items=FORMATS
    )
    filter_glob: bpy.props.StringProperty(default="*.fbx", options={"HIDDEN"})  # type: ignore[valid-type]
    check_existing: bpy.props.BoolProperty(default=True, options={"HIDDEN"})  # type: ignore[valid-type]

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return super().poll(context) and current_take(context) is not None

    @classmethod
    def description(cls, context: bpy.types.Context, properties: bpy.types.OperatorProperties) -> str:
        chosen = next((text for key, _, text in FORMATS if key == properties.file_format), "")
        return f"Export everyone of this take to a file. {chosen}"

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        take = current_take(context)
        if take is None:
            return {"CANCELLED"}
        self.filepath = f"{take.name}.{self.file_format}"
        self.filter_glob = f"*.{self.file_format}"
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        layout.prop(self, "file_format")

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
            if self.file_format == "mp4":
                return self.begin(context, _preview_task(path, take))
            files = _write_motions(path, take) if self.file_format == "npz" else export(path, people_of(take))
        except PoseNet3DError as error:
            self.report({"ERROR"}, printable(str(error)))
            return {"CANCELLED"}
        self.report({"INFO"}, printable(f"Wrote {', '.join(map(str, files))}"))
        return {"FINISHED"}

    def outcome(self) -> tuple[set[str], str]:
        return {"INFO"}, self._message


def _with_ending(filepath: str, file_format: str) -> str:
    """The path with the format's ending, in place of another format's."""
    known = tuple(f".{key}" for key, _, _ in FORMATS)
    stem = filepath[: -len(Path(filepath).suffix)] if Path(filepath).suffix.lower() in known else filepath
    return f"{stem}.{file_format}"


def _write_motions(path: Path, take: bpy.types.Collection) -> list[Path]:
    """Write the motion files, numbered where there are several people."""
    people = people_of(take)
    numbers = range(1, len(people) + 1)
    paths = [path] if len(people) == 1 else [path.with_stem(f"{path.stem}_person{number}") for number in numbers]
    for one, person in zip(paths, people, strict=True):
        stored_motion(person).save(one)
    return paths


def _preview_task(path: Path, take: bpy.types.Collection) -> Task[Any]:
    motions: list[Motion] = [stored_motion(person) for person in people_of(take)]
    options = take_of(take)
    video, input_fps = options.video, options.input_fps or None

    def work(progress: Progress) -> None:
        from ..capture.video.footage import open_footage
        from ..capture.video.preview import write_preview

        write_preview(path, open_footage(video, input_fps), motions, progress, load_body())

    def show(_: None) -> Steps[None]:
        yield None

    return Task("Preview", work, show, stages={"preview": 1.0})


class POSENET3D_MT_export(bpy.types.Menu):
    """Formats of export"""

    bl_idname = "POSENET3D_MT_export"
    bl_label = "Export"
    bl_description = "Export everyone of this take to a file of one of these kinds"

    def draw(self, context: bpy.types.Context) -> None:
        self.layout.operator_context = "INVOKE_DEFAULT"
        for key, name, _ in FORMATS:
            self.layout.operator(POSENET3D_OT_export.bl_idname, text=name).file_format = key


register, unregister = bpy.utils.register_classes_factory((POSENET3D_OT_export, POSENET3D_MT_export))
