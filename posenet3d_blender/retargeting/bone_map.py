"""Bone maps: which bone of a character plays which role, and which controls are keyed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from .roles import REQUIRED_ROLES, SINGLE_ROLES


@dataclass(frozen=True)
class Control:
    """A bone that is keyed so that it follows bones of the skeleton as if it were fixed to them at rest."""

    bone: str
    rotation: str | None = None
    """Bone of the skeleton whose rotation it follows; None: not keyed."""
    location: str | None = None
    """Bone of the skeleton whose head carries it along, at the distance of the rest pose; None: not keyed."""
    pole: str | None = None
    """Limb, such as left_hip or left_shoulder, whose middle joint it points to: a pole target."""
    twist: str | None = None
    """Bone at the end of the one in `rotation`, whose turn about the line between both it shares: a twist bone."""
    share: float | None = None
    """Of that turn, 0 to 1."""

    @property
    def followed(self) -> tuple[str, ...]:
        """Bones of the skeleton that it follows."""
        return tuple(filter(None, (self.rotation, self.location, self.twist)))

    def with_bone(self, former: str, bone: str) -> Control:
        """A copy that names one bone in place of another."""
        changed = {key: bone for key in ("bone", "rotation", "location", "twist") if getattr(self, key) == former}
        return replace(self, **changed)  # type: ignore[arg-type]


@dataclass(frozen=True)
class RigProperty:
    """A custom property of a bone and the value it gets, such as the switch between IK and FK."""

    bone: str
    name: str
    value: float


@dataclass(frozen=True)
class BoneMap:
    """Bones of one kind of rig by role.

    In a plain rig the bones of the skeleton are keyed themselves. In a rig with controls they are the bones that the
    controls move in the end, and `controls` are keyed.
    """

    name: str
    """Of the family, or the user's own."""
    bones: dict[str, str]
    """Bone by role, for the roles of one bone."""
    spine: tuple[str, ...] = ()
    """Bones between pelvis and neck, from below."""
    neck: tuple[str, ...] = ()
    """Bones between spine and head, from below."""
    root: str | None = None
    controls: tuple[Control, ...] = ()
    """Empty: the skeleton's own bones are keyed."""
    properties: tuple[RigProperty, ...] = ()
    neutral: tuple[str, ...] = ()
    """Further controls that are put at rest, so that they don't disturb the keyed ones."""
    rotation_modes: dict[str, str] = field(default_factory=dict)
    """Rotation mode that a bone is switched to before it is keyed; others keep their own."""
    fingers: dict[str, str] = field(default_factory=dict)
    """Finger bones by the names of SMPL-H's joints, left_index1 and so on; keyed if the motion has fingers."""
    finger_controls: dict[str, str] = field(default_factory=dict)
    """By the same names, controls that are keyed in place of a finger's bone."""

    @property
    def skeleton(self) -> dict[str, str]:
        """All mapped bones of the skeleton, each with its role, chains numbered from 0: spine/0, neck/0."""
        roles = {bone: role for role, bone in self.bones.items()}
        for chain, bones in (("spine", self.spine), ("neck", self.neck)):
            roles |= {bone: f"{chain}/{number}" for number, bone in enumerate(bones)}
        return roles

    @property
    def missing_roles(self) -> list[str]:
        """Roles that retargeting needs and that have no bone."""
        return [role for role in REQUIRED_ROLES if role not in self.bones]

    def all_bones(self) -> Iterator[str]:
        """Every bone that the map names, some of them several times."""
        yield from self.skeleton
        if self.root:
            yield self.root
        for control in self.controls:
            yield from filter(None, (control.bone, control.rotation, control.location, control.twist))
        yield from (each.bone for each in self.properties)
        yield from self.neutral
        yield from self.fingers.values()
        yield from self.finger_controls.values()
        yield from self.rotation_modes

    def keyed(self) -> tuple[Control, ...]:
        """The bones that get keys: the controls, or in a plain rig the skeleton, of which the pelvis also moves."""
        if self.controls:
            return self.controls
        pelvis = self.bones["pelvis"]
        own = tuple(Control(bone, bone, bone if bone == pelvis else None) for bone in self.skeleton)
        return own

    def with_controls(self, controls: Iterable[Control]) -> BoneMap:
        """A copy with controls that are keyed beside all that is keyed already."""
        added = tuple(controls)
        return replace(self, controls=(*self.keyed(), *added)) if added else self

    def with_bone(self, role: str, bone: str) -> BoneMap:
        """A copy in which one role has another bone, for its controls too; an empty name leaves the role without."""
        if role not in SINGLE_ROLES:
            return replace(self, root=bone or None)
        bones = {key: value for key, value in self.bones.items() if key != role}
        former = self.bones.get(role)
        controls = self.controls
        if former and former != bone:
            kept = [control for control in controls if bone or former not in control.followed]
            controls = tuple(control.with_bone(former, bone) for control in kept)
        return replace(self, bones=bones | ({role: bone} if bone else {}), controls=controls)
