"""Print the Blender versions to test on, with their Python and requirements.

python tools/blender_matrix.py          one line each, for tools/run_matrix.sh
python tools/blender_matrix.py --json   a matrix for continuous integration
"""

from __future__ import annotations

import argparse
import json
import sys
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

CHECKOUT: Final = Path(__file__).parents[1]
SYSTEMS: Final = ("ubuntu-22.04", "windows-2022", "macos-14")
"""Runners of continuous integration: the systems of the add-on, for which bpy wheels of all versions exist."""


class MatrixError(Exception):
    """The table does not fit the manifest; the message says in one line what is wrong and what to do."""


@dataclass(frozen=True)
class Blender:
    """One release of the bpy package and what to install with it."""

    version: str
    python: str
    requirements: tuple[str, ...]


def read_matrix(project: Path = CHECKOUT) -> list[Blender]:
    """Read the table, oldest version first.

    Raises:
        MatrixError: its first version is not the oldest that the manifest allows.
    """
    manifest = tomllib.loads((project / "addon_manifest.toml").read_text(encoding="utf-8"))
    table = tomllib.loads((project / "tools" / "blender_matrix.toml").read_text(encoding="utf-8"))
    versions = [Blender(entry["version"], entry["python"], tuple(entry["requirements"])) for entry in table["blender"]]
    oldest: str = manifest["blender_version_min"]
    if _series(versions[0].version) != _series(oldest):
        raise MatrixError(
            f"tools/blender_matrix.toml: begins with Blender {versions[0].version}, but addon_manifest.toml allows "
            f"{oldest}; make the two agree"
        )
    return versions


def jobs(versions: Sequence[Blender]) -> Iterator[dict[str, Any]]:
    """Yield one job per version and system."""
    for blender in versions:
        for system in SYSTEMS:
            yield {"os": system, **asdict(blender), "requirements": " ".join(blender.requirements)}


def main() -> int:
    """Run the command line; the exit code is 0, or 1 if the table does not fit the manifest."""
    parser = argparse.ArgumentParser(description="Print the Blender versions to test on.")
    parser.add_argument("--json", action="store_true", help="a matrix for continuous integration")
    arguments = parser.parse_args()
    try:
        versions = read_matrix()
    except MatrixError as error:
        print(f"blender_matrix: error: {error}", file=sys.stderr)
        return 1
    if arguments.json:
        print(json.dumps({"include": list(jobs(versions))}))
    else:
        for blender in versions:
            print(blender.version, blender.python, *blender.requirements)
    return 0


def _series(version: str) -> tuple[str, ...]:
    """Major and minor number."""
    return tuple(version.split(".")[:2])


if __name__ == "__main__":
    sys.exit(main())
