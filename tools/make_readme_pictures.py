"""Make the README's images from the results of `make demo`.

    make demo && .venv/bin/python -m tools.make_readme_pictures

docs/images/preview.jpg: frames of the preview video in a row. docs/images/armature.jpg: the captured body and its bones
at moments of the clip, rendered by Blender's Workbench.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import av
import bpy
import cv2
import numpy as np
from mathutils import Matrix, Vector
from numpy.typing import NDArray

from posenet3d_blender.body.model import load_body
from posenet3d_blender.motion import Motion, load_motion
from posenet3d_blender.scene import build_scene, reset_to_empty

from .studio import render_in_object_colours

CHECKOUT = Path(__file__).parents[1]
MOMENTS = 5
PICTURE_SIZE = (1500, 520)
FIGURE_SPACING = 1.25
"""Metres between two figures of the same person."""
FIGURE_HEIGHT = 2.1
"""Metres of height that the image shows."""
BODY_COLOUR = (0.35, 0.55, 0.85, 1.0)
BONE_COLOUR = (1.0, 0.40, 0.02, 1.0)
BACKGROUND = (0.96, 0.96, 0.97)
TOWARDS_CAMERA = Matrix.Translation((0.0, -2.0, 0.0))
"""Shift towards the orthographic camera, so that the bones are drawn over the body without a change of position."""


def main() -> None:
    """Make both images."""
    parser = argparse.ArgumentParser(description="Make the README's images from the demo's results.")
    parser.add_argument("--demo", type=Path, default=CHECKOUT / "out" / "demo")
    parser.add_argument("--out", type=Path, default=CHECKOUT / "docs" / "images")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    motion = load_motion(arguments.demo / "demo.npz")
    save_preview_strip(arguments.demo / "demo_preview.mp4", motion, arguments.out / "preview.jpg")
    render_armature(motion, arguments.out / "armature.jpg")


def save_preview_strip(preview: Path, motion: Motion, image: Path) -> None:
    """Save frames at even intervals side by side, cropped to the person."""
    with av.open(str(preview)) as container:
        frames = [frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)]
    if motion.camera is None:
        raise SystemExit("the demo's motion has no camera; run make demo again")
    chosen = moments(motion.frame_count)
    pixels = motion.camera.project(motion.joints[chosen]).reshape(-1, 2)
    margin = 0.15 * np.ptp(pixels[:, 1])
    left, top = np.maximum(pixels.min(0) - margin, 0).astype(int)
    right, bottom = np.minimum(pixels.max(0) + margin, motion.camera.image_size).astype(int)
    strip = np.hstack([frames[frame][top:bottom, left:right] for frame in chosen])
    height = round(PICTURE_SIZE[0] * strip.shape[0] / strip.shape[1])
    strip = cv2.resize(strip, (PICTURE_SIZE[0], height), interpolation=cv2.INTER_AREA)
    cv2.imwrite(str(image), strip, [cv2.IMWRITE_JPEG_QUALITY, 88])


def moments(frame_count: int) -> NDArray[np.int64]:
    """Frame numbers in the middle of MOMENTS equal parts."""
    return ((np.arange(MOMENTS) + 0.5) / MOMENTS * frame_count).astype(np.int64)


def render_armature(motion: Motion, image: Path) -> None:
    """Render the captured body at several moments of the clip, with its bones drawn over it."""
    reset_to_empty()
    scene = bpy.context.scene
    (armature,) = build_scene([motion], load_body())
    (skin,) = [child for child in armature.children if child.type == "MESH"]
    for place, frame in enumerate(moments(motion.frame_count)):
        scene.frame_set(int(scene.frame_start + frame))
        pelvis = armature.matrix_world @ armature.pose.bones["pelvis"].head
        step_aside = Matrix.Translation((FIGURE_SPACING * (place - (MOMENTS - 1) / 2) - pelvis.x, -pelvis.y, 0.0))
        _add_body(skin, step_aside)
        _add_bones(armature, TOWARDS_CAMERA @ step_aside)
    for captured in (armature, skin):
        captured.hide_render = True
    floor = motion.joints[..., 2].min()
    _add_front_camera(scene, float(floor) + 0.42 * FIGURE_HEIGHT)
    _render(scene, image)


def _add_body(skin: bpy.types.Object, place: Matrix) -> None:
    posed = skin.evaluated_get(bpy.context.evaluated_depsgraph_get())
    mesh = bpy.data.meshes.new_from_object(posed)
    mesh.polygons.foreach_set("use_smooth", np.ones(len(mesh.polygons), dtype=bool))
    _add_object("body", mesh, place @ skin.matrix_world, BODY_COLOUR)


def _add_bones(armature: bpy.types.Object, place: Matrix) -> None:
    vertices: list[Vector] = []
    faces: list[Sequence[int]] = []
    for bone in armature.pose.bones:
        if bone.parent:
            first = len(vertices)
            vertices += _octahedron(bone.parent.head, bone.head)
            around = [(1, 2), (2, 3), (3, 4), (4, 1)]
            faces += [(first, first + b, first + a) for a, b in around]
            faces += [(first + 5, first + a, first + b) for a, b in around]
    mesh = bpy.data.meshes.new("bones")
    mesh.from_pydata(vertices, [], faces)
    _add_object("bones", mesh, place @ armature.matrix_world, BONE_COLOUR)


def _octahedron(head: Vector, tail: Vector) -> list[Vector]:
    """Corners of a bone as Blender draws it: six, thickest near the head."""
    along = tail - head
    turn = along.to_track_quat("Y", "Z")
    thickness = min(0.12 * along.length, 0.025)
    corners = [Vector((x, 0.15 * along.length, z)) for x, z in ((1, 0), (0, 1), (-1, 0), (0, -1))]
    ring = [head + turn @ Vector((thickness * corner.x, corner.y, thickness * corner.z)) for corner in corners]
    return [head, *ring, tail]


def _add_object(name: str, mesh: bpy.types.Mesh, place: Matrix, colour: Sequence[float]) -> None:
    added = bpy.data.objects.new(name, mesh)
    added.matrix_world = place
    added.color = colour
    bpy.context.scene.collection.objects.link(added)


def _add_front_camera(scene: bpy.types.Scene, height: float) -> None:
    camera = bpy.data.cameras.new("front")
    camera.type = "ORTHO"
    camera.ortho_scale = FIGURE_HEIGHT * PICTURE_SIZE[0] / PICTURE_SIZE[1]
    eye = bpy.data.objects.new("front", camera)
    eye.location = (0.0, -10.0, height)
    eye.rotation_euler = (np.radians(90.0), 0.0, 0.0)
    scene.collection.objects.link(eye)
    scene.camera = eye


def _render(scene: bpy.types.Scene, image: Path) -> None:
    render_in_object_colours(BACKGROUND, smoothing="16")
    scene.render.resolution_x, scene.render.resolution_y, scene.render.resolution_percentage = *PICTURE_SIZE, 100
    scene.render.image_settings.file_format = "JPEG"
    scene.render.image_settings.quality = 88
    scene.render.filepath = str(image)
    bpy.ops.render.render(write_still=True)


if __name__ == "__main__":
    main()
