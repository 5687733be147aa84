"""A skeleton at rest, as retargeting needs it."""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass
from functools import cached_property

from ..arrays import Array


@dataclass(frozen=True)
class Rig:
    """Bones of an armature at rest, in the armature's own space and units; parents stand before their children."""

    names: tuple[str, ...]
    parents: tuple[int, ...]
    """Index of each bone's parent; -1: none."""
    heads: Array
    """(B, 3)"""
    tails: Array
    """(B, 3)"""
    axes: Array
    """(B, 3, 3) rotation of each bone, its axes as columns."""

    @cached_property
    def index(self) -> dict[str, int]:
        """Index of each bone by its name."""
        return {name: number for number, name in enumerate(self.names)}

    @cached_property
    def children(self) -> tuple[tuple[int, ...], ...]:
        """Indices of each bone's children."""
        children: list[list[int]] = [[] for _ in self.names]
        for bone, parent in enumerate(self.parents):
            if parent >= 0:
                children[parent].append(bone)
        return tuple(map(tuple, children))

    def head(self, name: str) -> Array:
        """(3,) rest position of the bone's head."""
        head: Array = self.heads[self.index[name]]
        return head

    def ancestors(self, name: str) -> list[str]:
        """Names of parent, grandparent and so on."""
        found = []
        bone = self.parents[self.index[name]]
        while bone >= 0:
            found.append(self.names[bone])
            bone = self.parents[bone]
        return found

    def chain(self, top: str, end: str) -> list[str]:
        """Bones from `top` down to `end`, both included; empty if `end` does not descend from `top`."""
        names = [end, *self.ancestors(end)]
        return names[: names.index(top) + 1][::-1] if top in names else []

    def missing(self, names: Iterable[str]) -> list[str]:
        """Those of the names that no bone has, each once."""
        return [name for name in dict.fromkeys(names) if name not in self.index]

    def nearest_ancestor(self, name: str, among: Container[str]) -> str | None:
        """The closest ancestor that is one of the given bones."""
        return next((ancestor for ancestor in self.ancestors(name) if ancestor in among), None)
