"""Reading recipes: TOML files whose tables fill a recipe's dataclasses."""

from __future__ import annotations

import dataclasses
import tomllib
from pathlib import Path
from typing import Final, TypeVar, get_type_hints

from posenet3d_blender.errors import PoseNet3DError

Recipe = TypeVar("Recipe")

_SIMPLE: Final[dict[type, tuple[tuple[type, ...], str]]] = {
    int: ((int,), "a whole number"),
    float: ((int, float), "a number"),
    bool: ((bool,), "true or false"),
    str: ((str,), "a text"),
}


def read_recipe(path: Path, recipe: type[Recipe]) -> Recipe:
    """Fill the dataclass `recipe` from a TOML file; what the file leaves out keeps its default.

    With `base = "OTHER.toml"` (beside the file) it holds only what differs from that recipe.

    Raises:
        PoseNet3DError: no such file, no TOML, or a key that the recipe does not have.
    """
    return _fill(path, _table(path), recipe)


def _table(path: Path) -> dict[str, object]:
    """The file's contents, laid over those of its base."""
    try:
        table = tomllib.loads(path.read_text())
    except OSError as error:
        raise PoseNet3DError(f"{path}: can't be read ({error.strerror}); give a recipe file") from error
    except tomllib.TOMLDecodeError as error:
        raise PoseNet3DError(f"{path}: not a TOML file ({error})") from error
    base = table.pop("base", None)
    return table if base is None else _laid_over(_table(path.parent / str(base)), table)


def _laid_over(base: dict[str, object], table: dict[str, object]) -> dict[str, object]:
    merged = dict(base)
    for key, value in table.items():
        below = merged.get(key)
        merged[key] = _laid_over(below, value) if isinstance(value, dict) and isinstance(below, dict) else value
    return merged


def _fill(path: Path, table: dict[str, object], kind: type[Recipe]) -> Recipe:
    hints = get_type_hints(kind)
    values: dict[str, object] = {}
    for key, value in table.items():
        if key not in hints:
            raise PoseNet3DError(f"{path}: unknown key '{key}'; known are {', '.join(hints)}")
        values[key] = (
            _fill(path, value, hints[key]) if isinstance(value, dict) else _checked(path, key, value, hints[key])
        )
    missing = [
        f.name
        for f in dataclasses.fields(kind)  # type: ignore[arg-type]
        if f.name not in values and f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING
    ]
    if missing:
        raise PoseNet3DError(f"{path}: key '{missing[0]}' is missing")
    try:
        return kind(**values)
    except ValueError as error:
        raise PoseNet3DError(f"{path}: {error}") from error


def _checked(path: Path, key: str, value: object, hint: object) -> object:
    """The value, if it is of the simple type that the recipe wants; lists and the like are the recipe's to judge."""
    for kind, (allowed, words) in _SIMPLE.items():
        # To Python, true is a whole number.
        if hint is kind and (not isinstance(value, allowed) or (isinstance(value, bool) and kind is not bool)):
            raise PoseNet3DError(f"{path}: key '{key}' must be {words}, not {value!r}")
    return value
