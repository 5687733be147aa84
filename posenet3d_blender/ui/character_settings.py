"""Choices of the Character panel, saved with the scene: the characters, their bones, and the kind of keys."""

from __future__ import annotations

import json
from dataclasses import dataclass

import bpy

from ..errors import PoseNet3DError
from ..retargeting.bone_map import BoneMap
from ..retargeting.map_file import map_from_text, map_to_json
from ..retargeting.roles import ROOT_ROLE, SINGLE_ROLES
from ..retargeting.settings import RetargetSettings
from ..scene.key_reduction import Tolerance

_TOLERANCE = Tolerance()


class POSENET3D_PG_role(bpy.types.PropertyGroup):
    """A role, its name being the role's, and the bone that plays it"""

    # Blender reads properties from annotations, where a type checker expects types
    bone: bpy.props.StringProperty(  # type: ignore[valid-type]
        name="Bone", description="The bone that takes over this part of the body; empty leaves the part out"
    )


def _forget_other_map(row: POSENET3D_PG_character, _context: bpy.types.Context) -> None:
    """Another armature that lacks the map's bones is recognised by itself."""
    if row.target and row.map_text:
        names = map_from_text(row.map_text, "the panel's bone map").all_bones()
        if any(name not in row.target.data.bones for name in names):
            row.clear_map()


class POSENET3D_PG_character(bpy.types.PropertyGroup):
    """A character that one person's motion goes to"""

    target: bpy.props.PointerProperty(  # type: ignore[valid-type]
        name="Character",
        description="The armature that receives the motion of this person; empty: the captured body only",
        type=bpy.types.Object,
        poll=lambda _settings, candidate: candidate.type == "ARMATURE",
        update=_forget_other_map,
    )
    map_text: bpy.props.StringProperty(  # type: ignore[valid-type]
        name="Bone Map", description="The character's bone map, if it was loaded or edited", options={"HIDDEN"}
    )
    roles: bpy.props.CollectionProperty(type=POSENET3D_PG_role)  # type: ignore[valid-type]

    def bone_map(self) -> BoneMap | None:
        """The map as edited in the panel; None: the rig is recognised."""
        if not self.map_text:
            return None
        bone_map = map_from_text(self.map_text, "the panel's bone map")
        bone_map = bone_map.with_bones({row.name: row.bone for row in self.roles})
        if bone_map.missing_roles:
            raise PoseNet3DError(f"{', '.join(bone_map.missing_roles)}: no bone is chosen; choose one in the panel")
        return bone_map

    def set_map(self, bone_map: BoneMap) -> None:
        """Show this map in the panel and use it from now on."""
        self.map_text = json.dumps(map_to_json(bone_map))
        self.roles.clear()
        bones = {**bone_map.bones, ROOT_ROLE: bone_map.root or ""}
        for role in (ROOT_ROLE, *SINGLE_ROLES):
            row = self.roles.add()
            row.name, row.bone = role, bones.get(role, "")

    def clear_map(self) -> None:
        """Recognise the rig again."""
        self.map_text = ""
        self.roles.clear()


class POSENET3D_PG_retarget(bpy.types.PropertyGroup):
    """Settings of the retargeting"""

    first: bpy.props.PointerProperty(type=POSENET3D_PG_character)  # type: ignore[valid-type]
    more: bpy.props.CollectionProperty(type=POSENET3D_PG_character)  # type: ignore[valid-type]
    show_bones: bpy.props.BoolProperty(  # type: ignore[valid-type]
        name="Bones", description="Show which bone of the character takes over which part of the body"
    )
    root_motion: bpy.props.EnumProperty(  # type: ignore[valid-type]
        name="Path",
        description="The bone that carries the path over the ground",
        items=(
            ("hips", "On Hips", "The hips move, the root bone stays"),
            ("ground", "On Root Bone", "A root bone on the ground moves, as game engines want it for root motion"),
            ("in-place", "In Place", "The character stays where it is, as on a treadmill"),
        ),
    )
    foot_lock: bpy.props.BoolProperty(  # type: ignore[valid-type]
        name="Feet on Floor",
        description="Keep feet that rest on the floor still, on the character's floor",
        default=True,
    )
    hand_reach: bpy.props.FloatProperty(  # type: ignore[valid-type]
        name="Hand Reach",
        description="0: arms point as the person's; 1: hands are where the person's are, for hands that touch things",
        min=0.0,
        max=1.0,
        subtype="FACTOR",
    )
    keys: bpy.props.EnumProperty(  # type: ignore[valid-type]
        name="Keys",
        description="Number of keys",
        items=(
            ("EVERY", "Every Frame", "A key on every frame, exactly as captured"),
            ("REDUCED", "Reduced", "Few Bezier keys, easy to edit, that stay within the tolerance at every frame"),
        ),
    )
    degrees: bpy.props.FloatProperty(  # type: ignore[valid-type]
        name="Degrees",
        description="Largest error of a bone's rotation by reduced keys, degrees",
        default=_TOLERANCE.degrees,
        min=0.01,
        max=90.0,
    )
    millimetres: bpy.props.FloatProperty(  # type: ignore[valid-type]
        name="Millimetres",
        description="Largest error of a bone's location by reduced keys, millimetres",
        default=_TOLERANCE.millimetres,
        min=0.01,
        max=1000.0,
    )

    @property
    def rows(self) -> list[POSENET3D_PG_character]:
        """One for each person that may have a character."""
        return [self.first, *self.more]

    @property
    def choices(self) -> RetargetSettings:
        """As retargeting takes them."""
        return RetargetSettings(self.root_motion, self.foot_lock, self.hand_reach)

    @property
    def tolerance(self) -> Tolerance | None:
        """Of reduced keys; None: a key on every frame."""
        return Tolerance(self.degrees, self.millimetres) if self.keys == "REDUCED" else None


@dataclass(frozen=True)
class ChosenCharacter:
    """A character as the user chose it."""

    target: bpy.types.Object
    bone_map: BoneMap | None


def retarget_settings(scene: bpy.types.Scene) -> POSENET3D_PG_retarget:
    """The retargeting's settings of a scene."""
    settings: POSENET3D_PG_retarget = scene.posenet3d_retarget
    return settings


def chosen_characters(scene: bpy.types.Scene) -> list[ChosenCharacter | None]:
    """The characters in the order of the people; None where a person has none.

    Raises:
        PoseNet3DError: an edited map is incomplete.
    """
    rows = retarget_settings(scene).rows
    return [ChosenCharacter(row.target, row.bone_map()) if row.target else None for row in rows]


_CLASSES = (POSENET3D_PG_role, POSENET3D_PG_character, POSENET3D_PG_retarget)
_register, _unregister = bpy.utils.register_classes_factory(_CLASSES)


def register() -> None:
    """Add the choices to Blender's scene type."""
    _register()
    bpy.types.Scene.posenet3d_retarget = bpy.props.PointerProperty(type=POSENET3D_PG_retarget)


def unregister() -> None:
    """Remove them from it."""
    del bpy.types.Scene.posenet3d_retarget
    _unregister()
