"""Surroundings to film in: textured rectangles, drawn by casting a ray through each pixel. World frame: Blender's."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from posenet3d_blender.arrays import Array
from posenet3d_blender.camera import Camera

Image = NDArray[np.uint8]
LEVELS: Final = 8
"""Copies of a texture, each of half the size, so that far surfaces don't flicker."""


@dataclass(frozen=True)
class Rectangle:
    """A textured rectangle."""

    corner: Array
    """(3,) metres, the texture's upper left corner."""
    right: Array
    """(3,) unit vector."""
    down: Array
    """(3,) unit vector."""
    size: tuple[float, float]
    """Metres to the right and down."""
    texture: Image
    """(h, w, 3) RGB, repeated."""
    pixels_per_metre: float
    levels: list[Image] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Make the smaller copies."""
        self.levels.append(self.texture)
        while len(self.levels) < LEVELS and min(self.levels[-1].shape[:2]) >= 4:
            height, width = self.levels[-1].shape[:2]
            half = cv2.resize(self.levels[-1], (width // 2, height // 2), interpolation=cv2.INTER_AREA)
            self.levels.append(np.asarray(half, np.uint8))


@dataclass(frozen=True)
class FlatWorld:
    """Rectangles before a sky."""

    rectangles: tuple[Rectangle, ...]
    sky: tuple[int, int, int] = (190, 205, 225)

    def picture(self, camera: Camera) -> Image:
        """(h, w, 3) RGB: what the camera sees."""
        width, height = camera.image_size
        turn, shift = camera.world_to_camera[:3, :3], camera.world_to_camera[:3, 3]
        eye = -turn.T @ shift
        columns, rows = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
        centre_x, centre_y = camera.principal_point
        rays = np.stack([columns - centre_x, rows - centre_y, np.full(columns.shape, camera.focal_length)], -1)
        rays = rays / camera.focal_length @ turn  # (h, w, 3), of depth 1
        image = np.empty((height, width, 3), np.uint8)
        image[:] = self.sky
        nearest = np.full((height, width), np.inf)
        for rectangle in self.rectangles:
            normal = np.cross(rectangle.right, rectangle.down)
            with np.errstate(divide="ignore", invalid="ignore"):
                depth = ((rectangle.corner - eye) @ normal) / (rays @ normal)
                place = eye + depth[..., None] * rays - rectangle.corner
                right, down = place @ rectangle.right, place @ rectangle.down
                hit = (depth > 0.05) & (depth < nearest) & (right >= 0) & (down >= 0)
                hit &= (right < rectangle.size[0]) & (down < rectangle.size[1])
                slant = np.abs(rays @ normal) / np.linalg.norm(rays, axis=-1)
                footprint = depth / camera.focal_length * rectangle.pixels_per_metre / np.sqrt(np.maximum(slant, 0.02))
            nearest[hit] = depth[hit]
            _paint(image, hit, rectangle, right, down, footprint)
        return image


def _paint(
    image: Image, hit: NDArray[np.bool_], rectangle: Rectangle, right: Array, down: Array, footprint: Array
) -> None:
    """Write the texture where it is seen, from the copy whose pixels are as large as the picture's."""
    with np.errstate(divide="ignore", invalid="ignore"):
        level = np.round(np.log2(np.maximum(footprint, 1e-3)))
    level = np.clip(np.nan_to_num(level), 0, len(rectangle.levels) - 1).astype(int)
    for number in np.unique(level[hit]):
        part = hit & (level == number)
        scale = rectangle.pixels_per_metre / 2**number
        texture = rectangle.levels[number]
        height, width = texture.shape[:2]
        places = [np.mod(way[part] * scale - 0.5, size) for way, size in ((right, width), (down, height))]
        # Chunks: remap takes pictures of fewer than 32768 columns.
        found = [
            cv2.remap(
                texture, x[None].astype(np.float32), y[None].astype(np.float32), cv2.INTER_LINEAR, None, cv2.BORDER_WRAP
            )[0]
            for x, y in zip(*(np.array_split(axis, 1 + len(axis) // 30000) for axis in places), strict=True)
        ]
        image[part] = np.concatenate(found)


def cloudy(
    rng: np.random.Generator, size: tuple[int, int], colour: tuple[int, int, int], grain: float, contrast: float
) -> Image:
    """(h, w, 3) noise that repeats; grain: pixels of its spots, contrast: standard deviation, of 255."""
    noise = rng.normal(size=(*size, 1)).astype(np.float32)
    tiled = np.tile(noise, (3, 3, 1))
    smooth = np.asarray(cv2.GaussianBlur(tiled, (0, 0), grain), dtype=np.float64).reshape(3 * size[0], -1, 1)
    middle = smooth[size[0] : 2 * size[0], size[1] : 2 * size[1]]
    texture = np.array(colour) + contrast * middle / middle.std()
    return np.asarray(np.clip(texture, 0, 255), np.uint8)


def room(seed: int = 0) -> FlatWorld:
    """A hall: a wall 12 m away with posters, a speckled floor."""
    rng = np.random.default_rng(seed)
    return FlatWorld((_floor(cloudy(rng, (512, 512), (120, 100, 80), 3.0, 18)), _wall(12.0, rng, 40)))


def sparse(seed: int = 0) -> FlatWorld:
    """A plain wall with a few posters, and a plain floor."""
    rng = np.random.default_rng(seed)
    return FlatWorld((_floor(np.full((64, 64, 3), (130, 125, 120), np.uint8)), _wall(12.0, rng, 9, plain=True)))


def meadow(seed: int = 0) -> FlatWorld:
    """Grass up to a row of trees 45 m away, under a plain sky."""
    rng = np.random.default_rng(seed)
    grass = cloudy(rng, (1024, 1024), (85, 120, 55), 1.2, 14)
    trees = cloudy(rng, (256, 1024), (50, 75, 45), 6.0, 18)
    hedge = Rectangle(
        np.array([-120.0, 45.0, 6.0]), np.array([1.0, 0, 0]), np.array([0, 0, -1.0]), (240.0, 6.0), trees, 12.0
    )
    return FlatWorld((_floor(grass, 100.0, 60.0), hedge))


def studio_room(seed: int = 4) -> FlatWorld:
    """A wall 2.1 m behind the origin with posters, boards with checks before it, and a speckled floor."""
    rng = np.random.default_rng(seed)
    boards = [
        Rectangle(
            np.array([x - 0.25, y, 0.9]), np.array([1.0, 0, 0]), np.array([0, 0, -1.0]), (0.5, 0.9), _checks(rng), 60.0
        )
        for x, y in ((-1.9, 1.0), (1.9, 0.6), (-2.6, 0.2), (2.7, 1.4), (1.2, 1.7))
    ]
    floor = _floor(cloudy(rng, (512, 512), (110, 85, 60), 3.0, 15))
    return FlatWorld((floor, _wall(2.1, rng, 40), *boards))


def _checks(rng: np.random.Generator) -> Image:
    """(54, 30, 3) checks of random colours, 10 cm each."""
    colours = rng.integers(20, 230, (9, 5, 3)).astype(np.uint8)
    return np.asarray(cv2.resize(colours, (30, 54), interpolation=cv2.INTER_NEAREST), np.uint8)


WORLDS: Final = {"room": room, "sparse": sparse, "meadow": meadow}


def _floor(texture: Image, pixels_per_metre: float = 100.0, half: float = 20.0) -> Rectangle:
    right, down = np.array([1.0, 0.0, 0.0]), np.array([0.0, -1.0, 0.0])
    return Rectangle(np.array([-half, half, 0.0]), right, down, (2 * half, 2 * half), texture, pixels_per_metre)


def _wall(y: float, rng: np.random.Generator, posters: int, plain: bool = False) -> Rectangle:
    """A wall of 40 m x 5 m with posters, at 50 pixels a metre."""
    shape = (250, 2000)
    wall = np.full((*shape, 3), (165, 165, 158), np.uint8)
    if not plain:
        wall = cloudy(rng, shape, (165, 165, 158), 8.0, 4)
    for number in range(posters):
        left = round((number + rng.uniform(0.1, 0.6)) * shape[1] / posters)
        top, height, width = rng.integers(60, 140), rng.integers(30, 60), rng.integers(22, 40)
        colours = rng.integers(20, 230, (4, 3)).astype(np.uint8)
        picture = cv2.resize(colours.reshape(2, 2, 3), (int(width), int(height)), interpolation=cv2.INTER_NEAREST)
        part = wall[top : top + height, left : left + width]
        part[:] = np.asarray(picture, np.uint8)[: part.shape[0], : part.shape[1]]
    right, down = np.array([1.0, 0.0, 0.0]), np.array([0.0, 0.0, -1.0])
    return Rectangle(np.array([-20.0, y, 5.0]), right, down, (40.0, 5.0), wall, 50.0)
