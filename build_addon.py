"""Build the add-on as a Blender extension, one zip for each platform and version of Blender's Python.

    python build_addon.py [--platform linux-x64 …] --output-dir DIR

Each platform has two zips, …-PLATFORM-blender4.2.zip for Blender 4.2 to 5.0 (Python 3.11) and …-PLATFORM-blender5.1.zip
for 5.1 and newer (Python 3.13), so that nobody downloads the wheels of the other.

A zip holds the code, the assets, and the wheels of packages that Blender's own Python lacks, so that nothing is
installed or downloaded later. The build is reproducible: the same input gives the same bytes. A wheel for Windows is
refused if one of its DLLs requires a newer C++ run time than Blender has. Needs Blender: the bpy package, or `blender`
on the search path.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import Final

from tools.addon import extension
from tools.addon.blender_releases import RELEASES, BlenderReleases
from tools.addon.documentation import without_dead_links
from tools.addon.wheels import PackagingError, Wheel, fetch, read_lock, sha256_of
from tools.addon.windows_runtime import check_wheel

PROJECT: Final = Path(__file__).parent
WHEEL_CACHE: Final = PROJECT / "build" / "wheels"
PLATFORMS: Final = ("linux-x64", "windows-x64", "macos-arm64")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; the exit code is 0 when all zips are built, else 1."""
    parser = argparse.ArgumentParser(prog="build_addon.py", description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument(
        "--platform", nargs="+", action="extend", choices=PLATFORMS, metavar="PLATFORM", help=", ".join(PLATFORMS)
    )
    parser.add_argument("--output-dir", type=Path, required=True, metavar="DIR", help="folder for the zips")
    arguments = parser.parse_args(argv)
    try:
        for platform, releases in product(dict.fromkeys(arguments.platform or PLATFORMS), RELEASES):
            wheels = _fetch_all(wheels_for(platform, releases))
            package = build_package(platform, releases, wheels, arguments.output_dir)
            print(f"{package}  sha256 {sha256_of(package)}")
            print(f"    {_describe_size(package, wheels)}")
    except (PackagingError, OSError) as error:
        print(f"build_addon: error: {error}", file=sys.stderr)
        return 1
    return 0


def wheels_for(platform: str, releases: BlenderReleases) -> list[Wheel]:
    """The pinned wheels of one zip."""
    return [wheel for wheel in read_lock() if wheel.platform == platform and releases.python in wheel.pythons]


def build_package(
    platform: str, releases: BlenderReleases, wheels: Sequence[Path], output_folder: Path, project: Path = PROJECT
) -> Path:
    """Build, repack and validate one zip.

    Args:
        platform: Blender's name of the platform.
        releases: of Blender, that it is for.
        wheels: wheels to include.
        output_folder: created if missing; the zip is written to it atomically.
        project: root of the checkout.

    Raises:
        PackagingError: there is no Blender to build with, or Blender rejects the package.
    """
    metadata = tomllib.loads((project / "addon_manifest.toml").read_text(encoding="utf-8"))
    output_folder.mkdir(parents=True, exist_ok=True)
    target = output_folder / f"posenet3d_blender-{metadata['version']}-{platform}-{releases.label}.zip"
    with tempfile.TemporaryDirectory(prefix=".building-", dir=output_folder) as folder:
        source, built, repacked = Path(folder, "source"), Path(folder, "built.zip"), Path(folder, target.name)
        files = {name: path for path, name in shipped_files(project)}
        for name, path in files.items():
            _copy(path, source / name)
            if path.suffix == ".md":
                page = without_dead_links(path.read_text(encoding="utf-8"), name, files)
                (source / name).write_text(page, encoding="utf-8", newline="\n")
        for wheel in wheels:
            _copy(wheel, source / "wheels" / wheel.name)
        manifest = extension.manifest_text(metadata, platform, releases, [wheel.name for wheel in wheels])
        (source / "blender_manifest.toml").write_text(manifest, encoding="utf-8", newline="\n")
        extension.build(source, built)
        extension.repack(built, repacked)
        extension.validate(repacked)
        os.replace(repacked, target)
    return target


def shipped_files(project: Path) -> Iterator[tuple[Path, str]]:
    """Yield each file of the zip but the wheels, and its name there: code, assets, documentation and the licence."""
    package = project / "posenet3d_blender"
    assets = package / "assets"
    for path in sorted(package.rglob("*")):
        name = path.relative_to(package)
        is_shipped = path.suffix == ".py" or assets in path.parents
        if path.is_file() and is_shipped and not any(part.startswith((".", "__pycache__")) for part in name.parts):
            yield path, name.as_posix()
    for path in sorted((project / "docs").rglob("*")):
        if path.suffix in (".md", ".jpg", ".png"):
            yield path, path.relative_to(project).as_posix()
    yield project / "LICENSE", "LICENSE"


def _fetch_all(wheels: Sequence[Wheel]) -> list[Path]:
    """Paths of the wheels; one that can't be downloaded is left out with a warning.

    Raises:
        PackagingError: a file has another hash than the pinned one, or requires a newer C++ run time than Blender has.
    """
    WHEEL_CACHE.mkdir(parents=True, exist_ok=True)
    paths = []
    for wheel in wheels:
        path = fetch(wheel, WHEEL_CACHE)
        if path is None:
            pythons = " and ".join(wheel.pythons)
            print(
                f"build_addon: warning: {wheel.file} can't be downloaded and is left out: "
                f"on {wheel.platform}, Blender with Python {pythons} won't capture",
                file=sys.stderr,
            )
            continue
        if wheel.platform == "windows-x64":
            check_wheel(path, wheel.pythons)
        paths.append(path)
    return paths


def _copy(path: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, target)


def _describe_size(package: Path, wheels: Sequence[Path]) -> str:
    wheel_size = sum(wheel.stat().st_size for wheel in wheels)
    total = package.stat().st_size
    return (
        f"{total / 1e6:.1f} MB: {wheel_size / 1e6:.1f} in {len(wheels)} wheels, {(total - wheel_size) / 1e6:.1f} ours"
    )


if __name__ == "__main__":
    sys.exit(main())
