"""A Blender scene to render in: materials, lights, camera, render settings. Used by tools.

World frame: Blender's, Z up, metres.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, TypeAlias

import bpy
import numpy as np
from mathutils import Matrix, Vector

from posenet3d_blender.arrays import Array
from posenet3d_blender.camera import Camera

Colour: TypeAlias = tuple[float, float, float]
"""Linear RGB."""

_IMAGE_TO_BLENDER_CAMERA: Final = np.diag([1.0, -1.0, -1.0, 1.0])


def empty_scene() -> None:
    """Open Blender's factory start-up file without its objects."""
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


def add_camera(camera: Camera) -> None:
    """Add this camera to the open scene and set its render size."""
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


def look_at(eye: Array, target: Array) -> Array:
    """World-to-camera transform (4, 4) of an upright camera at `eye` (3,) that looks at `target` (3,), metres."""
    forward = (target - eye) / np.linalg.norm(target - eye)
    right = np.cross(forward, (0.0, 0.0, 1.0))
    right /= np.linalg.norm(right)
    result = np.eye(4)
    result[:3, :3] = np.stack([right, np.cross(forward, right), forward])
    result[:3, 3] = -result[:3, :3] @ eye
    return result


def add_sun(direction: tuple[float, float, float], strength: float, softness_degrees: float = 8.0) -> None:
    """Add a sun light that shines along `direction`."""
    data = bpy.data.lights.new("sun", "SUN")
    data.energy, data.angle = strength, np.radians(softness_degrees)
    holder = bpy.data.objects.new("sun", data)
    holder.rotation_euler = Vector(direction).to_track_quat("-Z", "Y").to_euler()
    bpy.context.scene.collection.objects.link(holder)


def add_sky(colour: Colour, strength: float) -> None:
    """Add uniform light from all directions."""
    world = bpy.data.worlds.new("sky")
    world.use_nodes = True
    world.node_tree.nodes["Background"].inputs["Color"].default_value = (*colour, 1.0)
    world.node_tree.nodes["Background"].inputs["Strength"].default_value = strength
    bpy.context.scene.world = world


def add_plane(name: str, surface: bpy.types.Material, place: Array, size: float) -> bpy.types.Object:
    """Add a square of `size` metres; `place` (4, 4) maps its XY plane to the world."""
    mesh = bpy.data.meshes.new(name)
    half = size / 2
    mesh.from_pydata([(-half, -half, 0), (half, -half, 0), (half, half, 0), (-half, half, 0)], [], [(0, 1, 2, 3)])
    mesh.materials.append(surface)
    result = bpy.data.objects.new(name, mesh)
    result.matrix_world = Matrix(place.tolist())
    bpy.context.scene.collection.objects.link(result)
    return result


def two_colour_material(name: str, colours: tuple[Colour, Colour], kind: str, scale: float) -> bpy.types.Material:
    """A material with a pattern of two colours: `kind` is "noise" or "checker", `scale` in patterns per metre."""
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
    """Set the scene to render with Cycles on the CPU, with few samples and the denoiser."""
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
    """Set the scene to render with Workbench: flat light and hard shadows, but several images per second."""
    scene = bpy.context.scene
    scene.render.engine = "BLENDER_WORKBENCH"
    shading = scene.display.shading
    shading.light, shading.color_type = "STUDIO", "MATERIAL"
    shading.show_shadows, shading.show_cavity, shading.show_specular_highlight = True, True, False
    scene.view_settings.view_transform = "Standard"
    scene.view_settings.exposure = 1.0


def render_in_object_colours(background: Colour, smoothing: str) -> None:
    """Set the scene to render with Workbench in the colours of the objects, on a plain ground.

    Args:
        background: of the ground.
        smoothing: samples a pixel, as Blender names them: "8", "16".
    """
    scene = bpy.context.scene
    scene.render.engine = "BLENDER_WORKBENCH"
    shading = scene.display.shading
    shading.light, shading.color_type, shading.show_cavity = "STUDIO", "OBJECT", True
    shading.background_type, shading.background_color = "VIEWPORT", background
    scene.display.render_aa = smoothing
    scene.view_settings.view_transform = "Standard"
    scene.world = scene.world or bpy.data.worlds.new("ground")
    scene.world.color = background


def render_to(path: Path, window: tuple[int, int, int, int] | None = None) -> None:
    """Render the open scene to a PNG, or only its `window` (left, top, right, bottom in pixels)."""
    scene = bpy.context.scene
    scene.render.use_border = scene.render.use_crop_to_border = window is not None
    if window is not None:
        # Blender truncates fractions of pixels; the halves keep the window at whole ones.
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
