"""Roles of bones: the SMPL joint whose rotation a bone takes over."""

from __future__ import annotations

from typing import Final

SIDES: Final = ("left", "right")
LIMB_ROLES: Final = tuple(
    f"{side}_{part}" for side in SIDES for part in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
)
"""Upper arm, forearm, hand, thigh, shin and foot of both sides."""
LIMB_STARTS: Final = tuple(f"{side}_{part}" for part in ("shoulder", "hip") for side in SIDES)
"""The first role of each limb, by which it is called."""
REQUIRED_ROLES: Final = ("pelvis", *LIMB_ROLES, "head")
OPTIONAL_ROLES: Final = tuple(f"{side}_{part}" for side in SIDES for part in ("collar", "foot"))
"""Clavicles and toes."""
SINGLE_ROLES: Final = (*REQUIRED_ROLES, *OPTIONAL_ROLES)
"""Roles of one bone each; spine and neck are chains of any length."""
CHAIN_ROLES: Final = ("spine", "neck")
ROOT_ROLE: Final = "root"
"""A bone on the ground, above all others, that may carry the path."""

NEXT_ROLE: Final = {
    f"{side}_{part}": f"{side}_{child}"
    for side in SIDES
    for part, child in (("shoulder", "elbow"), ("elbow", "wrist"), ("hip", "knee"), ("knee", "ankle"))
}
"""The role whose bone begins at the end of a limb's bone."""
