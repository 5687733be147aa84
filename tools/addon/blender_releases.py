"""Ranges of Blender releases with the same Python: each has a zip of its own, with the wheels for that Python."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class BlenderReleases:
    """Consecutive releases of Blender with the same Python."""

    first: str
    """Such as "4.2"."""
    end: str | None
    """The first release that no longer belongs to them; None: the newest one does."""
    python: str
    """Such as "3.11"."""

    @property
    def label(self) -> str:
        """Part of the zip's name, such as "blender4.2"."""
        return f"blender{self.first}"

    def manifest_entries(self) -> dict[str, object]:
        """Entries of blender_manifest.toml that keep other releases from installing the zip."""
        entries: dict[str, object] = {"blender_version_min": f"{self.first}.0"}
        # Blender takes the maximum as the first release that is too new.
        return entries | ({"blender_version_max": f"{self.end}.0"} if self.end else {})

    def __str__(self) -> str:
        """Name for messages."""
        return f"Blender {self.first} {f'to before {self.end}' if self.end else 'and newer'}"


RELEASES: Final = (BlenderReleases("4.2", "5.1", "3.11"), BlenderReleases("5.1", None, "3.13"))
"""Oldest first; the first one is the `blender_version_min` of addon_manifest.toml."""
