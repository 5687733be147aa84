"""Exported files, read back into an empty Blender."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import bpy
import numpy as np
import pytest

from posenet3d_blender.body.model import Body
from posenet3d_blender.body.rotations import axis_angle_to_matrix
from posenet3d_blender.body.skeleton import JOINT_NAMES, PARENTS
from posenet3d_blender.errors import PoseNet3DError
from posenet3d_blender.scene import EXPORT_ENDINGS, build_scene, export, reset_to_empty

from .conftest import MakeMotion
from .scene_readers import joints_at, key_frames, vertices_now

NTSC_60 = 60000 / 1001


@dataclass(frozen=True)
class Format:
    """Import of one format by Blender with its own defaults."""

    load: Callable[[str], object]
    key_rate: Callable[[float], float]
    """Keys per second on the timeline after reading a file of this rate."""
    has_skin: bool = True


FORMATS = {
    # the importer takes whole rates only and so puts keys of 59.94 between frames
    ".fbx": Format(lambda path: bpy.ops.import_scene.fbx(filepath=path), round),
    ".bvh": Format(
        lambda path: bpy.ops.import_anim.bvh(filepath=path, update_scene_fps=True), lambda rate: rate, has_skin=False
    ),
    ".glb": Format(lambda path: bpy.ops.import_scene.gltf(filepath=path), lambda rate: 24.0),
    ".usdc": Format(lambda path: bpy.ops.wm.usd_import(filepath=path), lambda rate: rate),
    ".blend": Format(lambda path: bpy.ops.wm.open_mainfile(filepath=path), lambda rate: rate),
}


def armatures() -> list[bpy.types.Object]:
    return sorted((one for one in bpy.data.objects if one.type == "ARMATURE"), key=lambda one: one.name)


def skin_of(armature: bpy.types.Object) -> bpy.types.Object:
    return next(
        one
        for one in bpy.data.objects
        if one.type == "MESH" and any(bent.type == "ARMATURE" and bent.object == armature for bent in one.modifiers)
    )


def read_back(path: Path) -> list[bpy.types.Object]:
    reset_to_empty()
    FORMATS[path.suffix].load(str(path))
    return armatures()


def test_every_ending_has_a_test() -> None:
    assert set(FORMATS) == set(EXPORT_ENDINGS)


@pytest.mark.parametrize("rate", [30.0, 24000 / 1001, 50.0, NTSC_60, 120.0])
@pytest.mark.parametrize("ending", FORMATS)
def test_joints_frames_and_seconds_come_back(
    ending: str, rate: float, body: Body, make_motion: MakeMotion, tmp_path: Path
) -> None:
    motion = make_motion(14, frame_rate=rate)
    path = tmp_path / f"walk{ending}"
    assert export(path, build_scene([motion], body)) == [path]
    (armature,) = read_back(path)
    frames = key_frames(armature)
    seconds = (frames - frames[0]) / FORMATS[ending].key_rate(rate)
    np.testing.assert_allclose(seconds, motion.time, atol=1e-4)
    np.testing.assert_allclose(joints_at(armature, frames), motion.joints, atol=2e-4)
    root = None if ending == ".bvh" else "root"  # its readers expect the first joint to move
    assert {bone.name for bone in armature.data.bones} == {*JOINT_NAMES, *([root] if root else [])}
    for name, parent in zip(JOINT_NAMES, PARENTS, strict=True):
        bone = armature.data.bones[name]
        assert (bone.parent.name if bone.parent else None) == (JOINT_NAMES[parent] if parent >= 0 else root)
        assert bone.length > 0.01 * np.array(armature.matrix_world.inverted().to_scale()).min()


@pytest.mark.parametrize("ending", [ending for ending in FORMATS if FORMATS[ending].has_skin])
def test_the_skin_comes_back_and_bends(ending: str, body: Body, make_motion: MakeMotion, tmp_path: Path) -> None:
    motion = make_motion(5)
    path = tmp_path / f"walk{ending}"
    export(path, build_scene([motion], body))
    (armature,) = read_back(path)
    expected = body.posed_vertices(axis_angle_to_matrix(motion.poses), motion.betas, motion.trans)
    for frame in (0, 4):
        joints_at(armature, key_frames(armature)[[frame]])
        distances = np.linalg.norm(vertices_now(skin_of(armature)) - expected[frame], axis=1)
        # glTF keeps the four strongest bones of each vertex, which a few notice
        assert np.quantile(distances, 0.99) < 1e-3
        assert distances.max() < 0.02


@pytest.mark.parametrize("ending", FORMATS)
def test_the_rest_pose_is_the_bodys_not_the_present_frames(
    ending: str, body: Body, make_motion: MakeMotion, tmp_path: Path
) -> None:
    motion = make_motion(8)
    made = build_scene([motion], body)
    bpy.context.scene.frame_set(5)
    path = tmp_path / f"walk{ending}"
    export(path, made)
    (armature,) = read_back(path)
    x, y, z = body.rest_joints(motion.betas).T
    expected = np.stack([x, -z, y - body.rest_vertices(motion.betas)[:, 1].min()], axis=1)
    bones = armature.data.bones
    heads = np.array([armature.matrix_world @ bones[name].head_local for name in JOINT_NAMES])
    if ending == ".bvh":  # it has no place of its own at rest
        expected = expected - expected[0]
    np.testing.assert_allclose(heads, expected, atol=1e-4)


@pytest.mark.parametrize("ending", [ending for ending in FORMATS if ending != ".bvh"])
def test_several_people_go_in_one_file(ending: str, body: Body, make_motion: MakeMotion, tmp_path: Path) -> None:
    motions = [make_motion(10), make_motion(6, seed=1, start=0.1)]
    path = tmp_path / f"two{ending}"
    export(path, build_scene(motions, body))
    people = read_back(path)
    assert len(people) == 2
    start = key_frames(people[0])[0]
    rate = FORMATS[ending].key_rate(30.0)
    for armature, motion in zip(people, motions, strict=True):
        frames = start + motion.time * rate
        np.testing.assert_allclose(joints_at(armature, frames), motion.joints, atol=2e-3)


@pytest.mark.parametrize("rate", [30.0, 50.0])
@pytest.mark.parametrize("ending", FORMATS)
def test_files_of_people_who_come_later_are_in_step_with_the_footage(
    ending: str, rate: float, body: Body, make_motion: MakeMotion, tmp_path: Path
) -> None:
    """One file for each; the one who comes after 0.4 s stands in their first pose until then."""
    motions = [make_motion(30, rate), make_motion(8, rate, seed=1, start=0.4, scene_start=0.0)]
    made = build_scene(motions, body)
    for number, armature in enumerate(made):
        export(tmp_path / f"{number}{ending}", [armature])
    (armature,) = read_back(tmp_path / f"0{ending}")
    start = key_frames(armature)[0]
    (armature,) = read_back(tmp_path / f"1{ending}")
    motion, key_rate = motions[1], FORMATS[ending].key_rate(rate)
    np.testing.assert_allclose(joints_at(armature, start + motion.time * key_rate), motion.joints, atol=2e-3)
    held = joints_at(armature, start + np.array([0.0, 0.2, 0.4]) * key_rate)
    np.testing.assert_allclose(held, np.repeat(motion.joints[:1], 3, axis=0), atol=2e-3)
    if ending not in (".blend", ".usdc"):  # these keep the scene's range, others the range of their keys
        assert key_frames(armature)[0] == pytest.approx(start, abs=1e-3)


def test_bvh_holds_one_person_a_file(body: Body, make_motion: MakeMotion, tmp_path: Path) -> None:
    motions = [make_motion(4), make_motion(6, seed=1)]
    paths = export(tmp_path / "two.bvh", build_scene(motions, body))
    assert [path.name for path in paths] == ["two_person1.bvh", "two_person2.bvh"]
    assert sorted(tmp_path.iterdir()) == paths
    for path, motion in zip(paths, motions, strict=True):
        (armature,) = read_back(path)
        np.testing.assert_allclose(joints_at(armature, key_frames(armature)), motion.joints, atol=1e-4)


def test_bvh_angles_never_jump(body: Body, make_motion: MakeMotion, tmp_path: Path) -> None:
    export(tmp_path / "walk.bvh", build_scene([make_motion(60)], body))
    lines = (tmp_path / "walk.bvh").read_text().split("\n")
    numbers = np.array([line.split() for line in lines[lines.index("Frames: 60") + 2 :] if line], dtype=float)
    assert numbers.shape == (60, 6 + 23 * 3)
    assert np.abs(np.diff(numbers, axis=0)).max() < 90


def test_fbx_root_has_neither_turn_nor_scale_for_game_engines(
    body: Body, make_motion: MakeMotion, tmp_path: Path
) -> None:
    """A reader that takes the file's own numbers finds a plain root, Y up, and centimetres."""
    motion = make_motion(3)
    export(tmp_path / "walk.fbx", build_scene([motion], body))
    reset_to_empty()
    bpy.ops.import_scene.fbx(
        filepath=str(tmp_path / "walk.fbx"), use_manual_orientation=True, axis_forward="Y", axis_up="Z"
    )
    (armature,) = armatures()
    armature.matrix_world.identity()
    x, y, z = body.rest_joints(motion.betas).T * 100
    y = y - 100 * body.rest_vertices(motion.betas)[:, 1].min()
    heads = [armature.data.bones[name].head_local for name in JOINT_NAMES]
    np.testing.assert_allclose(heads, np.stack([x, y, z], axis=1), atol=1e-2)


@pytest.mark.parametrize("ending", FORMATS)
def test_exporting_leaves_the_users_session_as_it_was(
    ending: str, body: Body, make_motion: MakeMotion, tmp_path: Path
) -> None:
    made = build_scene([make_motion(4)], body)
    mesh = bpy.data.objects.new("mine", bpy.data.meshes.new("mine"))
    bpy.context.scene.collection.objects.link(mesh)
    bpy.context.view_layer.objects.active = mesh
    mesh.select_set(True)
    bpy.ops.object.mode_set(mode="EDIT")
    bpy.context.scene.frame_set(3)
    before = state()
    path = tmp_path / f"walk{ending}"
    export(path, made)
    assert state() == before
    assert "mine" not in {one.name for one in read_back(path)[0].users_scene[0].objects}


def state() -> dict[str, object]:
    kinds = ("objects", "meshes", "armatures", "actions", "scenes", "materials", "collections", "images", "cameras")
    scene = bpy.context.scene
    return {kind: sorted(one.name for one in getattr(bpy.data, kind)) for kind in kinds} | {
        "scene": scene.name,
        "frame": scene.frame_current,
        "range": (scene.frame_start, scene.frame_end),
        "mode": bpy.context.mode,
        "active": bpy.context.view_layer.objects.active.name,
        "selected": [one.name for one in bpy.context.view_layer.objects if one.select_get()],
        "hidden": [modifier.show_viewport for one in bpy.data.objects for modifier in one.modifiers],
        "file": bpy.data.filepath,
    }


def test_a_file_is_replaced_whole(body: Body, make_motion: MakeMotion, tmp_path: Path) -> None:
    path = tmp_path / "walk.fbx"
    path.write_text("old")
    export(path, build_scene([make_motion(2)], body))
    assert path.read_bytes().startswith(b"Kaydara FBX Binary")
    assert list(tmp_path.iterdir()) == [path]


def test_an_unknown_ending_is_refused_in_one_line(body: Body, make_motion: MakeMotion, tmp_path: Path) -> None:
    with pytest.raises(PoseNet3DError, match=r"can't write '\.abc'.*\.fbx"):
        export(tmp_path / "walk.abc", build_scene([make_motion(2)], body))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("ending", FORMATS)
def test_a_missing_folder_is_said_in_one_line(ending: str, body: Body, make_motion: MakeMotion, tmp_path: Path) -> None:
    with pytest.raises(PoseNet3DError, match="does not exist"):
        export(tmp_path / "nowhere" / f"walk{ending}", build_scene([make_motion(2)], body))


@pytest.mark.skipif(os.name == "nt", reason="the limit is set with POSIX's resource module")
@pytest.mark.parametrize("ending", FORMATS)
def test_a_full_disk_leaves_nothing(ending: str, body: Body, make_motion: MakeMotion, tmp_path: Path) -> None:
    """A full disk is simulated by a limit on the size of files, in a child process."""
    made = build_scene([make_motion(60)], body)
    child = os.fork()
    if child == 0:
        code = 3
        try:
            code = export_with_little_room(tmp_path / f"walk{ending}", made)
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert not list(tmp_path.iterdir())


def export_with_little_room(path: Path, made: list[bpy.types.Object]) -> int:
    import resource
    import signal

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
    try:
        export(path, made)
    except PoseNet3DError as error:
        return 0 if "\n" not in str(error) else 1
    return 2
