"""Reading recipes: TOML files whose tables fill a recipe's dataclasses."""

from __future__ import annotations

import dataclasses
import math
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar, cast, get_args, get_origin, get_type_hints

from posenet3d_blender.capture.student.features import STUDENT_FEATURE_COUNT, STUDENT_WINDOW
from posenet3d_blender.errors import PoseNet3DError

if TYPE_CHECKING:
    from ..paper.recipe import PaperRecipe
    from ..supervised.recipe import SupervisedRecipe

Recipe = TypeVar("Recipe")

_SIMPLE: Final[dict[object, tuple[tuple[type, ...], str]]] = {
    int: ((int,), "a whole number"),
    float: ((int, float), "a number"),
    bool: ((bool,), "true or false"),
    str: ((str,), "a text"),
}
_SEVERAL: Final[dict[object, str]] = {int: "whole numbers", float: "numbers", str: "texts"}
# Checked here, by the key's last name, for all recipes: a network's sizes know nothing of files.
_AT_LEAST_ONE: Final = (
    *("threads", "cameras"),
    *("width", "blocks", "expansion", "layers", "hidden", "pose_components", "motion_components"),
    *("kernel", "dilations"),
)
_ANY_SIGN: Final = ("elevation_mean",)
"""No other number of a recipe may be below 0."""
_ODD: Final = ("kernel",)
_FIXED: Final = {"window": STUDENT_WINDOW, "features": STUDENT_FEATURE_COUNT, "shape_count": 10}
"""What the add-on's own code counts on."""


def read_recipe(path: Path, recipe: type[Recipe]) -> Recipe:
    """Fill the dataclass `recipe` from a TOML file; what the file leaves out keeps its default.

    With `base = "OTHER.toml"` (beside the file) it holds only what differs from that recipe.

    Raises:
        PoseNet3DError: no such file, no TOML, a key that the recipe does not have, or a value of the wrong kind or out
            of range.
    """
    return _fill(path, "", _table(path, ()), recipe)


def settings_of(recipe: SupervisedRecipe | PaperRecipe) -> dict[str, object]:
    """All of a recipe, tables within tables, for the notes of a checkpoint; of folders and files the names alone."""
    names = Path(recipe.data).name if isinstance(recipe.data, str) else [Path(path).name for path in recipe.data]
    return dataclasses.asdict(recipe) | {"data": names, "run": Path(recipe.run).name}


def _table(path: Path, above: tuple[Path, ...]) -> dict[str, object]:
    """The file's contents, laid over those of its base; `above`: the files whose base it is."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise PoseNet3DError(f"{path}: can't be read ({error.strerror}); give a recipe file") from error
    except UnicodeDecodeError as error:
        raise PoseNet3DError(f"{path}: not a text in UTF-8; give a recipe file") from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise PoseNet3DError(f"{path}: not a TOML file ({error})") from error
    base = table.pop("base", None)
    if base is None:
        return table
    if not isinstance(base, str):
        raise PoseNet3DError(f"{path}: key 'base' must be a text, not {_said(base)}")
    below, files = path.parent / base, (*above, path.resolve())
    if below.resolve() in files:
        raise PoseNet3DError(f"{path}: key 'base' leads in a circle, back to {below}; name another file")
    return _laid_over(_table(below, files), table)


def _laid_over(base: dict[str, object], table: dict[str, object]) -> dict[str, object]:
    merged = dict(base)
    for key, value in table.items():
        below = merged.get(key)
        merged[key] = _laid_over(below, value) if isinstance(value, dict) and isinstance(below, dict) else value
    return merged


def _fill(path: Path, prefix: str, table: dict[str, object], kind: type[Recipe]) -> Recipe:
    """The dataclass `kind` from a table; `prefix`: what leads to the table's keys, as "student."."""
    hints = get_type_hints(kind)
    fields = dataclasses.fields(kind)  # type: ignore[arg-type]
    known = [field.name for field in fields]
    renamed: Mapping[str, str] = getattr(kind, "RENAMED_KEYS", {})
    values: dict[str, object] = {}
    for key, value in table.items():
        if key in renamed:
            raise PoseNet3DError(f"{path}: key '{prefix}{key}' was renamed; write '{prefix}{renamed[key]}'")
        if key not in known:
            raise PoseNet3DError(f"{path}: unknown key '{prefix}{key}'; known are {', '.join(known)}")
        if not dataclasses.is_dataclass(hints[key]):
            values[key] = _checked(path, prefix + key, value, hints[key])
        elif isinstance(value, dict):
            values[key] = _fill(path, f"{prefix}{key}.", value, cast(type[object], hints[key]))
        else:
            raise PoseNet3DError(f"{path}: key '{prefix}{key}' must be a table, not {_said(value)}")
    missing = [
        field.name
        for field in fields
        if field.name not in values
        and field.default is dataclasses.MISSING
        and field.default_factory is dataclasses.MISSING
    ]
    if missing:
        raise PoseNet3DError(f"{path}: key '{prefix}{missing[0]}' is missing")
    try:
        return kind(**values)
    except ValueError as error:
        where = f"table '{prefix.removesuffix('.')}': " if prefix else ""
        raise PoseNet3DError(f"{path}: {where}{error}") from error


def _checked(path: Path, key: str, value: object, hint: object) -> object:
    """The value, if it is of the kind that the recipe wants and in its range."""
    if hint in _SIMPLE:
        if not _is_simple(value, hint):
            raise PoseNet3DError(f"{path}: key '{key}' must be {_SIMPLE[hint][1]}, not {_said(value)}")
        _refuse_out_of_range(path, key, value)
        return value
    kind = get_args(hint)[0]
    if not isinstance(value, list) or not value or not all(_is_simple(item, kind) for item in value):
        raise PoseNet3DError(
            f"{path}: key '{key}' must be a list of {_SEVERAL[kind]}, one at least, not {_said(value)}"
        )
    for item in value:
        _refuse_out_of_range(path, key, item)
    return tuple(value) if get_origin(hint) is tuple else value


def _is_simple(value: object, kind: object) -> bool:
    # To Python, true is a whole number.
    return isinstance(value, _SIMPLE[kind][0]) and (kind is bool or not isinstance(value, bool))


def _refuse_out_of_range(path: Path, key: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return
    name = key.rpartition(".")[2]
    least = 1 if name in _AT_LEAST_ONE else 0
    if not math.isfinite(value):
        wanted = "a finite number"
    elif value < least and name not in _ANY_SIGN:
        wanted = f"at least {least}"
    elif name in _ODD and value % 2 == 0:
        wanted = "odd"
    elif value != _FIXED.get(name, value):
        wanted = f"{_FIXED[name]}, as in the add-on"
    else:
        return
    raise PoseNet3DError(f"{path}: key '{key}' must be {wanted}, not {value!r}")


def _said(value: object) -> str:
    return "a table" if isinstance(value, dict) else repr(value)
