"""A clothed figure in Blender: the shipped body with materials, hair and eyes, a room, a camera. For the tools alone.

World frame: Blender's, Z up, metres.
"""

# fake-bpy declares nearly every attribute optional; scripts that build the whole scene know better.
# mypy: disable-error-code="union-attr,attr-defined"

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import bpy
import numpy as np
from mathutils import Matrix, Vector
from numpy.typing import NDArray

from posenet3d_blender.body.kinematics import forward_kinematics, skin
from posenet3d_blender.body.model import Body
from posenet3d_blender.body.skeleton import JOINT_INDEX
from posenet3d_blender.camera import Camera

Colour = tuple[float, float, float]

Y_UP_TO_Z_UP: Final = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])
"""From the body frame to Blender's world: the figure faces -Y."""

_PARTS: Final = ("skin", "shirt", "trousers", "shoes", "hair", "lips")
_NOSE_TO_EYE: Final = np.array([0.032, 0.040, -0.030])  # metres at rest, from the nose's tip to the left eyeball
_IMAGE_TO_BLENDER_CAMERA: Final = np.diag([1.0, -1.0, -1.0, 1.0])


@dataclass(frozen=True)
class Clothes:
    """Linear RGB of each part of the figure."""

    skin: Colour = (0.55, 0.32, 0.22)
    shirt: Colour = (0.08, 0.22, 0.45)
    trousers: Colour = (0.03, 0.03, 0.04)
    shoes: Colour = (0.75, 0.75, 0.72)
    hair: Colour = (0.03, 0.018, 0.01)
    lips: Colour = (0.40, 0.16, 0.13)


def empty_scene() -> None:
    """Open Blender's own start-up file without its objects."""
    bpy.ops.wm.read_factory_settings(use_empty=True)


def material(name: str, colour: Colour, roughness: float = 0.7) -> bpy.types.Material:
    """A plain material, for Cycles and for Workbench alike."""
    result = bpy.data.materials.new(name)
    result.use_nodes = True
    result.diffuse_color = (*colour, 1.0)
    shader = result.node_tree.nodes["Principled BSDF"]
    shader.inputs["Base Color"].default_value = (*colour, 1.0)
    shader.inputs["Roughness"].default_value = roughness
    return result


def subdivided(body: Body) -> Body:
    """The same body with each triangle cut into four, for clean borders between its parts."""
    edges = np.sort(body.faces[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1)
    edges, which = np.unique(edges, axis=0, return_inverse=True)
    a, b, c = body.faces.T
    ab, bc, ca = which.reshape(-1, 3).T + len(body.template)
    faces = np.concatenate([np.stack(corners, 1) for corners in ((a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca))])

    def with_middles(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.concatenate([values, values[edges].mean(axis=1)])

    return replace(
        body,
        template=with_middles(body.template),
        faces=faces,
        shape_directions=with_middles(body.shape_directions),
        skin_weights=with_middles(body.skin_weights),
        joint_regressor=np.pad(body.joint_regressor, ((0, 0), (0, len(edges)))),
    )


class Figure:
    """The body as a mesh object whose vertices are set anew for every frame."""

    def __init__(self, body: Body, betas: NDArray[np.float64], clothes: Clothes) -> None:
        """Add the figure to the open scene; `betas` (10,) is its shape."""
        self._body, self._betas = body, betas
        self._rest_joints = body.rest_joints(betas)
        rest = body.rest_vertices(betas)
        self._nose = rest[_foremost_of_head(body, (0, 0, 1))]
        parts = _parts(body)
        self._shown_rest = rest + _hair_thickness(body, rest, parts)
        mesh = bpy.data.meshes.new("figure")
        mesh.from_pydata([Vector(v) for v in rest], [], body.faces.tolist())
        for part in _PARTS:
            mesh.materials.append(material(part, getattr(clothes, part), 0.5 if part == "skin" else 0.8))
        mesh.polygons.foreach_set("material_index", parts.astype(np.int32))
        mesh.shade_smooth()
        self.object = bpy.data.objects.new("figure", mesh)
        bpy.context.scene.collection.objects.link(self.object)
        self._eyes = [_eye(side) for side in ("left", "right")]

    def pose(self, rotations: NDArray[np.floating], translation: NDArray[np.floating]) -> NDArray[np.float64]:
        """Show one frame: rotations (24, 3, 3), the pelvis's in the world, and SMPL's translation (3,), metres.

        Returns:
            (V, 3) the skin's vertices in the world.
        """
        joints, world = forward_kinematics(rotations, self._rest_joints)
        shown = skin(self._shown_rest, self._rest_joints, self._body.skin_weights, joints, world) + translation
        self.object.data.vertices.foreach_set("co", shown.astype(np.float32).ravel())
        self.object.data.update()
        head = JOINT_INDEX["head"]
        for eye, side in zip(self._eyes, ("left", "right"), strict=True):
            rest = self._nose + _NOSE_TO_EYE * (1 if side == "left" else -1, 1, 1) - self._rest_joints[head]
            place = np.eye(4)
            place[:3, :3] = world[head]
            place[:3, 3] = joints[head] + translation + world[head] @ rest
            eye.matrix_world = Matrix(place.tolist())
        return shown

    def hide(self, hidden: bool) -> None:
        """Leave the figure out of the picture, or show it again."""
        for part in (self.object, *self._eyes):
            part.hide_render = hidden


def lowest_point(body: Body, rotations: NDArray[np.floating], betas: NDArray[np.floating]) -> float:
    """The height of the lowest vertex, metres, of one posed frame (24, 3, 3) without translation."""
    return float(body.posed_vertices(rotations[None], betas, np.zeros((1, 3)))[0, :, 2].min())


def add_camera(camera: Camera) -> None:
    """Give the open scene this camera and its picture size."""
    scene = bpy.context.scene
    width, height = camera.image_size
    data = bpy.data.cameras.new("camera")
    data.sensor_fit = "HORIZONTAL"
    data.lens = camera.focal_length * data.sensor_width / width
    holder = bpy.data.objects.new("camera", data)
    holder.matrix_world = Matrix((np.linalg.inv(camera.world_to_camera) @ _IMAGE_TO_BLENDER_CAMERA).tolist())
    scene.collection.objects.link(holder)
    scene.camera = holder
    scene.render.resolution_x, scene.render.resolution_y = width, height
    scene.render.resolution_percentage = 100


def look_at(eye: NDArray[np.floating], target: NDArray[np.floating]) -> NDArray[np.float64]:
    """World to camera (4, 4) of an upright camera at `eye` (3,) that looks at `target` (3,), metres."""
    forward = (target - eye) / np.linalg.norm(target - eye)
    right = np.cross(forward, (0.0, 0.0, 1.0))
    right /= np.linalg.norm(right)
    result = np.eye(4)
    result[:3, :3] = np.stack([right, np.cross(forward, right), forward])
    result[:3, 3] = -result[:3, :3] @ eye
    return result


def add_sun(direction: tuple[float, float, float], strength: float, softness_degrees: float = 8.0) -> None:
    """A sun that shines along `direction`."""
    data = bpy.data.lights.new("sun", "SUN")
    data.energy, data.angle = strength, np.radians(softness_degrees)
    holder = bpy.data.objects.new("sun", data)
    holder.rotation_euler = Vector(direction).to_track_quat("-Z", "Y").to_euler()
    bpy.context.scene.collection.objects.link(holder)


def add_sky(colour: Colour, strength: float) -> None:
    """Even light from all around."""
    world = bpy.data.worlds.new("sky")
    world.use_nodes = True
    world.node_tree.nodes["Background"].inputs["Color"].default_value = (*colour, 1.0)
    world.node_tree.nodes["Background"].inputs["Strength"].default_value = strength
    bpy.context.scene.world = world


def add_plane(name: str, surface: bpy.types.Material, place: NDArray[np.floating], size: float) -> bpy.types.Object:
    """A square of `size` metres; `place` (4, 4) takes its own XY plane into the world."""
    mesh = bpy.data.meshes.new(name)
    half = size / 2
    mesh.from_pydata([(-half, -half, 0), (half, -half, 0), (half, half, 0), (-half, half, 0)], [], [(0, 1, 2, 3)])
    mesh.materials.append(surface)
    result = bpy.data.objects.new(name, mesh)
    result.matrix_world = Matrix(place.tolist())
    bpy.context.scene.collection.objects.link(result)
    return result


def two_colour_material(name: str, colours: tuple[Colour, Colour], kind: str, scale: float) -> bpy.types.Material:
    """A material of two colours in a pattern: `kind` is "noise" or "checker", `scale` in patterns a metre."""
    result = material(name, colours[0])
    nodes, links = result.node_tree.nodes, result.node_tree.links
    place = nodes.new("ShaderNodeTexCoord")
    mix = nodes.new("ShaderNodeMix")
    mix.data_type = "RGBA"
    mix.inputs["A"].default_value, mix.inputs["B"].default_value = (*colours[0], 1.0), (*colours[1], 1.0)
    pattern = nodes.new("ShaderNodeTexChecker" if kind == "checker" else "ShaderNodeTexNoise")
    pattern.inputs["Scale"].default_value = scale
    links.new(place.outputs["Object"], pattern.inputs["Vector"])
    links.new(pattern.outputs["Fac"], mix.inputs["Factor"])
    links.new(mix.outputs["Result"], nodes["Principled BSDF"].inputs["Base Color"])
    return result


def render_with_cycles(samples: int, threads: int = 1) -> None:
    """Set the scene to Cycles on the processor, with few samples and the denoiser."""
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    scene.cycles.device = "CPU"
    scene.cycles.samples = samples
    scene.cycles.use_denoising = True
    scene.cycles.max_bounces = 2
    scene.render.threads_mode, scene.render.threads = "FIXED", threads
    scene.render.use_persistent_data = True
    scene.view_settings.view_transform = "Standard"


def render_with_workbench() -> None:
    """Set the scene to Workbench: flat light and hard shadows, but several pictures a second without a screen."""
    scene = bpy.context.scene
    scene.render.engine = "BLENDER_WORKBENCH"
    shading = scene.display.shading
    shading.light, shading.color_type = "STUDIO", "MATERIAL"
    shading.show_shadows, shading.show_cavity, shading.show_specular_highlight = True, True, False
    scene.view_settings.view_transform = "Standard"
    scene.view_settings.exposure = 1.0


def render_to(path: Path, window: tuple[int, int, int, int] | None = None) -> None:
    """Render the open scene into a PNG; of `window` (left, top, right, bottom in pixels) alone where it is given."""
    scene = bpy.context.scene
    scene.render.use_border = scene.render.use_crop_to_border = window is not None
    if window is not None:
        # Blender cuts fractions of pixels off: the halves keep its window to whole ones
        left, top, right, bottom = (side + 0.5 for side in window)
        width, height = scene.render.resolution_x, scene.render.resolution_y
        scene.render.border_min_x, scene.render.border_max_x = left / width, right / width
        scene.render.border_min_y, scene.render.border_max_y = (
            (height + 1 - bottom) / height,
            (height + 1 - top) / height,
        )
    scene.render.image_settings.file_format = "PNG"
    scene.render.filepath = str(path)
    bpy.ops.render.render(write_still=True)


def _parts(body: Body) -> NDArray[np.int64]:
    """(F,) index into _PARTS: what each face shows, by the joint that owns it and its place at rest."""
    nose, ear = (body.template[_foremost_of_head(body, axis)] for axis in ((0, 0, 1), (1, 0, 0)))
    eye = nose + _NOSE_TO_EYE
    centres = body.template[body.faces].mean(axis=1)
    owners = body.skin_weights[body.faces].sum(axis=1).argmax(axis=1)
    joints = body.joint_template

    def owned(*names: str) -> NDArray[np.bool_]:
        return np.isin(owners, [JOINT_INDEX[name] for name in names])

    def both(name: str) -> tuple[str, str]:
        return "left_" + name, "right_" + name

    x, y, z = np.abs(centres[:, 0]), centres[:, 1], centres[:, 2]
    parts = np.full(len(centres), _PARTS.index("skin"))
    sleeve_end = (joints[JOINT_INDEX["left_shoulder"], 0] + joints[JOINT_INDEX["left_elbow"], 0]) / 2
    torso = owned("spine1", "spine2", "spine3", *both("collar")) & (y < joints[JOINT_INDEX["neck"], 1] - 0.045)
    parts[torso | (owned(*both("shoulder")) & (x < sleeve_end))] = _PARTS.index("shirt")
    parts[owned("pelvis") & (y > -0.02)] = _PARTS.index("shirt")
    parts[(owned("pelvis") & (y <= -0.02)) | owned(*both("hip"), *both("knee"))] = _PARTS.index("trousers")
    parts[owned(*both("ankle"), *both("foot"))] = _PARTS.index("shoes")
    scalp = (y > eye[1] + 0.045) | ((z < ear[2] - 0.012) & (y > nose[1] - 0.02))
    scalp |= (z < ear[2] + 0.035) & (y > eye[1] + 0.012)
    parts[owned("head") & scalp] = _PARTS.index("hair")
    brows = (np.abs(x - eye[0]) < 0.017) & (np.abs(y - eye[1] - 0.022) < 0.004) & (z > ear[2] + 0.05)
    parts[owned("head") & brows] = _PARTS.index("hair")
    lips = (x < 0.024) & (np.abs(y - nose[1] + 0.033) < 0.009) & (z > nose[2] - 0.03)
    parts[owned("head") & lips] = _PARTS.index("lips")
    return parts


def _foremost_of_head(body: Body, direction: tuple[int, int, int]) -> int:
    """The vertex of the head that reaches farthest along `direction` at rest: nose or ear."""
    head = np.flatnonzero(body.skin_weights.argmax(axis=1) == JOINT_INDEX["head"])
    return int(head[(body.template[head] @ direction).argmax()])


def _hair_thickness(body: Body, rest: NDArray[np.float64], parts: NDArray[np.int64]) -> NDArray[np.float64]:
    """(V, 3) metres by which the scalp is pushed out from the head's middle."""
    ear = body.template[_foremost_of_head(body, (1, 0, 0))]
    middle = np.array([0.0, ear[1] + 0.02, ear[2] + 0.02])
    hairy = np.zeros(len(rest), dtype=bool)
    hairy[body.faces[parts == _PARTS.index("hair")].ravel()] = True
    hairy &= (rest[:, 2] < ear[2] + 0.07) | (rest[:, 1] > ear[1] + 0.07)  # not the brows
    outwards = rest - middle
    return np.where(hairy[:, None], 0.016 * outwards / np.linalg.norm(outwards, axis=1, keepdims=True), 0.0)


def _eye(side: str) -> bpy.types.Object:
    """A white ball with a dark iris that looks along +Z."""
    bpy.ops.mesh.primitive_uv_sphere_add(segments=16, ring_count=12, radius=0.012)
    result: bpy.types.Object = bpy.context.object
    result.name = f"{side} eye"
    mesh = result.data
    mesh.shade_smooth()
    for polygon in mesh.polygons:
        polygon.material_index = 1 if polygon.center.z > 0.009 else 0
    mesh.materials.append(material("eye white", (0.8, 0.8, 0.78), 0.2))
    mesh.materials.append(material("iris", (0.03, 0.015, 0.01), 0.2))
    return result
