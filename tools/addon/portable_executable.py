"""Imports of a Windows DLL, read from its file: which functions it takes from which other DLL.

Microsoft's PE format, as far as that needs it. Both tables are read: of imports that are bound when the DLL is loaded,
and of those that are bound at their first call (delayed).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_IMPORTS, _DELAYED_IMPORTS = 1, 13
"""Places in the table of data directories."""
_DIRECTORIES_AT: Final = {0x10B: 96, 0x20B: 112}
"""Magic of the optional header, of 32 and 64 bits: where the data directories start in it."""
_ENTRY_SIZE: Final = {0x10B: 4, 0x20B: 8}


@dataclass(frozen=True)
class _Image:
    """A DLL's bytes, addressed as they lie in memory (relative virtual addresses)."""

    content: bytes
    magic: int
    directories: tuple[int, ...]
    """Address of each data directory; 0: it has none."""
    sections: tuple[tuple[int, int, int], ...]
    """Address, size and place in the file of each section."""

    def place(self, address: int) -> int:
        """The address's place in the file."""
        for start, size, place in self.sections:
            if start <= address < start + size:
                return place + address - start
        raise ValueError(f"no section holds the address {address:#x}")

    def text(self, address: int) -> str:
        start = self.place(address)
        return self.content[start : self.content.index(b"\0", start)].decode("ascii")


def read_imports(content: bytes) -> dict[str, frozenset[str]]:
    """Names of imported functions by the DLL they come from, in lower case; those by number are left out.

    Raises:
        ValueError: this is no DLL, or it is damaged.
    """
    try:
        image = _open(content)
        found: dict[str, set[str]] = {}
        for library, functions in (*_imports(image), *_delayed_imports(image)):
            found.setdefault(library.lower(), set()).update(functions)
    except struct.error as error:
        raise ValueError("the file is cut off") from error
    return {library: frozenset(functions) for library, functions in found.items()}


def _open(content: bytes) -> _Image:
    header = struct.unpack_from("<I", content, 0x3C)[0] if content[:2] == b"MZ" else 0
    if content[header : header + 4] != b"PE\0\0":
        raise ValueError("not a Windows program or DLL")
    section_count, optional_size = struct.unpack_from("<2xH12xH", content, header + 4)
    optional = header + 24
    (magic,) = struct.unpack_from("<H", content, optional)
    if magic not in _DIRECTORIES_AT:
        raise ValueError("not a Windows program or DLL")
    first = optional + _DIRECTORIES_AT[magic]
    (count,) = struct.unpack_from("<I", content, first - 4)
    directories = tuple(struct.unpack_from("<I", content, first + 8 * place)[0] for place in range(count))
    sections = []
    for place in range(section_count):
        virtual_size, address, size, start = struct.unpack_from(
            "<4I", content, optional + optional_size + 40 * place + 8
        )
        sections.append((address, max(virtual_size, size), start))
    return _Image(content, magic, directories, tuple(sections))


def _imports(image: _Image) -> Iterator[tuple[str, list[str]]]:
    for names, library, addresses in _descriptors(image, _IMPORTS, "<I8xII", 20):
        yield image.text(library), _functions(image, names or addresses)


def _delayed_imports(image: _Image) -> Iterator[tuple[str, list[str]]]:
    for library, names in _descriptors(image, _DELAYED_IMPORTS, "<4xI8xI12x", 32):
        yield image.text(library), _functions(image, names)


def _descriptors(image: _Image, directory: int, layout: str, size: int) -> Iterator[tuple[int, ...]]:
    """The table's entries up to the one of zeros that ends it."""
    if directory >= len(image.directories) or not image.directories[directory]:
        return
    place = image.place(image.directories[directory])
    while any(values := struct.unpack_from(layout, image.content, place)):
        yield values
        place += size


def _functions(image: _Image, names: int) -> list[str]:
    size = _ENTRY_SIZE[image.magic]
    by_number = 1 << (8 * size - 1)
    place, found = image.place(names), []
    while entry := int.from_bytes(image.content[place : place + size], "little"):
        if not entry & by_number:
            found.append(image.text(entry + 2))  # after a hint of two bytes
        place += size
    return found
