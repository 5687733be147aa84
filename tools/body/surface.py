"""A light surface: the skin alone, with about as many vertices as SMPL's, and its texture coordinates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import fast_simplification
import numpy as np
import trimesh
from numpy.typing import NDArray

from posenet3d_blender.arrays import Array

Indices = NDArray[np.int64]

TARGET_VERTICES: Final = 6890
"""As many as SMPL has; the simplifier comes near it."""
_SAME_CHART: Final = 0.05
"""Texture coordinates farther apart than this, within one small face, lie on two sides of a seam."""


@dataclass(frozen=True)
class Surface:
    """A light surface on a fine one: each vertex lies in a triangle of the fine surface."""

    faces: Indices
    """(F, 3)"""
    corners: Indices
    """(N, 3) the triangle's vertices on the fine surface."""
    triangles: Indices
    """(N,) the fine surface's face."""
    shares: Array
    """(N, 3) of each corner; they sum to 1."""

    def carried(self, values: Array) -> Array:
        """Values of the fine surface's vertices (V, ...), interpolated for the light one's (N, ...)."""
        result: Array = np.einsum("nk,nk...->n...", self.shares, values[self.corners])
        return result


def simplified(vertices: Array, faces: Indices) -> Surface:
    """The skin alone (no eyes, teeth, tongue) of vertices (V, 3) and faces (F, 3), with about TARGET_VERTICES."""
    whole = trimesh.Trimesh(vertices, faces, process=False)
    pieces = trimesh.graph.connected_components(whole.face_adjacency, nodes=np.arange(len(faces)))
    piece = np.sort(max(pieces, key=len))
    used, skin_faces = np.unique(faces[piece], return_inverse=True)
    skin = trimesh.Trimesh(vertices[used], skin_faces.reshape(-1, 3), process=False)
    points, light_faces = fast_simplification.simplify(
        skin.vertices.astype(np.float32), skin.faces.astype(np.int32), target_count=2 * TARGET_VERTICES
    )
    nearest, _, triangles = trimesh.proximity.closest_point(skin, points.astype(np.float64))
    shares = np.clip(trimesh.triangles.points_to_barycentric(skin.triangles[triangles], nearest), 0, 1)
    return Surface(
        faces=light_faces.astype(np.int64),
        corners=used[skin.faces[triangles]],
        triangles=piece[triangles],
        shares=shares / shares.sum(axis=1, keepdims=True),
    )


def texture(
    surface: Surface, vertices: Array, faces: Indices, coordinates: Array, coordinate_faces: Indices
) -> tuple[Array, Indices]:
    """Texture coordinates (C, 2) of a light surface, and their faces (F, 3), from the fine one's.

    A face lies on the chart where its middle does; a corner across a seam takes the seam's nearest point on that chart.

    Args:
        surface: made by `simplified`.
        vertices: (V, 3) of the fine surface, metres.
        faces: (T, 3) of the fine surface.
        coordinates: (U, 2) the fine surface's texture coordinates.
        coordinate_faces: (T, 3) each face's texture coordinates.
    """
    places = np.full((len(coordinates), 3), np.inf)  # of coordinates that no face uses: never the nearest
    places[coordinate_faces.ravel()] = vertices[faces.ravel()]
    light = surface.carried(vertices)
    by_vertex = np.einsum("nk,nkc->nc", surface.shares, coordinates[coordinate_faces[surface.triangles]])
    on_skin = np.isin(faces, surface.corners).any(axis=1)
    fine = trimesh.Trimesh(vertices, faces[on_skin], process=False)
    _, _, middle_faces = trimesh.proximity.closest_point(fine, light[surface.faces].mean(axis=1))
    middles = coordinates[coordinate_faces[on_skin][middle_faces]].mean(axis=1)
    corners = by_vertex[surface.faces]
    across = np.linalg.norm(corners - middles[:, None], axis=-1) > _SAME_CHART
    for face, corner in np.argwhere(across):
        chart = np.flatnonzero(np.linalg.norm(coordinates - middles[face], axis=1) < _SAME_CHART)
        distance = np.linalg.norm(places[chart] - light[surface.faces[face, corner]], axis=1)
        corners[face, corner] = coordinates[chart[distance.argmin()]]
    rows = np.column_stack([surface.faces.ravel(), corners.reshape(-1, 2).round(5)])
    unique, which = np.unique(rows, axis=0, return_inverse=True)
    return unique[:, 1:], which.reshape(-1, 3).astype(np.int64)
