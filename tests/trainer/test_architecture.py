"""Architecture rules of the trainer: import order of its packages, import cycles, sizes, docstrings.

Imports are read from the source, including those inside functions and under TYPE_CHECKING.
"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

from .source_imports import imported_names

TRAINER = Path(__file__).parents[2] / "trainer"
FILES = sorted(TRAINER.rglob("*.py"))

ALLOWED = {
    "config_checks": set[str](),
    "geometry": set[str](),
    "data": set[str](),
    "training": {"config_checks"},
    "synthesis": {"config_checks", "data", "geometry"},
    "datasets": {"data", "geometry"},
    "windows": {"config_checks", "data", "geometry", "synthesis"},
    "supervised": {"config_checks", "data", "synthesis", "training", "windows"},
    "paper": {"config_checks", "data", "geometry", "synthesis", "training", "windows"},
    "evaluation": {"data", "datasets", "geometry", "paper", "synthesis", "training"},
    "half_precision": set[str](),
    "export": {"evaluation", "half_precision", "training"},
    "tuning": {"config_checks", "data", "export", "geometry", "paper", "training"},
    "cli": {"datasets", "evaluation", "export", "paper", "supervised", "training", "tuning"},
    "__main__": {"cli"},
}
"""Packages and modules of the trainer, and those that each may import."""
LONGEST_CHAIN = 10
MOST_FILES = 12
MOST_LINES = 320
LONGEST_FUNCTION = 60
QUESTION_WORDS = {"What", "Who", "How", "Where", "Whether"}


def module_name(path: Path) -> str:
    parts = path.relative_to(TRAINER.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in FILES}


@cache
def trainer_imports(module: str) -> frozenset[str]:
    """The trainer's modules that one of them imports; packages, whose __init__ are empty, are left out."""
    path = MODULES[module]
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    imports = imported_names(path.read_text(), package)
    return frozenset(
        name for name in imports if name in MODULES and MODULES[name].name != "__init__.py" and name != module
    )


def package_of(module: str) -> str:
    """First part of a module's name below the trainer; empty for the trainer itself."""
    return module.partition(".")[2].partition(".")[0]


@pytest.mark.parametrize(
    "source",
    [
        "from ..data.clips import Clips",
        "from ..data import clips",
        "import trainer.data.clips",
        "from trainer.data import clips as other",
        "def f():\n    from trainer.data.clips import load_clips",
        "if TYPE_CHECKING:\n    from ..data.clips import Clips",
    ],
)
def test_every_form_of_import_is_found(source: str) -> None:
    assert "trainer.data.clips" in imported_names(source, "trainer.paper")


def test_every_package_has_a_rule() -> None:
    assert {package_of(module) for module in MODULES} - {""} == ALLOWED.keys()


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_packages_import_only_what_they_may(module: str) -> None:
    packages = {package_of(name) for name in trainer_imports(module)} - {package_of(module)}
    assert packages <= ALLOWED.get(package_of(module), set()), f"{module} imports {sorted(packages)}"


CHAINS: dict[str, list[str]] = {}


def chain(module: str, importers: tuple[str, ...] = ()) -> list[str]:
    """The longest chain of imports that begins with a module; fails on a cycle."""
    cycle = [*importers[importers.index(module) :], module] if module in importers else []
    assert not cycle, f"import cycle: {' -> '.join(cycle)}"
    if module not in CHAINS:
        below = [chain(name, (*importers, module)) for name in sorted(trainer_imports(module))]
        CHAINS[module] = [module, *max(below, key=len, default=[])]
    return CHAINS[module]


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_imports_have_no_cycle_and_short_chains(module: str) -> None:
    longest = chain(module)
    assert len(longest) <= LONGEST_CHAIN, " -> ".join(longest)


def test_folders_are_small() -> None:
    counts = {folder: len(list(folder.glob("*.py"))) for folder in {path.parent for path in FILES}}
    assert {folder.name: count for folder, count in counts.items() if count > MOST_FILES} == {}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(TRAINER)))
def test_files_and_functions_are_short(path: Path) -> None:
    source = path.read_text()
    assert len(source.splitlines()) <= MOST_LINES
    functions = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)]
    long = {
        node.name: length
        for node in functions
        if (length := (node.end_lineno or node.lineno) - node.lineno + 1) > LONGEST_FUNCTION
    }
    assert long == {}


@pytest.mark.parametrize(
    "path",
    [*FILES, *sorted(Path(__file__).parent.rglob("*.py"))],
    ids=lambda path: str(path.relative_to(TRAINER.parent)),
)
def test_docstrings_are_no_questions(path: Path) -> None:
    """Includes the strings below constants and fields."""
    strings = [
        node.value.value
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    ]
    assert [text for text in strings if text.split(maxsplit=1)[0] in QUESTION_WORDS] == []
