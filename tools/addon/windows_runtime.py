"""Refuse wheels for Windows that require a newer C++ run time than Blender has.

Blender for Windows loads its own MSVCP140.dll before any add-on, and a wheel's DLL gets that one, whichever it was
built for. It is as old as the compiler that built Blender; a newer DLL on it can end the process at its first lock.

Only a DLL's imports can be read from its file. No name is missing from an old run time: MSVCP140.dll and
VCRUNTIME140.dll export the same names in every version (14.16, 14.29, 14.32 and 14.44 compared). The change is in the
mutex: the constructor in the headers of Visual Studio 2022 17.10 initialises the memory itself and no longer calls
`_Mtx_init_in_situ`, and a run time older than 14.38 follows a null pointer there at the first lock (pull requests 3824
and 4720 of microsoft/STL; condition variables changed likewise). So a DLL that locks but never calls
`_Mtx_init_in_situ` requires the newer run time. onnxruntime-directml 1.20.1 and older call it, because they are built
with `_DISABLE_CONSTEXPR_MUTEX_CONSTRUCTOR`; 1.21.0 and newer do not.

The linker version in the DLL would mislead: it is 14.40 in onnxruntime 1.20.1, which works on 14.29. A DLL that mixes
both kinds of mutex is not recognised.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Final, TypeAlias

from .portable_executable import read_imports
from .wheels import PackagingError

Version: TypeAlias = tuple[int, int]
Imports: TypeAlias = Mapping[str, Collection[str]]
"""Functions by DLL, in lower case."""

RUNTIME_IN_BLENDER: Final[dict[str, Version]] = {
    "3.11": (14, 29),  # Blender 4.2 to 5.0
    "3.13": (14, 44),  # Blender 5.1 and newer
}
"""By Python's version in Blender: the oldest C++ run time, which is that of the compiler that linked Blender (as read
from bpy 4.2.23, 4.5.15, 5.0.1, 5.1.2 and 5.2.3 for Windows)."""

OLDEST: Final[Version] = (14, 20)
CONSTEXPR_MUTEX: Final[Version] = (14, 38)
"""The first version that accepts mutexes and condition variables which the headers alone have initialised."""

_INITIALISERS_AND_USES: Final = (
    ({"_Mtx_init", "_Mtx_init_in_situ"}, {"_Mtx_lock", "_Mtx_trylock", "_Mtx_timedlock", "_Mtx_unlock"}),
    ({"_Cnd_init", "_Cnd_init_in_situ"}, {"_Cnd_wait", "_Cnd_timedwait", "_Cnd_signal", "_Cnd_broadcast"}),
)
"""Functions that initialise a mutex or a condition variable, and those that use one."""
_INCLUDED: Final = ("msvcp140.dll", "msvcp140_1.dll", "msvcp140_2.dll", "vcruntime140.dll", "vcruntime140_1.dll")
"""DLLs of the run time that every Blender has; the names that they export have not changed."""
_RUNTIME: Final = re.compile(r"(msvcp|msvcr|vcruntime|concrt|vcomp|vcamp|vccorlib|mfc)\d.*\.dll|ucrtbased\.dll")
"""Names of Microsoft's run time, in lower case."""


def needed_runtime(imports: Imports) -> Version:
    """The oldest C++ run time on which a DLL with these imports works, as far as imports tell."""
    functions = set(imports.get("msvcp140.dll", ()))
    is_constexpr = any(
        functions & uses and not functions & initialisers for initialisers, uses in _INITIALISERS_AND_USES
    )
    return CONSTEXPR_MUTEX if is_constexpr else OLDEST


def check_wheel(wheel: Path, pythons: Collection[str]) -> None:
    """Check every DLL in a wheel for Windows against the Blender versions with these Pythons.

    Raises:
        PackagingError: a DLL requires a newer C++ run time, or a part of it that Blender lacks, or can't be read.
    """
    with zipfile.ZipFile(wheel) as archive:
        libraries = [name for name in archive.namelist() if name.lower().endswith((".dll", ".pyd"))]
        bundled = {Path(name).name.lower() for name in libraries}
        for name in libraries:
            try:
                imports = read_imports(archive.read(name))
            except ValueError as error:
                raise PackagingError(
                    f"{wheel.name}: {name} can't be checked, {error}; delete it and build again"
                ) from error
            for python in pythons:
                complaint = _complaint(imports, bundled, python)
                if complaint:
                    raise PackagingError(f"{wheel.name}: {name} {complaint}; pin an older version in lock_wheels.py")


def _complaint(imports: Imports, bundled: Collection[str], python: str) -> str | None:
    needed, included = needed_runtime(imports), RUNTIME_IN_BLENDER[python]
    if needed > included:
        return (
            f"requires Microsoft's C++ run time {needed[0]}.{needed[1]}, "
            f"but Blender with Python {python} has {included[0]}.{included[1]}"
        )
    missing = sorted(name for name in imports if _RUNTIME.fullmatch(name) and name not in {*_INCLUDED, *bundled})
    return f"requires {missing[0]}, which Blender with Python {python} may not have" if missing else None
