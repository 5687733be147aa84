"""Architecture rules, checked by parsing the source: import layers, cycles, sizes and docstrings."""

from __future__ import annotations

import ast
import graphlib
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
CAPTURE_LAYERS = {
    # folder of capture: the folders of capture that it may import, itself aside
    "video": set(),
    "runtime": set(),
    "keypoints": {"video"},
    "detection": {"video", "runtime", "keypoints"},
    "camera_motion": {"video", "keypoints", "detection"},
    "student": {"runtime", "keypoints"},
    "solve": {"keypoints", "student"},
    "hands": {"video", "runtime", "keypoints", "detection", "solve"},
}
CAPTURE_TOP = {
    "__init__",
    "detect",
    "exchanged_sides",
    "lifting",
    "moving_camera",
    "pipeline",
    "shared_floor",
    "shots",
    "world",
}
"""Modules of capture itself: they may import every folder of it, and no folder may import them."""
SOURCE_FOLDERS = ("posenet3d_blender", "trainer", "tools", "benchmarks")
DOCUMENTED = ("posenet3d_blender/**/*.py", "tools/**/*.py", "benchmarks/**/*.py", "*.py")
"""Files whose docstrings are checked to name the thing, not to ask for it."""
QUESTION_WORDS = {"What", "Who", "How", "Where", "Whether"}
LONGEST_FILE = 320
LONGEST_FUNCTION = 60
MOST_FILES = 12
HEAVY_MODULES = BLENDER_MODULES | {"av", "cv2", "onnxruntime", "scipy", "torch", "smplx", "matplotlib"}


def imported_modules(path: Path, at_module_level: bool = False) -> Iterator[str]:
    """Every module that a file imports, anywhere in it; relative ones as `.name`, from the package's root.

    `at_module_level`: those alone that are imported with the file, neither inside functions nor for type checkers.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in tree.body if at_module_level else ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module or ""
        elif isinstance(node, ast.ImportFrom):
            folder = path.relative_to(PACKAGE).parts[: -node.level]
            base = ".".join((*folder, *(node.module or "").split(".")))
            yield from ("." + base.strip("."), *(f".{base}.{alias.name}".replace("..", ".") for alias in node.names))


def absolute_imports(path: Path) -> Iterator[str]:
    """`imported_modules` of a file of any package; outside of the add-on the absolute ones only."""
    if PACKAGE in path.parents:
        yield from imported_modules(path)
        return
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def files_of(*folders: str) -> list[Path]:
    return [path for folder in folders for path in sorted((PACKAGE / folder).rglob("*.py"))]


def source_files() -> list[Path]:
    return [path for folder in SOURCE_FOLDERS for path in sorted((CHECKOUT / folder).rglob("*.py"))]


def package_modules() -> dict[str, Path]:
    """Each module of the package by its name as `imported_modules` gives it; the package itself is "."."""
    names = {}
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        names["." + ".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return names


def offenders(files: list[Path], forbidden: set[str]) -> list[str]:
    return [
        f"{path.relative_to(CHECKOUT)} imports {module}"
        for path in files
        for module in imported_modules(path)
        if module.split(".")[0] in forbidden
    ]


def test_body_capture_and_motions_know_nothing_of_blender() -> None:
    files = files_of("body", "capture", "motion_edit", "retargeting")
    assert files
    assert not offenders(files, BLENDER_MODULES)


def test_scene_and_ui_import_no_network() -> None:
    files = files_of("scene", "ui")
    assert files
    assert not offenders(files, NETWORK_MODULES)


@pytest.mark.parametrize(
    ("folder", "forbidden"),
    [
        ("posenet3d_blender/least_squares", ("body", "capture", "motion_edit", "retargeting", "scene", "ui", "cli")),
        ("posenet3d_blender/body", ("capture", "motion_edit", "retargeting", "scene", "ui", "cli")),
        ("posenet3d_blender/capture", ("retargeting", "scene", "ui", "cli")),
        ("posenet3d_blender/motion_edit", ("capture", "retargeting", "scene", "ui", "cli")),
        ("posenet3d_blender/retargeting", ("capture", "scene", "ui", "cli")),
        ("posenet3d_blender/scene", ("capture", "ui", "cli")),
        ("posenet3d_blender/cli", ("ui",)),
        ("trainer", ("retargeting", "scene", "ui", "cli")),
    ],
)
def test_packages_import_what_the_architecture_page_allows(folder: str, forbidden: tuple[str, ...]) -> None:
    starts = tuple(f"{package}.{name}" for package in ("", "posenet3d_blender") for name in forbidden)
    imported = [(path.name, module) for path in (CHECKOUT / folder).rglob("*.py") for module in absolute_imports(path)]
    assert imported
    assert not [(name, module) for name, module in imported if f"{module}.".startswith(tuple(f"{s}." for s in starts))]


@pytest.mark.parametrize(("folder", "late"), [("ui", ("capture", "cli")), ("cli", ("scene",))])
def test_heavy_packages_are_imported_inside_functions(folder: str, late: tuple[str, ...]) -> None:
    starts = tuple(f".{name}." for name in late)
    early = [
        (path.name, module)
        for path in files_of(folder)
        for module in imported_modules(path, at_module_level=True)
        if f"{module}.".startswith(starts)
    ]
    assert files_of(folder)
    assert not early


def test_root_modules_import_the_body_alone() -> None:
    """The package's own entry points aside."""
    files = [path for path in PACKAGE.glob("*.py") if path.name not in ("__init__.py", "__main__.py")]
    packages = {path.name for path in PACKAGE.iterdir() if path.is_dir()} - {"body"}
    imported = {
        (path.name, module.split(".")[1]) for path in files for module in imported_modules(path) if module[0] == "."
    }
    assert ("motion.py", "body") in imported
    assert not [one for one in imported if one[1] in packages]


def test_nothing_imports_the_trainer() -> None:
    assert not offenders(sorted(PACKAGE.rglob("*.py")), {"trainer", "tools", "tests", "benchmarks"})


def test_nothing_reaches_for_the_internet() -> None:
    assert not offenders(sorted(PACKAGE.rglob("*.py")), INTERNET_MODULES)


def test_the_package_imports_itself_relatively() -> None:
    """Blender installs it under another name: bl_ext.user_default.posenet3d."""
    assert not offenders(sorted(PACKAGE.rglob("*.py")), {"posenet3d_blender"})


@pytest.mark.parametrize("folder", CAPTURE_LAYERS)
def test_capture_is_layered(folder: str) -> None:
    allowed = {folder, *CAPTURE_LAYERS[folder]}
    imported = {
        (path.name, module.split(".")[2])
        for path in files_of(f"capture/{folder}")
        for module in imported_modules(path)
        if module.startswith(".capture.")
    }
    assert imported
    assert not [(name, layer) for name, layer in imported if layer not in allowed]


def test_every_module_of_capture_has_its_layer() -> None:
    folder = PACKAGE / "capture"
    assert {path.name for path in folder.iterdir() if any(path.glob("*.py"))} == set(CAPTURE_LAYERS)
    assert {path.stem for path in folder.glob("*.py")} == CAPTURE_TOP


def test_solve_takes_only_predictions_from_the_student() -> None:
    imported = {
        module
        for path in files_of("capture/solve")
        for module in imported_modules(path)
        if module.startswith(".capture.student")
    }
    assert imported <= {".capture.student.predict", ".capture.student.predict.StudentPrediction"}


def test_the_package_has_no_import_cycle() -> None:
    """Imports inside functions count too."""
    modules = package_modules()
    graph = {name: {module for module in imported_modules(path) if module in modules} for name, path in modules.items()}
    for name, path in modules.items():
        # `from . import x` names the folder too, of which no more than x is meant.
        graph[name].discard("." + ".".join(path.relative_to(PACKAGE).parts[:-1]))
    order = graphlib.TopologicalSorter(graph)
    order.prepare()
    assert len(graph) > 50


def test_folders_of_capture_stay_small() -> None:
    folders = [PACKAGE / "capture", *(path for path in (PACKAGE / "capture").rglob("*") if path.is_dir())]
    counts = {folder.relative_to(PACKAGE).as_posix(): len(list(folder.glob("*.py"))) for folder in folders}
    assert max(counts.values()) > 1
    assert not {folder: count for folder, count in counts.items() if count > MOST_FILES}


def test_files_and_functions_stay_short() -> None:
    files = source_files()
    assert len(files) > 100
    too_long = []
    for path in files:
        text = path.read_text(encoding="utf-8")
        if len(text.splitlines()) > LONGEST_FILE:
            too_long.append(path.relative_to(CHECKOUT).as_posix())
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef) and (node.end_lineno or 0) - node.lineno >= LONGEST_FUNCTION:
                too_long.append(f"{path.relative_to(CHECKOUT).as_posix()}: {node.name}")
    assert not too_long


@pytest.mark.parametrize("pattern", DOCUMENTED)
def test_docstrings_begin_with_a_noun_or_an_imperative(pattern: str) -> None:
    """Those of attributes, the strings below them, count too."""
    docstrings = [
        (path.name, node.lineno, node.value.value)
        for path in CHECKOUT.glob(pattern)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    ]
    assert docstrings
    assert not [place for place in docstrings if place[2].split(maxsplit=1)[0].strip(",:") in QUESTION_WORDS]


@pytest.mark.parametrize("statement", ["import posenet3d_blender", "import posenet3d_blender.cli.main"])
def test_import_is_light_and_needs_no_blender(statement: str) -> None:
    blocked = "import sys; sys.modules['bpy'] = None; "
    report = "; print(*sorted({name.split('.')[0] for name, module in sys.modules.items() if module}))"
    run = subprocess.run(
        [sys.executable, "-c", blocked + statement + report], cwd=CHECKOUT, capture_output=True, text=True, check=True
    )
    assert not set(run.stdout.split()) & HEAVY_MODULES
