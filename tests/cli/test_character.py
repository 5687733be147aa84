"""--target and --map: the written file holds the user's character in the motion."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("bpy")

import bpy
from mathutils import Matrix

from posenet3d_blender.cli.main import main
from posenet3d_blender.scene import reset_to_empty
from tests.scene.rigs import families, studio
from tests.scene.rigs.controls import unknown

from .test_commands import waving_motion


@pytest.fixture
def motion_path(tmp_path: Path) -> Path:
    path = tmp_path / "wave.npz"
    waving_motion().save(path)
    return path


@pytest.fixture
def hero(tmp_path: Path) -> Iterator[str]:
    """A file with a skinned character, and its name for --target."""
    reset_to_empty()
    families.with_skin(families.mixamo("Hero"))
    bpy.context.scene.collection.objects.link(bpy.data.objects.new("Lamp", bpy.data.lights.new("Lamp", "POINT")))
    path = tmp_path / "hero.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(path))
    reset_to_empty()
    yield f"{path}:Hero"
    reset_to_empty()


def convert(motion: Path, *options: str) -> int:
    return main(["convert", str(motion), *options])


def wrist_heights(armature: bpy.types.Object, frames: range) -> list[float]:
    heights = []
    for frame in frames:
        bpy.context.scene.frame_set(frame)
        posed = armature.evaluated_get(bpy.context.evaluated_depsgraph_get())
        heights.append(float((posed.matrix_world @ posed.pose.bones["mixamorig:LeftHand"].head).z))
    return heights


def test_an_fbx_holds_the_character_in_the_motion(motion_path: Path, hero: str, tmp_path: Path) -> None:
    assert convert(motion_path, "-o", str(tmp_path / "out.fbx"), "--target", hero) == 0
    reset_to_empty()
    bpy.ops.import_scene.fbx(filepath=str(tmp_path / "out.fbx"))
    (armature,) = (one for one in bpy.data.objects if one.type == "ARMATURE")
    assert [one.name for one in bpy.data.objects if one.type == "MESH"] == ["Hero_skin"]
    assert armature.name == "Hero"
    heights = wrist_heights(armature, range(1, 13))
    assert heights[-1] - heights[0] > 0.4  # metres: it lifts an arm
    assert 0.9 < armature.matrix_world.to_scale().x * armature.data.bones["mixamorig:Hips"].head_local.length < 1.2


@pytest.mark.parametrize("ending", [".blend", ".glb"])
def test_other_formats_hold_nothing_else(ending: str, motion_path: Path, hero: str, tmp_path: Path) -> None:
    path = tmp_path / f"out{ending}"
    assert convert(motion_path, "-o", str(path), "--target", hero) == 0
    reset_to_empty()
    if ending == ".blend":
        with bpy.data.libraries.load(str(path)) as (found, wanted):
            wanted.scenes = found.scenes
        objects = list(wanted.scenes[0].collection.objects)
    else:
        bpy.ops.import_scene.gltf(filepath=str(path))
        objects = list(bpy.context.scene.collection.all_objects)
    assert sorted(one.type for one in objects if not one.name.startswith("Icosphere")) == ["ARMATURE", "MESH"]


@pytest.mark.parametrize("ending", [".bvh", ".usdc"])
@pytest.mark.parametrize("rig", ["mixamo", "vroid", "unknown"])
def test_bvh_and_usd_of_rigs_in_other_units_are_read_back(
    ending: str, rig: str, motion_path: Path, tmp_path: Path
) -> None:
    """Centimetres with Y up, an object that is placed and turned, names with spaces: joints are where FBX has them."""
    makers = {"mixamo": families.mixamo, "vroid": families.vroid, "unknown": unknown}
    reset_to_empty()
    families.with_skin(makers[rig]("Hero"))
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "hero.blend"))
    reset_to_empty()
    outputs = [str(tmp_path / f"out{one}") for one in (".fbx", ending)]
    assert convert(motion_path, "-o", *outputs, "--target", f"{tmp_path / 'hero.blend'}:Hero") == 0
    wanted = joints_of_file(tmp_path / "out.fbx", range(1, 13, 5))
    found = joints_of_file(tmp_path / f"out{ending}", range(1, 13, 5))
    assert set(found) <= set(wanted)
    assert len(found) > 20
    for name, places in found.items():
        np.testing.assert_allclose(places, wanted[name], atol=2e-3, err_msg=name)
    heights = [places[0][2] for places in found.values()]
    assert 1.2 < max(heights) - min(heights) < 1.9, "metres, upright"


@pytest.mark.parametrize("ending", [".fbx", ".glb", ".usdc", ".blend"])
def test_a_rig_below_an_empty_keeps_its_size_and_place(
    ending: str, motion_path: Path, hero: str, tmp_path: Path
) -> None:
    """As imports of FBX and glTF often are: the empty holds the turn and the scale to metres."""
    bpy.ops.wm.open_mainfile(filepath=hero.removesuffix(":Hero"))
    rig, group = bpy.data.objects["Hero"], bpy.data.objects.new("Group", None)
    bpy.context.scene.collection.objects.link(group)
    group.matrix_world, rig.matrix_world = rig.matrix_world.copy(), Matrix.Identity(4)
    rig.parent = group
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "grouped.blend"))
    reset_to_empty()
    for name, target in (("out", f"{tmp_path / 'grouped.blend'}:Hero"), ("plain", hero)):
        assert convert(motion_path, "-o", str(tmp_path / f"{name}{ending}"), "--target", target) == 0
    wanted, found = (joints_of_file(tmp_path / f"{name}{ending}", range(1, 13, 5)) for name in ("plain", "out"))
    assert set(found) == set(wanted)
    for name, places in found.items():
        np.testing.assert_allclose(places, wanted[name], atol=2e-3, err_msg=name)


def test_what_modifiers_and_constraints_need_comes_along(motion_path: Path, hero: str, tmp_path: Path) -> None:
    bpy.ops.wm.open_mainfile(filepath=hero.removesuffix(":Hero"))
    scene, rig = bpy.context.scene, bpy.data.objects["Hero"]
    variable = rig.driver_add("hide_render").driver.variables.new()
    variable.type = "SINGLE_PROP"
    variable.targets[0].id_type, variable.targets[0].id = "SCENE", scene  # through which the lamp is reached
    cage = bpy.data.objects.new("Cage", bpy.data.lattices.new("Cage"))
    place = bpy.data.objects.new("Place", None)
    place.location.x = 3
    for one in (cage, place):
        scene.collection.objects.link(one)
    rig.children[0].modifiers.new("Cartoon", "LATTICE").object = cage
    rig.constraints.new("COPY_LOCATION").target = place
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "held.blend"))
    reset_to_empty()
    out = tmp_path / "out.blend"
    assert convert(motion_path, "-o", str(out), "--target", f"{tmp_path / 'held.blend'}:Hero") == 0
    bpy.ops.wm.open_mainfile(filepath=str(out))
    assert bpy.data.objects["Hero_skin"].modifiers["Cartoon"].object == bpy.data.objects["Cage"]
    assert {"Cage", "Place"} <= set(bpy.context.scene.objects.keys()), "saving the file again keeps them"
    assert "Lamp" not in bpy.context.scene.objects
    joints = joints_of_file(out, range(1, 2))
    assert 2.5 < joints["mixamorigHips"][0][0] < 3.5


def test_animation_of_its_shape_keys_stays_behind(motion_path: Path, hero: str, tmp_path: Path) -> None:
    bpy.ops.wm.open_mainfile(filepath=hero.removesuffix(":Hero"))
    skin = bpy.data.objects["Hero_skin"]
    skin.shape_key_add(name="Basis")
    smile = skin.shape_key_add(name="smile")
    for frame in (1, 20):
        smile.value = frame / 20
        smile.keyframe_insert("value", frame=frame)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "smiling.blend"))
    reset_to_empty()
    out = tmp_path / "out.blend"
    assert convert(motion_path, "-o", str(out), "--target", f"{tmp_path / 'smiling.blend'}:Hero") == 0
    bpy.ops.wm.open_mainfile(filepath=str(out))
    keys = bpy.data.objects["Hero_skin"].data.shape_keys
    assert keys.animation_data is None or keys.animation_data.action is None


@pytest.mark.parametrize(("name", "preset"), [("Armature", "unreal"), ("PoseNet3D", None)])
@pytest.mark.parametrize("ending", [".fbx", ".glb"])
def test_a_character_that_is_called_as_the_captured_body_keeps_its_name(
    motion_path: Path, tmp_path: Path, name: str, preset: str | None, ending: str
) -> None:
    reset_to_empty()
    families.with_skin(families.unreal(name))
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "hero.blend"))
    reset_to_empty()
    out, options = tmp_path / f"out{ending}", ["--preset", preset] if preset else []
    assert convert(motion_path, "-o", str(out), "--target", f"{tmp_path / 'hero.blend'}:{name}", *options) == 0
    reset_to_empty()
    if ending == ".fbx":
        bpy.ops.import_scene.fbx(filepath=str(out))
    else:
        bpy.ops.import_scene.gltf(filepath=str(out))
    assert [one.name for one in bpy.data.objects if one.type == "ARMATURE"] == [name]


@pytest.mark.parametrize("make", [studio.genesis_8, studio.genesis_9])
def test_a_bvh_starts_where_the_whole_character_hangs(
    make: Callable[[str], bpy.types.Object], motion_path: Path, tmp_path: Path
) -> None:
    """DAZ's pelvis carries the legs alone; spine and legs hang on its hip."""
    reset_to_empty()
    hero = families.with_skin(make("Hero"))
    bone_count = 1 + len(hero.data.bones["hip"].children_recursive)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "hero.blend"))
    reset_to_empty()
    assert convert(motion_path, "-o", str(tmp_path / "out.bvh"), "--target", f"{tmp_path / 'hero.blend'}:Hero") == 0
    lines = (tmp_path / "out.bvh").read_text().splitlines()
    assert "ROOT hip" in lines
    assert sum("JOINT" in line or "ROOT" in line for line in lines) == bone_count


def joints_of_file(path: Path, frames: range) -> dict[str, list[tuple[float, ...]]]:
    """World places of each joint as Blender imports the file, by its name in letters and digits."""
    reset_to_empty()
    bpy.context.scene.render.fps = 30  # the FBX importer takes the scene's
    if path.suffix == ".fbx":
        bpy.ops.import_scene.fbx(filepath=str(path))
    elif path.suffix == ".bvh":
        bpy.ops.import_anim.bvh(filepath=str(path), update_scene_fps=True)
    elif path.suffix == ".glb":
        bpy.ops.import_scene.gltf(filepath=str(path))
    elif path.suffix == ".blend":
        bpy.ops.wm.open_mainfile(filepath=str(path))
    else:
        bpy.ops.wm.usd_import(filepath=str(path))
    (armature,) = (one for one in bpy.data.objects if one.type == "ARMATURE")
    places: dict[str, list[tuple[float, ...]]] = {}
    for frame in frames:
        bpy.context.scene.frame_set(frame)
        posed = armature.evaluated_get(bpy.context.evaluated_depsgraph_get())
        for bone in posed.pose.bones:
            name = "".join(one for one in bone.name if one.isalnum())
            places.setdefault(name, []).append(tuple(posed.matrix_world @ bone.head))
    return places


def test_a_map_wins_over_recognition(motion_path: Path, hero: str, tmp_path: Path) -> None:
    from posenet3d_blender.retargeting.map_file import save_map
    from posenet3d_blender.retargeting.recognise import recognise
    from posenet3d_blender.scene.retarget.append import append_armature
    from posenet3d_blender.scene.retarget.read_rig import read_rig

    found = recognise(read_rig(append_armature(tmp_path / "hero.blend", "Hero"))).bone_map
    swapped = dict(found.bones)
    for part in ("shoulder", "elbow", "wrist", "collar"):
        swapped[f"left_{part}"], swapped[f"right_{part}"] = found.bones[f"right_{part}"], found.bones[f"left_{part}"]
    save_map(replace(found, bones=swapped), tmp_path / "swapped.json")
    options = ["-o", str(tmp_path / "out.blend"), "--target", hero, "--map", str(tmp_path / "swapped.json")]
    assert convert(motion_path, *options) == 0
    reset_to_empty()
    with bpy.data.libraries.load(str(tmp_path / "out.blend")) as (library, wanted):
        wanted.objects = [name for name in library.objects if name == "Hero"]
    bpy.context.scene.collection.objects.link(wanted.objects[0])
    assert np.ptp(wrist_heights(wanted.objects[0], range(1, 13))) < 0.1  # the other arm is lifted


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("{folder}/none.blend:Hero", "none.blend: no such file"),
        ("{folder}/wave.blend:Hero", "wave.blend: can't be read as a .blend file"),
        ("{folder}/hero.blend:Villain", "has no object Villain; it has Hero"),
        ("{folder}/hero.blend:Lamp", "Lamp is not an armature; it has Hero"),
    ],
)
def test_an_unsuitable_target_is_one_line(
    target: str, message: str, motion_path: Path, hero: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "wave.blend").write_bytes(motion_path.read_bytes())
    assert convert(motion_path, "-o", str(tmp_path / "out.fbx"), "--target", target.format(folder=tmp_path)) == 1
    printed = capfd.readouterr().err
    assert message in printed
    assert printed.count("\n") == 1
    assert not (tmp_path / "out.fbx").exists()


@pytest.mark.parametrize(
    "options",
    [
        ["-o", "x.fbx", "--map", "map.json"],
        ["-o", "x.npz", "--target", "hero.blend:Hero"],
        ["-o", "x.fbx", "--target", "hero.fbx"],
    ],
)
def test_wrong_usage(options: list[str], motion_path: Path) -> None:
    assert convert(motion_path, *options) == 2
