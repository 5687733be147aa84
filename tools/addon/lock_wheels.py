"""Select the wheels that the add-on includes, and pin them in wheels.toml:  python -m tools.addon.lock_wheels

Of each package the newest version that works with Blender's own numpy is selected, which the wheels' metadata must
confirm; on Windows it must also work with Blender's C++ run time, as far as the wheels' DLLs show. numpy itself is
never included, because it would replace Blender's. onnxruntime also requires flatbuffers, packaging and protobuf; it
imports none of them to run a network, and all extensions share one folder of packages, where another extension's
protobuf should not be replaced without need.
"""

from __future__ import annotations

import json
import tempfile
import zipfile
from email.parser import HeaderParser
from pathlib import Path
from typing import Final

from packaging.requirements import Requirement

from .wheels import LOCK, PackagingError, Wheel, download, sha256_of
from .windows_runtime import check_wheel

NUMPY_IN_BLENDER: Final = {
    "3.11": ("1.24.3", "1.26.4"),  # Blender 4.2 and 4.3; 4.4 to 5.0
    "3.13": ("2.2.0", "2.5.5"),  # Blender 5.1 and newer
}
"""Oldest and newest numpy in Blender, by the version of its Python."""

REQUIREMENTS: Final = {
    "3.11": ("onnxruntime", "av", "opencv-python-headless<4.12", "scipy<1.16"),
    "3.13": ("onnxruntime", "av", "opencv-python-headless", "scipy"),
}
"""scipy 1.16 requires numpy 1.25.2, OpenCV 4.12 requires numpy 2."""

PLATFORM_TAGS: Final = {
    "linux-x64": ["manylinux_2_28_x86_64", "manylinux_2_27_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64"],
    "windows-x64": ["win_amd64"],
    "macos-arm64": ["macosx_14_0_arm64"],
}
"""Newest systems that wheels may require. Linux: Blender itself requires glibc 2.28. macOS: wheels for 13 are too old
(av 15.1 lacks a file's index), and every Mac with an Apple processor can run 14."""

REPLACED: Final = {
    ("linux-x64", "3.11", "onnxruntime"): "onnxruntime<1.24",
    ("linux-x64", "3.13", "onnxruntime"): "onnxruntime<1.24",
    ("windows-x64", "3.11", "onnxruntime"): "onnxruntime-directml<1.21",
    ("windows-x64", "3.13", "onnxruntime"): "onnxruntime-directml",
}
"""By platform, Python and package. onnxruntime 1.23 for Linux is 10 MB smaller than 1.32, and runs BlazePose's networks
in the same time. The DirectML build is onnxruntime with support for any Windows GPU; both are the module `onnxruntime`.
1.21 requires a newer C++ run time than Blender with Python 3.11 has (see windows_runtime)."""

HEADING: Final = "# The wheels in the add-on's packages. Written by `python -m tools.addon.lock_wheels`.\n"


def choose(platform: str) -> list[Wheel]:
    """Select the wheels of one platform.

    Raises:
        PackagingError: one can't be downloaded, or does not work with Blender's numpy or C++ run time.
    """
    wheels: list[Wheel] = []
    for python, requirements in REQUIREMENTS.items():
        for requirement in requirements:
            name = Requirement(requirement).name
            specifier = REPLACED.get((platform, python, name), requirement)
            stable = next((wheel for wheel in wheels if wheel.requirement.startswith(f"{name}==")), None)
            if stable and "-abi3-" in stable.file:
                continue  # works with every newer Python
            with tempfile.TemporaryDirectory() as folder:
                message = download(specifier, python, PLATFORM_TAGS[platform], Path(folder))
                paths = list(Path(folder).iterdir())
                if not paths:
                    raise PackagingError(f"{specifier} for {platform}, Python {python}: {message}")
                pythons = tuple(NUMPY_IN_BLENDER) if "-abi3-" in paths[0].name else (python,)
                wheels.append(_pin(paths[0], platform, pythons))
    return sorted(wheels, key=lambda wheel: wheel.file)


def _pin(path: Path, platform: str, pythons: tuple[str, ...]) -> Wheel:
    with zipfile.ZipFile(path) as archive:
        name = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        metadata = HeaderParser().parsestr(archive.read(name).decode("utf-8"))
    for text in metadata.get_all("Requires-Dist", []):
        requirement = Requirement(text)
        for python in pythons:
            if requirement.name == "numpy" and _applies(requirement, platform, python):
                for version in NUMPY_IN_BLENDER[python]:
                    if version not in requirement.specifier:
                        raise PackagingError(f"{path.name} requires {requirement}, but Blender has numpy {version}")
    if platform == "windows-x64":
        check_wheel(path, pythons)
    return Wheel(path.name, f"{metadata['Name']}=={metadata['Version']}", platform, pythons, sha256_of(path))


def _applies(requirement: Requirement, platform: str, python: str) -> bool:
    system, machine = {
        "linux-x64": ("Linux", "x86_64"),
        "windows-x64": ("Windows", "AMD64"),
        "macos-arm64": ("Darwin", "arm64"),
    }[platform]
    environment = {"python_version": python, "platform_system": system, "platform_machine": machine, "extra": ""}
    return requirement.marker is None or requirement.marker.evaluate(environment)


def to_toml(wheels: list[Wheel]) -> str:
    """Text of the lock file."""
    entries = [
        {
            "file": wheel.file,
            "requirement": wheel.requirement,
            "platform": wheel.platform,
            "pythons": list(wheel.pythons),
            "sha256": wheel.sha256,
        }
        for wheel in wheels
    ]
    # Plain strings and lists of them are written alike in TOML and JSON.
    blocks = ["\n".join(f"{key} = {json.dumps(value)}" for key, value in entry.items()) for entry in entries]
    return HEADING + "".join(f"\n[[wheel]]\n{block}\n" for block in blocks)


if __name__ == "__main__":
    LOCK.write_text(to_toml([wheel for platform in PLATFORM_TAGS for wheel in choose(platform)]), encoding="utf-8")
    print(f"wrote {LOCK}")
