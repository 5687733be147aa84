"""Detect NVIDIA's CUDA without importing torch, which takes seconds."""

from __future__ import annotations

import ctypes
import importlib.util
import sys
from functools import cache
from pathlib import Path
from typing import Final

DRIVER: Final = "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"
TORCH_LIBRARIES: Final = ("libtorch_cuda.so", "torch_cuda.dll")
"""A torch that was built with CUDA has one of these beside it; its version number does not always say so."""


@cache
def cuda_device_name() -> str | None:
    """The name of the first NVIDIA GPU, as its driver gives it; None where there is no GPU or no working driver."""
    try:
        driver = ctypes.CDLL(DRIVER)
    except OSError:
        return None
    device, name = ctypes.c_int(), ctypes.create_string_buffer(256)
    # Each answers 0 when it did what was asked.
    failed = (
        driver.cuInit(0)
        or driver.cuDeviceGet(ctypes.byref(device), 0)
        or driver.cuDeviceGetName(name, len(name), device)
    )
    return None if failed else name.value.decode(errors="replace")


def torch_has_cuda() -> bool:
    """The torch that would be imported, if any, was built with CUDA."""
    torch = importlib.util.find_spec("torch")
    folders = torch.submodule_search_locations if torch else None
    return any((Path(folder) / "lib" / library).is_file() for folder in folders or () for library in TORCH_LIBRARIES)
