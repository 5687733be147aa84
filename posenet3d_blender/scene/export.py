"""Export of captured armatures: FBX, BVH, glTF, USD and .blend.

Each file is written from a temporary scene that holds only the exported objects, so the user's scene, selection and
mode stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final, TypeAlias

import bpy
import numpy as np

from ..atomic_write import write_together, writing
from ..errors import PoseNet3DError, one_line
from ..numbered_names import paths_of_people
from .bone_display import shapes_of
from .bvh import write_bvh
from .fbx import write_fbx
from .isolated_scene import isolated_scene, undeformed, window_kept
from .skin import deformed_meshes
from .visibility import shown

_ADVICE: Final = "check that the folder can be written and the disk has room"

Writer: TypeAlias = Callable[[Path, Sequence[bpy.types.Object]], None]
"""Writes the armatures, with skins and motion, to a path."""


def export(path: Path, armatures: Sequence[bpy.types.Object]) -> list[Path]:
    """Write the armatures with their skins and motion; the ending selects the format.

    A BVH file holds one skeleton: several people go to NAME_person1.bvh and so on.

    Args:
        path: its ending is one of EXPORT_ENDINGS; an existing file is replaced atomically.
        armatures: as `build_scene` returns them; at least one.

    Returns:
        The files written.

    Raises:
        PoseNet3DError: the ending is unknown, or the file can't be written.
    """
    ending = path.suffix.lower()
    if ending not in _WRITERS:
        raise PoseNet3DError(f"{path}: can't write '{ending}' files; choose one of {' '.join(EXPORT_ENDINGS)}")
    if ending == ".bvh" and len(armatures) > 1:
        paths = paths_of_people(path, len(armatures))
        writers = [partial(write_file, armatures=[armature], writer=_WRITERS[ending]) for armature in armatures]
        write_together(list(zip(paths, writers, strict=True)))
        return paths
    write_file(path, armatures, _WRITERS[ending])
    return [path]


def write_file(path: Path, armatures: Sequence[bpy.types.Object], writer: Writer) -> None:
    """Write one file atomically.

    Raises:
        PoseNet3DError: the file can't be written; one line with the exporter's reason.
    """
    with writing(path) as unfinished:
        try:
            writer(unfinished, armatures)
        except RuntimeError as error:  # raised by Blender's own exporters
            reason = _reason(str(error))
            raise PoseNet3DError(f"{path}: Blender could not write it ({reason}); {_ADVICE}") from error
        if not unfinished.is_file():
            raise PoseNet3DError(f"{path}: Blender wrote no file; {_ADVICE}")


def _reason(complaint: str) -> str:
    """One line of what an exporter raises, of a Python traceback its last."""
    lines = [line for line in complaint.splitlines() if line.strip() and not line.startswith("Location:")]
    is_traceback = any("Traceback" in line for line in lines)
    return one_line(lines[-1] if is_traceback else " ".join(lines)).removeprefix("Error: ")


def _write_glb(path: Path, armatures: Sequence[bpy.types.Object]) -> None:
    meshes = deformed_meshes(armatures)
    with window_kept(), shown(meshes), undeformed(meshes), isolated_scene(armatures, meshes) as scene:
        write_gltf(path, scene)


def write_gltf(path: Path, scene: bpy.types.Scene, only_deforming: bool = False) -> None:
    """Run Blender's glTF exporter on the context's scene, which is `scene`; its rate changes.

    `only_deforming` leaves out bones that deform no mesh.
    """
    # The exporter multiplies the rate by fps_base, where Blender divides by it (in 4.2 to 5.2).
    scene.render.fps_base = 1 / scene.render.fps_base
    bpy.ops.export_scene.gltf(
        filepath=str(path),
        check_existing=False,
        export_format="GLB",
        use_active_scene=True,
        export_def_bones=only_deforming,
        # One animation for everyone, with a key on every frame, starting at 0 seconds.
        export_animation_mode="SCENE",
        export_anim_scene_split_object=False,
        export_anim_slide_to_zero=True,
        export_optimize_animation_size=False,
    )


def _write_usd(path: Path, armatures: Sequence[bpy.types.Object]) -> None:
    meshes = deformed_meshes(armatures)
    with shown(meshes), undeformed(meshes), isolated_scene(armatures, meshes):
        write_usd(path)


def write_usd(path: Path, only_deforming: bool = False) -> None:
    """Run Blender's USD exporter on the context's scene; `only_deforming` as for `write_gltf`.

    Raises:
        RuntimeError: the file is truncated.
    """
    bpy.ops.wm.usd_export(
        filepath=str(path),
        check_existing=False,
        export_animation=True,
        export_armatures=True,
        evaluation_mode="VIEWPORT",
        only_deform_bones=only_deforming,
    )
    content = path.read_bytes()
    # The file ends with its table of contents, a count and 32 bytes per section; the header holds its position.
    table = int.from_bytes(content[16:24], "little")
    section_count = int.from_bytes(content[table : table + 8], "little")
    _check_complete(len(content) >= table + 8 + 32 * section_count)


def _write_blend(path: Path, armatures: Sequence[bpy.types.Object]) -> None:
    """Save the whole file if it holds nothing else, else a library of a scene with the armatures alone."""
    user_scene = bpy.context.scene
    camera = [user_scene.camera] if user_scene.camera else []
    if {*armatures, *deformed_meshes(armatures), *camera, *shapes_of(armatures)} >= set(bpy.data.objects):
        bpy.ops.wm.save_as_mainfile(filepath=str(path), copy=True, compress=True, relative_remap=False)
    else:
        with isolated_scene(armatures, [*deformed_meshes(armatures), *camera], is_posed=False) as scene:
            scene.camera = user_scene.camera
            scene.render.resolution_x = user_scene.render.resolution_x
            scene.render.resolution_y = user_scene.render.resolution_y
            bpy.data.libraries.write(str(path), {scene}, path_remap="ABSOLUTE", compress=True)
    check_blend(path)


def check_blend(path: Path) -> None:
    """Raise RuntimeError for a truncated .blend file."""
    _check_complete(_is_complete_zstd(path.read_bytes()))


def _is_complete_zstd(content: bytes) -> bool:
    """True if the frames and the table of their sizes, in zstd's seekable format, make up the whole file."""
    footer, table_header, entry = 9, 8, 8
    if content[-4:] != b"\xb1\xea\x92\x8f":
        return False
    frame_count = int.from_bytes(content[-footer : -footer + 4], "little")
    sizes = np.frombuffer(content, "<u4", 2 * frame_count, len(content) - footer - entry * frame_count)[::2]
    return int(sizes.sum()) + table_header + entry * frame_count + footer == len(content)


def _check_complete(is_complete: bool) -> None:
    """Raise RuntimeError for a truncated file: Blender reports no full disk for these formats."""
    if not is_complete:
        raise RuntimeError("the file is truncated")


_WRITERS: Final[dict[str, Writer]] = {
    ".fbx": write_fbx,
    ".bvh": write_bvh,
    ".glb": _write_glb,
    ".usdc": _write_usd,
    ".blend": _write_blend,
}

EXPORT_ENDINGS: Final = tuple(_WRITERS)
