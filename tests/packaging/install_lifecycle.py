"""Install the zip into a clean user folder, capture, disable, enable, remove; prints the observations as one JSON line.

python install_lifecycle.py ZIP VIDEO, in a Python with bpy, with BLENDER_USER_RESOURCES naming an empty folder.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import bpy

ADD_ON = "bl_ext.user_default.posenet3d"
BUNDLED = ("onnxruntime", "av", "cv2", "scipy")


def seconds_of(operator: Callable[..., set[str]], **arguments: object) -> float:
    start = time.perf_counter()
    assert operator(**arguments) == {"FINISHED"}
    return time.perf_counter() - start


def files_in(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def traces_in_blender() -> list[str]:
    modules = [name for name in sys.modules if "posenet3d" in name.lower()]
    return modules + [name for name in dir(bpy.types) if "posenet3d" in name.lower()]


def is_enabled() -> bool:
    import addon_utils  # there once bpy is imported

    return addon_utils.check(ADD_ON)[1] and hasattr(bpy.types, "POSENET3D_PT_capture")


def start_up_seconds() -> float:
    """Time to enable the add-on at Blender's start, when the wheels are unpacked already."""
    import addon_utils

    addon_utils.disable(ADD_ON, refresh_handled=True)
    for name in [name for name in sys.modules if name.startswith(ADD_ON)]:
        del sys.modules[name]
    start = time.perf_counter()
    addon_utils.enable(ADD_ON, refresh_handled=True)
    return time.perf_counter() - start


def main(package: str, video: str) -> dict[str, object]:
    user_folder = Path(os.environ["BLENDER_USER_RESOURCES"])
    bpy.ops.wm.read_factory_settings(use_empty=True)
    seen: dict[str, object] = {"blender": bpy.app.version_string}
    files_before = files_in(user_folder)

    seen["install_seconds"] = seconds_of(
        bpy.ops.extensions.package_install_files,
        filepath=package,
        repo="user_default",
        enable_on_install=True,
        overwrite=True,
    )
    seen["enabled"] = is_enabled()
    seen["heavy_modules_after_enabling"] = [name for name in BUNDLED if name in sys.modules]

    seen["start_up_seconds"] = start_up_seconds()

    seen["capture_seconds"] = seconds_of(bpy.ops.posenet3d.capture, filepath=video)
    seen["keyed_bones"] = len(bpy.data.armatures[0].bones)
    seen["frames"] = bpy.context.scene.frame_end
    seen["modules"] = {name: sys.modules[name].__file__ for name in BUNDLED}

    seen["disable_seconds"] = seconds_of(bpy.ops.preferences.addon_disable, module=ADD_ON)
    seen["enabled_after_disabling"] = is_enabled()
    seen["enable_seconds"] = seconds_of(bpy.ops.preferences.addon_enable, module=ADD_ON)
    seen["enabled_again"] = is_enabled()

    repositories = bpy.context.preferences.extensions.repos
    index = next(index for index, repository in enumerate(repositories) if repository.module == "user_default")
    seconds_of(bpy.ops.extensions.package_uninstall, repo_index=index, pkg_id="posenet3d")
    seen["enabled_after_removing"] = is_enabled()
    seen["traces_in_blender"] = traces_in_blender()
    seen["files_left"] = [name for name in files_in(user_folder) if name not in files_before]
    return seen


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:3])), flush=True)
    os._exit(0)  # Blender 4.2's module may crash when it is unloaded
