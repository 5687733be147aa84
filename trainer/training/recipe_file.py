"""Recipe files: TOML whose tables fill the dataclasses of a recipe."""

from __future__ import annotations

import dataclasses
import math
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Final, TypeVar, cast, get_args, get_origin, get_type_hints

from posenet3d_blender.errors import PoseNet3DError

from ..config_checks import OutOfRangeError

Recipe = TypeVar("Recipe")

_SIMPLE: Final[dict[object, tuple[tuple[type, ...], str]]] = {
    int: ((int,), "a whole number"),
    float: ((int, float), "a number"),
    bool: ((bool,), "true or false"),
    str: ((str,), "a string"),
}
_PLURAL: Final[dict[object, str]] = {int: "whole numbers", float: "numbers", str: "strings"}


def read_recipe(path: Path, recipe: type[Recipe]) -> Recipe:
    """Fill the dataclass `recipe` from a TOML file; keys left out keep their defaults.

    With `base = "OTHER.toml"` (relative to the file) it holds only what differs from that recipe.

    Raises:
        PoseNet3DError: no such file, not TOML, an unknown key, or a value of the wrong type or out of range.
    """
    return _fill(path, "", _read_table(path, ()), recipe)


def _read_table(path: Path, dependents: tuple[Path, ...]) -> dict[str, object]:
    """Contents of the file, merged over those of its base; `dependents`: the files based on it."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise PoseNet3DError(f"{path}: can't be read ({error.strerror}); give a recipe file") from error
    except UnicodeDecodeError as error:
        raise PoseNet3DError(f"{path}: not UTF-8 text; give a recipe file") from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise PoseNet3DError(f"{path}: not a TOML file ({error})") from error
    base = table.pop("base", None)
    if base is None:
        return table
    if not isinstance(base, str):
        raise PoseNet3DError(f"{path}: key 'base' must be a string, not {_describe(base)}")
    base_path, files = path.parent / base, (*dependents, path.resolve())
    if base_path.resolve() in files:
        raise PoseNet3DError(f"{path}: circular 'base', back to {base_path}; name another file")
    return _merge(_read_table(base_path, files), table)


def _merge(base: dict[str, object], table: dict[str, object]) -> dict[str, object]:
    merged = dict(base)
    for key, value in table.items():
        inherited = merged.get(key)
        merged[key] = _merge(inherited, value) if isinstance(value, dict) and isinstance(inherited, dict) else value
    return merged


def _fill(path: Path, prefix: str, table: dict[str, object], kind: type[Recipe]) -> Recipe:
    """The dataclass `kind` from a table; `prefix`: path of the table with a dot, as "student."."""
    fields = dataclasses.fields(kind)  # type: ignore[arg-type]
    hints = get_type_hints(kind)
    _refuse_unknown_keys(path, prefix, table, kind)
    values: dict[str, object] = {}
    for key, value in table.items():
        if not dataclasses.is_dataclass(hints[key]):
            # What is empty by itself can be emptied again, over a base.
            may_be_empty = any(field.name == key and field.default_factory is list for field in fields)
            values[key] = [] if may_be_empty and value == [] else _checked(path, prefix + key, value, hints[key])
        elif isinstance(value, dict):
            values[key] = _fill(path, f"{prefix}{key}.", value, cast(type[object], hints[key]))
        else:
            raise PoseNet3DError(f"{path}: key '{prefix}{key}' must be a table, not {_describe(value)}")
    for field in fields:
        if field.name not in values and field.default is field.default_factory is dataclasses.MISSING:
            raise PoseNet3DError(f"{path}: key '{prefix}{field.name}' is missing")
    try:
        return kind(**values)
    except OutOfRangeError as error:
        wanted = f"must be {error.requirement}, not {error.value!r}"
        raise PoseNet3DError(f"{path}: key '{prefix}{error.key}' {wanted}") from error
    except ValueError as error:
        where = f"table '{prefix.removesuffix('.')}': " if prefix else ""
        raise PoseNet3DError(f"{path}: {where}{error}") from error


def _refuse_unknown_keys(path: Path, prefix: str, table: Mapping[str, object], kind: type[object]) -> None:
    """Refuse keys without a field; RENAMED_KEYS of the dataclass has the present names of former ones."""
    renamed: Mapping[str, str] = getattr(kind, "RENAMED_KEYS", {})
    known = [field.name for field in dataclasses.fields(kind)]  # type: ignore[arg-type]
    for key in table:
        if key in renamed:
            raise PoseNet3DError(f"{path}: key '{prefix}{key}' was renamed; write '{prefix}{renamed[key]}'")
        if key not in known:
            raise PoseNet3DError(f"{path}: unknown key '{prefix}{key}'; known are {', '.join(known)}")


def _checked(path: Path, key: str, value: object, hint: object) -> object:
    """The value, if it is of the type that the field has; lists become tuples where the field is one."""
    if hint in _SIMPLE:
        if not _is_simple(value, hint):
            raise PoseNet3DError(f"{path}: key '{key}' must be {_SIMPLE[hint][1]}, not {_describe(value)}")
        _refuse_infinite(path, key, value)
        return value
    kind = get_args(hint)[0]
    if not isinstance(value, list) or not value or not all(_is_simple(item, kind) for item in value):
        raise PoseNet3DError(f"{path}: key '{key}' must be a non-empty list of {_PLURAL[kind]}, not {_describe(value)}")
    for item in value:
        _refuse_infinite(path, key, item)
    return tuple(value) if get_origin(hint) is tuple else value


def _is_simple(value: object, kind: object) -> bool:
    # Python counts true as an int.
    return isinstance(value, _SIMPLE[kind][0]) and (kind is bool or not isinstance(value, bool))


def _refuse_infinite(path: Path, key: str, value: object) -> None:
    if isinstance(value, float) and not math.isfinite(value):
        raise PoseNet3DError(f"{path}: key '{key}' must be a finite number, not {value!r}")


def _describe(value: object) -> str:
    return "a table" if isinstance(value, dict) else repr(value)
