"""Tables of joints by parts of their names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from posenet3d_blender.body.skeleton import JOINT_NAMES

Value = TypeVar("Value")


def values_by_name(by_part: Mapping[str, Value], default: Value, names: Sequence[str] = JOINT_NAMES) -> list[Value]:
    """For each joint the value of the first key that its name contains, or the default.

    by_part: values by parts of names, as {"knee": 1.0} for both knees.
    """
    return [next((value for part, value in by_part.items() if part in name), default) for name in names]
