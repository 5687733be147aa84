"""Preferences of the add-on: what belongs to the machine, not to a file."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import bpy

from .devices import device_items, query_devices
from .settings import settings_of

ADD_ON: Final = __package__.rpartition(".")[0]
"""Name under which Blender knows the add-on: bl_ext.user_default.posenet3d."""
_PLACES_OF_DOCUMENTATION: Final = (Path(__file__).parents[1], Path(__file__).parents[2])
"""Folders that may hold docs/: the installed add-on, a checkout."""
_MEGABYTE: Final = 1024**2


class POSENET3D_AP_preferences(bpy.types.AddonPreferences):
    """Preferences of the add-on"""

    bl_idname = ADD_ON

    # Blender reads properties from annotations, where a type checker expects types
    device: bpy.props.EnumProperty(  # type: ignore[valid-type]
        name="Device",
        description="Device that runs the networks wherever a scene leaves it to Automatic",
        items=device_items,
    )
    cache_place: bpy.props.StringProperty(  # type: ignore[valid-type]
        name="Cache",
        description="Folder for detected people and joints, which make the next capture of the same footage fast; "
        "empty: in Blender's own folder for extensions",
        subtype="DIR_PATH",
    )

    student: bpy.props.StringProperty(  # type: ignore[valid-type]
        name="Student",
        description="Folder of a student network that the trainer exported, in place of the one that comes with the "
        "add-on; empty: the add-on's own",
        subtype="DIR_PATH",
    )

    def draw(self, context: bpy.types.Context) -> None:
        query_devices()
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        layout.prop(self, "device")
        layout.prop(self, "student")
        layout.prop(self, "cache_place")
        folder = cache_folder()
        row = layout.row()
        row.label(text=f"{_size_of(folder) / _MEGABYTE:.1f} MB in {folder}" if folder else "No cache")
        row.operator(POSENET3D_OT_clear_cache.bl_idname, icon="TRASH")
        page = documentation()
        if page:
            layout.operator("wm.path_open", text="Documentation", icon="HELP").filepath = str(page)


class POSENET3D_OT_clear_cache(bpy.types.Operator):
    """Delete the cached people and joints; the next capture of each footage detects them again"""

    bl_idname = "posenet3d.clear_cache"
    bl_label = "Clear Cache"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return bool(_files_of(cache_folder()))

    def execute(self, context: bpy.types.Context) -> set[str]:
        files = _files_of(cache_folder())
        try:
            for path in files:
                path.unlink(missing_ok=True)
        except OSError as error:
            self.report({"ERROR"}, f"{error.filename}: can't be deleted ({error.strerror}); check the folder")
            return {"CANCELLED"}
        self.report({"INFO"}, f"Deleted {len(files)} files")
        return {"FINISHED"}


def documentation() -> Path | None:
    """The first page of the documentation, which ships with the add-on: it fits the version and needs no internet."""
    pages = [place / "docs" / "first-capture.md" for place in _PLACES_OF_DOCUMENTATION]
    return next((page for page in pages if page.is_file()), None)


def preferences(context: bpy.types.Context) -> POSENET3D_AP_preferences | None:
    """The preferences; None where the add-on was not enabled as one, as in scripts."""
    add_on = context.preferences.addons.get(ADD_ON)
    return add_on.preferences if add_on else None


def chosen_device(context: bpy.types.Context) -> str:
    """The scene's device, else that of the preferences, as `CaptureSettings.device` takes it."""
    own = preferences(context)
    of_scene = settings_of(context.scene).device or "auto"
    return of_scene if of_scene != "auto" or own is None else own.device or "auto"


def student_folder(context: bpy.types.Context) -> Path | None:
    """The student of the preferences; None: the shipped one."""
    own = preferences(context)
    return Path(bpy.path.abspath(own.student)) if own is not None and own.student else None


def cache_folder() -> Path | None:
    """The detection cache: where the preferences place it, else the extension's own user folder; None: no place."""
    own = preferences(bpy.context)
    if own is not None and own.cache_place:
        return Path(bpy.path.abspath(own.cache_place))
    try:
        return Path(bpy.utils.extension_path_user(ADD_ON, path="detections", create=True))
    except ValueError:  # this does not run as an extension
        return None


def _files_of(folder: Path | None) -> list[Path]:
    # Imported late: enabling the add-on must not load the capture's packages.
    from ..capture.detection.cache.cached_files import cached_files

    return [path for path, _ in cached_files(folder)] if folder else []


def _size_of(folder: Path) -> int:
    """Bytes of the cached files."""
    from ..capture.detection.cache.cached_files import cached_files

    return sum(status.st_size for _, status in cached_files(folder))


register, unregister = bpy.utils.register_classes_factory((POSENET3D_OT_clear_cache, POSENET3D_AP_preferences))
