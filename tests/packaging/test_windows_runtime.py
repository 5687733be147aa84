"""DLLs in the wheels for Windows are checked against Blender's C++ run time."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

import build_addon
from tools.addon.portable_executable import read_imports
from tools.addon.wheels import PackagingError, Wheel, fetch, read_lock, sha256_of
from tools.addon.windows_runtime import check_wheel, needed_runtime

ADDRESS = 0x1000
"""At which the only section lies in memory."""
OLD_MUTEX = ("_Mtx_init_in_situ", "_Mtx_lock", "_Mtx_unlock")
NEW_MUTEX = ("_Mtx_lock", "_Mtx_unlock")


def library_bytes(imports: Mapping[str, Sequence[str]], delayed: Mapping[str, Sequence[str]] | None = None) -> bytes:
    """A 64-bit DLL of nothing but a table of imports and one of delayed imports."""
    delayed = delayed or {}
    section = bytearray(20 * (len(imports) + 1) + 32 * (len(delayed) + 1))

    def put(content: bytes) -> int:
        section.extend(content)
        return ADDRESS + len(section) - len(content)

    def thunks(functions: Sequence[str]) -> int:
        by_number = [1 << 63 | 7]
        hints = [put(b"\0\0" + name.encode() + b"\0") for name in functions]
        return put(struct.pack(f"<{len(hints) + 2}Q", *hints, *by_number, 0))

    for place, (name, functions) in enumerate(imports.items()):
        names = thunks(functions)
        struct.pack_into("<5I", section, 20 * place, names, 0, 0, put(name.encode() + b"\0"), names)
    delayed_at = 20 * (len(imports) + 1)
    for place, (name, functions) in enumerate(delayed.items()):
        names = thunks(functions)
        struct.pack_into("<8I", section, delayed_at + 32 * place, 1, put(name.encode() + b"\0"), 0, 0, names, 0, 0, 0)
    directories = [(0, 0)] * 16
    directories[1], directories[13] = (ADDRESS, 1), (ADDRESS + delayed_at, 1)
    optional = struct.pack("<H106xI", 0x20B, 16) + b"".join(struct.pack("<2I", *entry) for entry in directories)
    header = b"MZ" + bytes(0x3A) + struct.pack("<I", 0x40)
    header += b"PE\0\0" + struct.pack("<2H12x2H", 0x8664, 1, len(optional), 0x2022) + optional
    header += b".rdata\0\0" + struct.pack("<4I16x", len(section), ADDRESS, len(section), 0x200)
    return header.ljust(0x200, b"\0") + bytes(section)


def write_wheel(folder: Path, libraries: Mapping[str, bytes]) -> Path:
    path = folder / "here-1.0-cp311-cp311-win_amd64.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("here/__init__.py", "")
        for name, content in libraries.items():
            archive.writestr(name, content)
    return path


def test_both_tables_of_imports_are_read() -> None:
    content = library_bytes(
        {"KERNEL32.dll": ["Sleep"], "MSVCP140.dll": OLD_MUTEX}, {"d3d12.dll": ["D3D12CreateDevice"]}
    )
    assert read_imports(content) == {
        "kernel32.dll": {"Sleep"},
        "msvcp140.dll": set(OLD_MUTEX),
        "d3d12.dll": {"D3D12CreateDevice"},
    }
    assert read_imports(library_bytes({})) == {}


@pytest.mark.parametrize("length", [0, 1, 0x40, 0x60, 0x180, 0x201, 0x220])
def test_what_is_no_dll_or_cut_off_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match=r"not a Windows|cut off|no section|not found"):
        read_imports(library_bytes({"MSVCP140.dll": OLD_MUTEX})[:length])


def test_real_libraries_are_read() -> None:
    """pip carries small programs for Windows, of 32 and 64 bits."""
    folder = pytest.importorskip("pip._vendor.distlib").__path__[0]
    programs = [Path(folder, name) for name in ("w32.exe", "w64.exe")]
    if not all(path.is_file() for path in programs):
        pytest.skip("this pip carries no programs for Windows")
    for path in programs:
        assert {"CreateProcessW", "ExitProcess"} <= read_imports(path.read_bytes())["kernel32.dll"]


@pytest.mark.parametrize(
    ("functions", "needed"),
    [
        (["_Thrd_yield"], (14, 20)),
        (OLD_MUTEX, (14, 20)),
        (NEW_MUTEX, (14, 38)),
        ([*OLD_MUTEX, "_Cnd_init_in_situ", "_Cnd_wait"], (14, 20)),
        ([*OLD_MUTEX, "_Cnd_signal", "_Cnd_wait"], (14, 38)),
        ([*OLD_MUTEX, "_Cnd_do_broadcast_at_thread_exit"], (14, 20)),
    ],
)
def test_a_constexpr_mutex_requires_a_newer_run_time(functions: list[str], needed: tuple[int, int]) -> None:
    assert needed_runtime({"msvcp140.dll": functions}) == needed


def test_a_wheel_that_requires_a_newer_run_time_is_refused(tmp_path: Path) -> None:
    old = {"MSVCP140.dll": OLD_MUTEX, "VCRUNTIME140.dll": ["memset"]}
    check_wheel(write_wheel(tmp_path, {"here/old.pyd": library_bytes(old)}), ["3.11", "3.13"])
    wheel = write_wheel(
        tmp_path, {"here/old.pyd": library_bytes(old), "here/new.dll": library_bytes({"MSVCP140.dll": NEW_MUTEX})}
    )
    check_wheel(wheel, ["3.13"])
    with pytest.raises(PackagingError, match=r"here/new\.dll requires .* run time 14\.38.* 3\.11 has 14"):
        check_wheel(wheel, ["3.11", "3.13"])


def test_a_part_of_the_run_time_comes_with_blender_or_with_the_wheel(tmp_path: Path) -> None:
    content = library_bytes({"VCOMP140.DLL": ["omp_get_num_threads"]})
    with pytest.raises(PackagingError, match=r"here\.pyd requires vcomp140\.dll"):
        check_wheel(write_wheel(tmp_path, {"here/here.pyd": content}), ["3.11"])
    check_wheel(write_wheel(tmp_path, {"here/here.pyd": content, "libs/vcomp140.dll": library_bytes({})}), ["3.11"])


def test_the_build_names_the_library_in_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_wheel(tmp_path, {"here/new.dll": library_bytes({"MSVCP140.dll": NEW_MUTEX})})
    wheel = Wheel(path.name, "here==1.0", "windows-x64", ("3.11",), sha256_of(path))
    monkeypatch.setattr(build_addon, "read_lock", lambda: [wheel])
    monkeypatch.setattr(build_addon, "WHEEL_CACHE", tmp_path)
    assert build_addon.main(["--platform", "windows-x64", "--output-dir", str(tmp_path / "dist")]) == 1
    error = capsys.readouterr().err
    assert error.startswith(f"build_addon: error: {path.name}: here/new.dll requires Microsoft's C++ run time")
    assert error.count("\n") == 1
    assert not (tmp_path / "dist").exists()


def test_the_pinned_wheels_work_with_blenders_run_time() -> None:
    build_addon.WHEEL_CACHE.mkdir(parents=True, exist_ok=True)
    for wheel in read_lock():
        if wheel.platform == "windows-x64":
            path = fetch(wheel, build_addon.WHEEL_CACHE)
            if path is None:
                pytest.skip("the add-on's wheels for Windows can't be fetched here")
            check_wheel(path, wheel.pythons)
