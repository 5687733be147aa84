"""Bone maps: which bone of a character plays which role, and which controls are keyed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from ..errors import PoseNet3DError
from .roles import LIMB_STARTS, REQUIRED_ROLES, ROOT_ROLE, SINGLE_ROLES


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

    def with_names(self, bones: Mapping[str, str], limbs: Mapping[str, str]) -> Control:
        """A copy with other names for these bones, and for these limbs."""
        changed = {key: bones.get(getattr(self, key)) for key in ("bone", "rotation", "location", "twist")}
        changed["pole"] = limbs.get(self.pole or "")
        return replace(self, **{key: name for key, name in changed.items() if name})  # type: ignore[arg-type]


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

    @property
    def fault(self) -> str | None:
        """The first contradiction in it, for a message; None: there is none."""
        roles: dict[str, list[str]] = {}
        single = (*self.bones.items(), *self.fingers.items(), *([(ROOT_ROLE, self.root)] if self.root else []))
        chains = [(name, bone) for name, bones in (("spine", self.spine), ("neck", self.neck)) for bone in bones]
        for role, bone in (*single, *chains):
            roles.setdefault(bone, []).append(role)
        for bone, played in roles.items():
            if len(played) > 1:
                return f"the bone {bone} plays two roles, {played[0]} and {played[1]}"
        skeleton = self.skeleton
        for control in self.controls:
            for bone in control.followed:
                if bone not in skeleton:
                    return f"the control {control.bone} follows {bone}, which has no role"
        keyed = Counter((*(control.bone for control in self.controls), *self.finger_controls.values()))
        return next((f"the control {bone} is listed twice" for bone, times in keyed.items() if times > 1), None)

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
        pelvis = self.bones.get("pelvis")
        own = tuple(Control(bone, bone, bone if bone == pelvis else None) for bone in self.skeleton)
        return own

    def with_controls(self, controls: Iterable[Control]) -> BoneMap:
        """A copy with controls that are keyed beside all that is keyed already."""
        added = tuple(controls)
        return replace(self, controls=(*self.keyed(), *added)) if added else self

    def with_bones(self, chosen: Mapping[str, str]) -> BoneMap:
        """A copy in which some roles have other bones; all of them change at once, so that bones can change places.

        A control stays with the bone that it follows. Where that has no role any more, it follows the one that came in
        its place, and is left out where none did.

        Args:
            chosen: bone by role, of those of one bone and `root`; an empty name leaves the role without.

        Raises:
            PoseNet3DError: a bone would play two roles.
        """
        bones = self.bones | {role: bone for role, bone in chosen.items() if role in SINGLE_ROLES}
        bones = {role: bone for role, bone in bones.items() if bone}
        edited = replace(self, bones=bones, root=chosen.get(ROOT_ROLE, self.root) or None, controls=())
        if edited.fault:
            raise PoseNet3DError(f"{edited.fault}; choose another bone for one of them")
        names = self._names_after(bones)
        role_of = {bone: role for role, bone in bones.items()}
        limbs = {role: role_of[names.get(bone, bone)] for role, bone in self.bones.items() if names.get(bone, bone)}
        limbs = {role: other for role, other in limbs.items() if role in LIMB_STARTS and other in LIMB_STARTS}
        own = set(replace(self, controls=()).keyed())
        further = [control for control in self.controls if control not in own]
        is_plain = len(further) + len(own) == len(self.controls)
        kept = further if is_plain else self.controls
        kept = [one.with_names(names, limbs) for one in kept if all(names.get(bone, bone) for bone in one.followed)]
        return edited.with_controls(kept) if is_plain else replace(edited, controls=tuple(kept))

    def _names_after(self, bones: Mapping[str, str]) -> dict[str, str]:
        """The bone that comes in the place of each one that has no role in `bones` any more; empty: none."""
        after = {bone: bones.get(role, "") for role, bone in self.bones.items()}
        names = {}
        for bone in after.keys() - set(bones.values()):
            name = after[bone]
            while name in after:  # it has controls already, and the bone that it displaced is without
                name = after[name]
            names[bone] = name
        return names
