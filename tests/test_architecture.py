"""The laws of the house, checked by parsing imports."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[1]
PACKAGE = CHECKOUT / "posenet3d_blender"
BLENDER_MODULES = {"bpy", "bmesh", "mathutils", "bpy_extras", "gpu", "blf"}
NETWORK_MODULES = {"onnxruntime", "torch", "socket", "urllib", "http", "requests", "ssl", "ftplib", "aiohttp", "httpx"}
INTERNET_MODULES = NETWORK_MODULES - {"onnxruntime", "torch"}
HEAVY_MODULES = BLENDER_MODULES | {"av", "cv2", "onnxruntime", "scipy", "torch", "smplx", "matplotlib"}


def imported_modules(path: Path) -> Iterator[str]:
    """Every module that a file imports, anywhere in it; relative ones as `.name`, from the package's root."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module or ""
        elif isinstance(node, ast.ImportFrom):
            folder = path.relative_to(PACKAGE).parts[: -node.level]
            base = ".".join((*folder, *(node.module or "").split(".")))
            yield from ("." + base.strip("."), *(f".{base}.{alias.name}".replace("..", ".") for alias in node.names))


def files_of(*rooms: str) -> list[Path]:
    return [path for room in rooms for path in sorted((PACKAGE / room).rglob("*.py"))]


def offenders(files: list[Path], forbidden: set[str]) -> list[str]:
    return [
        f"{path.relative_to(CHECKOUT)} imports {module}"
        for path in files
        for module in imported_modules(path)
        if module.split(".")[0] in forbidden
    ]


def test_body_and_capture_know_nothing_of_blender() -> None:
    rooms = files_of("body", "capture")
    assert rooms
    assert not offenders(rooms, BLENDER_MODULES)
    assert not [path for path in rooms for module in imported_modules(path) if module.startswith((".scene", ".ui"))]


def test_scene_and_ui_import_no_network() -> None:
    rooms = files_of("scene", "ui")
    assert rooms
    assert not offenders(rooms, NETWORK_MODULES)
    assert not [path for path in files_of("scene") for module in imported_modules(path) if ".capture." in module + "."]


def test_nothing_imports_the_trainer() -> None:
    assert not offenders(sorted(PACKAGE.rglob("*.py")), {"trainer", "tools", "tests", "benchmarks"})


def test_nothing_reaches_for_the_internet() -> None:
    assert not offenders(sorted(PACKAGE.rglob("*.py")), INTERNET_MODULES)


def test_the_package_imports_itself_relatively() -> None:
    """Blender installs it under another name: bl_ext.user_default.posenet3d."""
    assert not offenders(sorted(PACKAGE.rglob("*.py")), {"posenet3d_blender"})


@pytest.mark.parametrize("statement", ["import posenet3d_blender", "import posenet3d_blender.cli.main"])
def test_import_is_light_and_needs_no_blender(statement: str) -> None:
    blocked = "import sys; sys.modules['bpy'] = None; "
    report = "; print(*sorted({name.split('.')[0] for name, module in sys.modules.items() if module}))"
    run = subprocess.run(
        [sys.executable, "-c", blocked + statement + report], cwd=CHECKOUT, capture_output=True, text=True, check=True
    )
    assert not set(run.stdout.split()) & HEAVY_MODULES
