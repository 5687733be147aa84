"""The limbs cover the skeleton, alike on both sides."""

from __future__ import annotations

from posenet3d_blender.body.limbs import LIMB_NAMES, LIMB_OF_JOINT
from posenet3d_blender.body.skeleton import JOINT_NAMES, PARENTS, mirrored_name


def test_every_joint_belongs_to_one_limb_and_its_mirror_image_to_the_other_sides() -> None:
    limbs = dict(zip(JOINT_NAMES, LIMB_OF_JOINT, strict=True))
    assert set(limbs.values()) == set(LIMB_NAMES)
    assert all(limbs[mirrored_name(joint)] == mirrored_name(limb) for joint, limb in limbs.items())
    assert limbs["left_elbow"] == "left_arm"
    assert limbs["pelvis"] == limbs["left_collar"] == "torso"


def test_a_limb_is_one_chain_below_the_torso() -> None:
    for joint, limb in enumerate(LIMB_OF_JOINT):
        if limb != "torso":
            assert LIMB_OF_JOINT[PARENTS[joint]] in (limb, "torso")
