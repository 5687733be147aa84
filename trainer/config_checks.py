"""Range checks for the dataclasses that recipe files fill."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection
from typing import TYPE_CHECKING

from posenet3d_blender.body.model import SHAPE_COUNT
from posenet3d_blender.capture.student.features import STUDENT_FEATURE_COUNT, STUDENT_WINDOW
from posenet3d_blender.capture.student.network import StudentConfig

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


class OutOfRangeError(ValueError):
    """A value of a configuration is out of range."""

    def __init__(self, key: str, requirement: str, value: object) -> None:
        """Make the message.

        Args:
            key: the field's name; with dots for a field of a nested configuration.
            requirement: the range in words, as in "at least 1".
            value: the refused value.
        """
        super().__init__(f"'{key}' must be {requirement}, not {value!r}")
        self.key = key
        self.requirement = requirement
        self.value = value


def require_at_least(config: DataclassInstance, least: float, *names: str, prefix: str = "") -> None:
    """Check numbers, or each number of a sequence.

    Args:
        config: the configuration.
        least: smallest value allowed.
        names: fields to check.
        prefix: put before the field's name in the message, as "student.".

    Raises:
        OutOfRangeError: a value is smaller.
    """
    for name in names:
        value = getattr(config, name)
        for number in value if isinstance(value, list | tuple) else (value,):
            if number < least:
                raise OutOfRangeError(f"{prefix}{name}", f"at least {least}", number)


def require_above_zero(config: DataclassInstance, *names: str) -> None:
    """Check numbers.

    Raises:
        OutOfRangeError: a value is 0 or less.
    """
    for name in names:
        value = getattr(config, name)
        if not value > 0:
            raise OutOfRangeError(name, "above 0", value)


def require_shares(config: DataclassInstance, *names: str) -> None:
    """Check numbers that are parts of a whole, or chances.

    Args:
        config: the configuration.
        names: fields to check.

    Raises:
        OutOfRangeError: a value is below 0 or above 1.
    """
    for name in names:
        value = getattr(config, name)
        if not 0 <= value <= 1:
            raise OutOfRangeError(name, "from 0 to 1", value)


def require_shares_of_one(config: DataclassInstance, first: str, second: str) -> None:
    """Check two shares of the same windows, which exclude each other.

    Raises:
        OutOfRangeError: their sum is above 1.
    """
    rest, value = 1 - getattr(config, first), getattr(config, second)
    if value > rest + 1e-9:
        raise OutOfRangeError(second, f"at most {rest:g}, what '{first}' leaves", value)


def require_not_negative(config: DataclassInstance, any_sign: Collection[str] = ()) -> None:
    """Check all numbers of a configuration, but for those of nested ones.

    Args:
        config: the configuration.
        any_sign: fields that may be negative.

    Raises:
        OutOfRangeError: a value is below 0.
    """
    names = [field.name for field in dataclasses.fields(config) if field.name not in any_sign]
    require_at_least(config, 0, *(name for name in names if isinstance(getattr(config, name), int | float)))


def require_fitting_student(student: StudentConfig) -> None:
    """Check the sizes of a recipe's `student`; inputs and shape space are fixed by the add-on.

    Raises:
        OutOfRangeError: a size is below 1, or not the add-on's.
    """
    require_at_least(student, 1, "width", "blocks", "expansion", "feedback_blocks", prefix="student.")
    require_at_least(student, 0, "feedback_width", "lifter_width", prefix="student.")
    require_at_least(student, 1, "lifter_dilations", prefix="student.")
    if student.lifter_width and not student.feedback_width:
        raise OutOfRangeError("student.feedback_width", "above 0, as for the lifter's feedback", 0)
    fixed = {"window": STUDENT_WINDOW, "features": STUDENT_FEATURE_COUNT, "shape_count": SHAPE_COUNT}
    for name, size in fixed.items():
        value = getattr(student, name)
        if value != size:
            raise OutOfRangeError(f"student.{name}", f"{size}, as in the add-on", value)


def require_feedback(student: StudentConfig, steps: int) -> None:
    """Check that a student whose feedback is to be trained has one.

    Raises:
        OutOfRangeError: it has none.
    """
    if steps > 0 and student.feedback_width == 0:
        raise OutOfRangeError("student.feedback_width", "above 0, as feedback is to be trained", 0)
