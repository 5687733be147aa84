"""Draw a captured motion as strips: the person seen from the front and from their left, at moments of the clip.

    .venv/bin/python -m tools.make_motion_strips MOTION.npz... --out strips.jpg [--body BODY.npz] [--label TEXT]

Several motions, each with its own --body and --label, come one above the other, to compare captures of one clip. The
view turns with the person, so that a lean or bent knees show; the floor is at z = 0 of the motion's scene.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Final

import bpy
import cv2
import numpy as np

from posenet3d_blender.arrays import AnyArray, Array
from posenet3d_blender.body.model import Body, load_body
from posenet3d_blender.body.rotations import axis_angle_to_matrix
from posenet3d_blender.motion import Motion, load_motion

from .studio import empty_scene, render_in_object_colours

MOMENTS: Final = 6
SPACING: Final = 1.5
"""Metres between two figures."""
ROW_METRES: Final = 2.1
PIXELS_PER_METRE: Final = 120
BODY_COLOUR: Final = (0.35, 0.55, 0.85, 1.0)
FLOOR_METRES: Final = 400.0
FLOOR_COLOUR: Final = (0.87, 0.87, 0.88, 1.0)
BACKGROUND: Final = (0.96, 0.96, 0.97)


def main() -> None:
    """Draw the motions given on the command line."""
    parser = argparse.ArgumentParser(description="Draw motions from the front and from the side.")
    parser.add_argument("motions", type=Path, nargs="+", metavar="MOTION")
    parser.add_argument("--body", type=Path, action="append", default=[], help="the body of each motion; default: ours")
    parser.add_argument("--label", action="append", default=[], help="text over each motion")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    rows = []
    for number, path in enumerate(arguments.motions):
        body = load_body(arguments.body[number] if number < len(arguments.body) else None)
        label = arguments.label[number] if number < len(arguments.label) else path.stem
        motion = load_motion(path)
        for view in ("front", "side"):
            rows.append(with_text(render_row(motion, body, view), f"{label}, {view}"))
    cv2.imwrite(str(arguments.out), np.vstack(rows), [cv2.IMWRITE_JPEG_QUALITY, 85])


def render_row(motion: Motion, body: Body, view: str) -> Array:
    """(H, W, 3) BGR: the person at MOMENTS moments side by side, seen from the front or from their left."""
    empty_scene()
    frames = ((np.arange(MOMENTS) + 0.5) / MOMENTS * motion.frame_count).astype(int)
    for place, frame in enumerate(frames):
        vertices = facing_camera(motion, body, int(frame), view)
        vertices[:, 0] += SPACING * (place - (MOMENTS - 1) / 2)
        add_mesh("body", vertices, body.faces, BODY_COLOUR)
    edge = FLOOR_METRES / 2
    corners = np.array([(-edge, -edge, 0.0), (edge, -edge, 0.0), (edge, edge, 0.0), (-edge, edge, 0.0)])
    add_mesh("floor", corners, np.array([[0, 1, 2, 3]]), FLOOR_COLOUR)
    return render()


def facing_camera(motion: Motion, body: Body, frame: int, view: str) -> Array:
    """(V, 3) the skin in one frame, the pelvis over the origin, turned so that the view's side faces -Y."""
    rotations = axis_angle_to_matrix(motion.poses[frame].reshape(1, -1, 3))  # (1, 24, 3, 3)
    vertices: Array = body.posed_vertices(rotations, motion.betas, motion.trans[frame : frame + 1])[0]
    forward = rotations[0, 0, :, 2]
    turn = np.arctan2(forward[1], forward[0]) + np.pi / 2 + (np.pi / 2 if view == "side" else 0.0)
    cosine, sine = np.cos(-turn), np.sin(-turn)
    vertices[:, :2] -= motion.joints[frame, 0, :2]
    vertices[:, :2] = vertices[:, :2] @ np.array([[cosine, sine], [-sine, cosine]])
    return vertices


def add_mesh(name: str, vertices: Array, faces: AnyArray, colour: tuple[float, float, float, float]) -> None:
    """Add a smooth mesh of one colour to the open scene."""
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata(vertices.tolist(), [], faces.tolist())
    mesh.polygons.foreach_set("use_smooth", np.ones(len(mesh.polygons), dtype=bool))
    added = bpy.data.objects.new(name, mesh)
    added.color = colour
    bpy.context.scene.collection.objects.link(added)


def render() -> Array:
    """(H, W, 3) BGR of the open scene from -Y, a little above the floor."""
    scene = bpy.context.scene
    width = SPACING * MOMENTS
    data = bpy.data.cameras.new("camera")
    data.type, data.ortho_scale = "ORTHO", width
    camera = bpy.data.objects.new("camera", data)
    camera.location, camera.rotation_euler = (0.0, -30.0, 0.42 * ROW_METRES + 3.0), (np.radians(84.3), 0.0, 0.0)
    scene.collection.objects.link(camera)
    scene.camera = camera
    render_in_object_colours(BACKGROUND, smoothing="8")
    scene.render.resolution_x, scene.render.resolution_y = (
        round(width * PIXELS_PER_METRE),
        round(ROW_METRES * PIXELS_PER_METRE),
    )
    scene.render.resolution_percentage = 100
    with tempfile.TemporaryDirectory() as folder:
        scene.render.filepath = str(Path(folder, "row.png"))
        bpy.ops.render.render(write_still=True)
        image = cv2.imread(scene.render.filepath)
    return np.asarray(image)


def with_text(image: Array, text: str) -> Array:
    """The image with a line of text in its upper left corner."""
    cv2.putText(image, text, (14, 28), cv2.FONT_HERSHEY_SIMPLEX, 0.7, (60, 60, 60), 1, cv2.LINE_AA)
    return image


if __name__ == "__main__":
    main()
