"""Everything that Blender's file holds, as plain values, to compare before and after."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import bpy

_VOLATILE = {
    # counters and flags of the session, and links back to the owner
    "rna_type",
    "bl_rna",
    "users",
    "session_uid",
    "original",
    "is_evaluated",
    "is_runtime_data",
    "is_updated",
    "depsgraph",
    "id_data",
    # of an attribute whose values are all alike: one of them, or each, in memory
    "storage_type",
    # its brush is a dangling pointer in Blender 4.2
    "uv_sculpt",
    # millions of numbers
    "pixels",
}
_OF_SOCKETS = {"enabled", "is_unavailable", "is_inactive", "is_icon_visible"}
"""Found out when a material is evaluated."""
_SKIPPED_KINDS = {"window_managers", "screens", "workspaces", "brushes", "all_ids"}
"""The program's own, not the scene's, and Blender 5.2's list of everything once more."""


def dump_file(without: Collection[str] = ()) -> dict[str, dict[str, Any]]:
    """Every data-block by its kind and name, with all of its properties by path; but those of these names."""
    blocks: dict[str, dict[str, Any]] = {}
    for kind in (prop.identifier for prop in bpy.data.bl_rna.properties if prop.type == "COLLECTION"):
        if kind in _SKIPPED_KINDS:
            continue
        for block in (one for one in getattr(bpy.data, kind) if one.name not in without):
            values: dict[str, Any] = {}
            _dump(block, "", values, {block.as_pointer()})
            blocks[f"{kind}/{block.name_full}"] = values
    return blocks


def _dump(struct: Any, path: str, values: dict[str, Any], seen: set[int]) -> None:
    for prop in struct.bl_rna.properties:
        is_socket = isinstance(struct, bpy.types.NodeSocket)
        if prop.identifier in _VOLATILE or (is_socket and prop.identifier in _OF_SOCKETS):
            continue
        place = f"{path}.{prop.identifier}"
        value = getattr(struct, prop.identifier, None)
        if prop.type == "POINTER":
            _dump_pointer(value, place, values, seen)
        elif prop.type == "COLLECTION":
            values[f"{place}.names"] = [name for item in value or () if (name := _name(item))]
            for index, item in enumerate(value or ()):
                if not isinstance(item, bpy.types.ID):
                    _dump_pointer(item, f"{place}[{index}]", values, seen)
        elif isinstance(value, (bool, int, float, str, set, type(None))):
            values[place] = value
        else:  # vectors, matrices and arrays
            values[place] = repr([tuple(part) if hasattr(part, "__len__") else part for part in value])


def _dump_pointer(value: Any, place: str, values: dict[str, Any], seen: set[int]) -> None:
    if value is None:
        values[place] = None
    elif isinstance(value, bpy.types.ID) and not value.is_embedded_data:
        values[place] = value.name_full
    elif (value.as_pointer(), type(value)) not in seen:
        seen.add((value.as_pointer(), type(value)))  # type: ignore[arg-type]
        _dump(value, place, values, seen)


def _name(item: Any) -> str:
    collection = item.collection if isinstance(item, bpy.types.LayerCollection) else item
    return str(getattr(collection, "name", ""))
