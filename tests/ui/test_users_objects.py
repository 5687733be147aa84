"""What animators add to a take's armature: props, clothes and materials of their own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("bpy")

import bpy
import numpy as np
from mathutils import Matrix

from posenet3d_blender.arrays import Array
from posenet3d_blender.scene.skin import SKIN_VERTICES, skin_meshes
from posenet3d_blender.ui.settings import settings_of
from posenet3d_blender.ui.takes import follow_active_object, people_of, take_of

from .conftest import Pipeline, standing
from .test_takes import capture

pytestmark = pytest.mark.usefixtures("add_on")


def add_prop(person: bpy.types.Object) -> bpy.types.Object:
    """A hat, parented to the head; its name is before the body's in the alphabet, in which Blender lists children."""
    mesh = bpy.data.meshes.new("A hat")
    mesh.from_pydata([(0, 0, 0), (0.1, 0, 0), (0, 0.1, 0)], [], [(0, 1, 2)])
    prop = bpy.data.objects.new("A hat", mesh)
    people_collection(person).objects.link(prop)
    prop.parent, prop.parent_type, prop.parent_bone = person, "BONE", "head"
    return prop


def add_clothes(person: bpy.types.Object) -> bpy.types.Object:
    """A copy of the body that is cut off at the waist, under a name before the body's; the armature deforms it."""
    (skin,) = skin_meshes([person])
    clothes = skin.copy()
    clothes.data = skin.data.copy()
    clothes.name = clothes.data.name = "A shirt"
    people_collection(person).objects.link(clothes)
    import bmesh

    edited = bmesh.new()
    edited.from_mesh(clothes.data)
    bmesh.ops.delete(edited, geom=[vertex for vertex in edited.verts if vertex.co.z < 1], context="VERTS")
    edited.to_mesh(clothes.data)
    edited.free()
    return clothes


def people_collection(person: bpy.types.Object) -> bpy.types.Collection:
    return person.users_collection[0]


def as_of_earlier_version(person: bpy.types.Object) -> None:
    for skin in skin_meshes([person]):
        del skin[SKIN_VERTICES]


@pytest.mark.parametrize("file_format", ["fbx", "glb", "usdc", "bvh"])
def test_a_take_with_a_prop_is_exported(
    pipeline: Pipeline, video: Path, tmp_path: Path, file_format: str, capfd: pytest.CaptureFixture[str]
) -> None:
    (person,) = people_of(capture(video))
    prop, clothes = add_prop(person), add_clothes(person)
    skin_meshes([person])[0].modifiers[0].name = "Bends the body"
    names = prop.name, clothes.name, person.name
    path = tmp_path / f"take.{file_format}"
    assert bpy.ops.posenet3d.export(filepath=str(path), file_format=file_format) == {"FINISHED"}
    assert (prop.name, clothes.name, person.name) == names
    assert prop.parent == clothes.parent == person
    report = capfd.readouterr().out
    # glTF has it, and BVH has bones alone.
    assert ("without A hat: " in report) == (file_format in ("fbx", "usdc"))


def test_clothes_that_share_a_mesh_keep_its_name(pipeline: Pipeline, video: Path, tmp_path: Path) -> None:
    (person,) = people_of(capture(video))
    shirt = add_clothes(person)
    twin = shirt.copy()
    people_collection(person).objects.link(twin)
    name = shirt.data.name
    assert bpy.ops.posenet3d.export(filepath=str(tmp_path / "take.fbx"), file_format="fbx") == {"FINISHED"}
    assert shirt.data.name == twin.data.name == name


def test_clothes_are_exported_in_their_place(pipeline: Pipeline, video: Path, tmp_path: Path) -> None:
    (person,) = people_of(capture(video))
    clothes = add_clothes(person)
    clothes.data.transform(Matrix.Translation((0, 0, -1)))
    clothes.location.z = 1.0  # as if it had been modelled at the origin, and moved up then
    bpy.context.view_layer.update()
    wanted = corners(clothes)
    path = tmp_path / "take.fbx"
    bpy.ops.posenet3d.export(filepath=str(path))
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    bpy.ops.import_scene.fbx(filepath=str(path))
    bpy.context.view_layer.update()
    np.testing.assert_allclose(corners(bpy.data.objects["A shirt"]), wanted, atol=1e-3)


def corners(mesh: bpy.types.Object) -> Array:
    points: Array = np.array([mesh.matrix_world @ vertex.co for vertex in mesh.data.vertices])
    return np.array([points.min(axis=0), points.max(axis=0)])


@pytest.mark.parametrize("is_earlier", [False, True])
def test_deleting_a_take_leaves_props_and_clothes(pipeline: Pipeline, video: Path, is_earlier: bool) -> None:
    take = capture(video)
    (person,) = people_of(take)
    prop, clothes = add_prop(person), add_clothes(person)
    if is_earlier:
        as_of_earlier_version(person)
        del clothes[SKIN_VERTICES]
    assert bpy.ops.posenet3d.delete_take() == {"FINISHED"}
    assert {one.name for one in bpy.data.objects} == {prop.name, clothes.name}
    assert {prop.name, clothes.name} <= set(bpy.context.scene.collection.objects.keys())


@pytest.mark.parametrize("is_earlier", [False, True])
def test_an_update_gives_the_body_its_mesh_and_no_prop(pipeline: Pipeline, video: Path, is_earlier: bool) -> None:
    take = capture(video)
    (person,) = people_of(take)
    prop, clothes = add_prop(person), add_clothes(person)
    (skin,) = skin_meshes([person])
    if is_earlier:
        as_of_earlier_version(person)
        del clothes[SKIN_VERTICES]
    meshes = prop.data, clothes.data
    with_fingers(pipeline)
    assert bpy.ops.posenet3d.update_take() == {"FINISHED"}
    assert (prop.data, clothes.data) == meshes
    assert skin_meshes([person]) == [skin]
    assert "left_thumb3" in skin.vertex_groups
    assert skin[SKIN_VERTICES] == len(skin.data.vertices)


def with_fingers(pipeline: Pipeline) -> None:
    motion = standing(5)
    ones = np.ones(motion.frame_count)
    pipeline.motion = replace(
        motion, left_hand_pose=np.full((motion.frame_count, 45), 0.1), left_hand_confidence=0.5 * ones
    )


def test_an_update_keeps_all_materials_on_their_faces(pipeline: Pipeline, video: Path) -> None:
    take = capture(video)
    (person,) = people_of(take)
    (skin,) = skin_meshes([person])
    shorts = bpy.data.materials.new("Shorts")
    skin.data.materials.append(shorts)
    skin.data.materials.append(None)
    skin.data.polygons[7].material_index = 1
    own = skin.data.materials[0]
    with_fingers(pipeline)
    assert bpy.ops.posenet3d.update_take() == {"FINISHED"}
    assert list(skin.data.materials) == [own, shorts, None]
    assert [face.index for face in skin.data.polygons if face.material_index] == [7]
    skin.data.materials.clear()
    pipeline.motion = standing(5)
    assert bpy.ops.posenet3d.update_take() == {"FINISHED"}
    assert list(skin.data.materials) == []
    assert "left_thumb3" not in skin.vertex_groups


def test_an_update_that_is_refused_changes_nothing(pipeline: Pipeline, video: Path) -> None:
    take = capture(video)
    (person,) = people_of(take)
    bpy.context.view_layer.objects.active = person
    bpy.ops.object.mode_set(mode="EDIT")
    kinds = ("objects", "meshes", "armatures", "actions", "cameras", "materials", "collections")
    before = {kind: sorted(getattr(bpy.data, kind).keys()) for kind in kinds}
    data, action = person.data, person.animation_data.action
    take_of(take).smoothing = 0.4
    with_fingers(pipeline)
    with pytest.raises(RuntimeError, match="edit mode; leave edit mode first"):
        bpy.ops.posenet3d.update_take()
    assert before == {kind: sorted(getattr(bpy.data, kind).keys()) for kind in kinds}
    assert (person.data, person.animation_data.action, person.mode) == (data, action, "EDIT")
    bpy.ops.object.mode_set(mode="OBJECT")
    assert bpy.ops.posenet3d.update_take() == {"FINISHED"}


def test_a_copy_of_the_armature_is_the_users(pipeline: Pipeline, video: Path, tmp_path: Path) -> None:
    take = capture(video)
    (person,) = people_of(take)
    copy = person.copy()
    copy.data, copy.animation_data.action = person.data.copy(), person.animation_data.action.copy()
    take.objects.link(copy)
    assert people_of(take) == [person]
    assert bpy.ops.posenet3d.update_take() == {"FINISHED"}
    assert people_of(take) == [person]
    assert copy.name in take.objects
    assert bpy.ops.posenet3d.delete_take() == {"FINISHED"}
    assert copy.name in bpy.context.scene.collection.objects


def test_an_armature_in_another_collection_belongs_to_its_take(pipeline: Pipeline, video: Path, tmp_path: Path) -> None:
    first, take = capture(video), capture(video)
    (person,) = people_of(take)
    cast = bpy.data.collections.new("Cast")
    bpy.context.scene.collection.children.link(cast)
    for part in (person, *skin_meshes([person])):
        take.objects.unlink(part)
        cast.objects.link(part)
    for file_format in ("fbx", "npz"):
        path = tmp_path / f"take.{file_format}"
        assert bpy.ops.posenet3d.export(filepath=str(path), file_format=file_format) == {"FINISHED"}
        assert path.is_file()
    former = person.animation_data.action.name
    pipeline.motion = standing(8)
    assert bpy.ops.posenet3d.update_take() == {"FINISHED"}
    assert people_of(take) == [person]
    assert person.animation_data.action.name == former
    assert person.posenet3d.frames == 8
    assert len([one for one in bpy.data.objects if one.type == "ARMATURE"]) == 2
    settings_of(bpy.context.scene).take = first
    bpy.context.view_layer.objects.active = skin_meshes([person])[0]
    follow_active_object()
    assert settings_of(bpy.context.scene).take == take


def test_a_take_whose_armature_is_gone_is_refused_in_one_line(pipeline: Pipeline, video: Path, tmp_path: Path) -> None:
    take = capture(video)
    (person,) = people_of(take)
    bpy.data.objects.remove(person)
    for file_format in ("fbx", "npz", "jpg"):
        path = tmp_path / f"take.{file_format}"
        with pytest.raises(RuntimeError, match="its armature is not in the file any more"):
            bpy.ops.posenet3d.export(filepath=str(path), file_format=file_format)
        assert not path.exists()
    assert bpy.ops.posenet3d.update_take() == {"FINISHED"}
    assert len(people_of(take)) == 1


def test_deleting_a_take_leaves_collections_in_it(pipeline: Pipeline, video: Path) -> None:
    take = capture(video)
    props = bpy.data.collections.new("Props")
    take.children.link(props)
    props.objects.link(bpy.data.objects.new("A sword", None))
    assert bpy.ops.posenet3d.delete_take() == {"FINISHED"}
    assert "A sword" in bpy.context.scene.objects


def test_a_take_that_is_linked_from_a_library_is_exported(pipeline: Pipeline, video: Path, tmp_path: Path) -> None:
    name = capture(video).name
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "library.blend"))
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    with bpy.data.libraries.load(str(tmp_path / "library.blend"), link=True) as (_, wanted):
        wanted.collections = [name]
    bpy.context.scene.collection.children.link(bpy.data.collections[name])
    path = tmp_path / "take.fbx"
    assert bpy.ops.posenet3d.export(filepath=str(path), file_format="fbx") == {"FINISHED"}
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    bpy.ops.import_scene.fbx(filepath=str(path))
    (armature,) = (one for one in bpy.data.objects if one.type == "ARMATURE")
    assert armature.name == name
    assert armature.animation_data.action is not None
