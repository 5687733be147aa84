"""The ten shape components: directions with names, one standard deviation of grown people each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import anny
import numpy as np

from posenet3d_blender.arrays import Array

from .anny_people import AVERAGE, rest_person
from .proportions import PUBLISHED, Ratios, carried_flesh, centred_joints, diffused, leg_length, measured, placed_joints


@dataclass(frozen=True)
class Component:
    """Changes by one unit of a shape component."""

    name: str
    phenotypes: Mapping[str, float] = field(default_factory=dict)
    """Added to Anny's phenotypes."""
    lengths: Mapping[str, float] = field(default_factory=dict)
    """Parts by which segments grow: "leg", or a name of Ratios."""


_OVER_LEG: Final = ("foot", "hips", "torso", "shoulders", "upper_arm", "forearm")

# The spreads of lengths are those left when stature is taken out, women and men together, after the ANSUR II survey
# (Gordon et al. 2014): crotch height 3%, sitting acromial height 3.5%, arm segments 3.5%, biacromial breadth 5%; hips
# by Harrington's regression on the pelvis' width and depth 6%; thigh against shank and upper arm against forearm 1.5%.
COMPONENTS: Final = (
    Component("stature", {"height": 0.08}),
    Component("leg length", lengths={"leg": 0.03}),
    Component("arm length", lengths={"upper_arm": 0.035, "forearm": 0.035}),
    Component("torso length", lengths={"torso": 0.035}),
    Component("hip width", lengths={"hips": 0.06}),
    Component("shoulder width", lengths={"shoulders": 0.05}),
    Component("weight", {"weight": 0.22}),
    Component("muscle", {"muscle": 0.2}),
    Component("woman or man", {"gender": -0.25}),
    Component(
        "shank and forearm against thigh and upper arm",
        lengths={"thigh": -0.015, "upper_arm": -0.015, "forearm": 0.015},
    ),
)


class People:
    """Makes people of any shape: Anny's flesh on published proportions."""

    def __init__(self, model: anny.Anny, weights: Array) -> None:
        """Measure the average person, whom everyone's proportions start from; `weights` (V, 24) are the skin's."""
        self._model, self._weights = model, weights
        self._carriers = diffused(weights, model.faces.numpy())
        _, joints = rest_person(model, weights, {})
        joints = centred_joints(joints)
        self._anny = measured(joints)

    def person(self, component: Component, amount: float) -> tuple[Array, Array]:
        """Vertices (V, 3) and joints (24, 3), the pelvis at the origin, at `amount` of one component, metres."""
        phenotypes = {name: AVERAGE[name] + amount * change for name, change in component.phenotypes.items()}
        vertices, joints = rest_person(self._model, self._weights, phenotypes)
        old = centred_joints(joints)
        grown = {name: 1 + amount * change for name, change in component.lengths.items()}
        leg, own = leg_length(old), measured(old)
        ratios = replace(
            own, **{name: getattr(own, name) * getattr(PUBLISHED, name) / getattr(self._anny, name) for name in _ALL}
        )
        longer = grown.pop("leg", 1.0)
        ratios = replace(ratios, **{name: getattr(ratios, name) / longer for name in _OVER_LEG})
        ratios = replace(ratios, **{name: getattr(ratios, name) * factor for name, factor in grown.items()})
        new = placed_joints(old, leg * longer, ratios)
        vertices = carried_flesh(vertices, self._carriers, old, new)
        return vertices - new[0], new - new[0]

    def mean_and_directions(self) -> tuple[Array, Array, Array, Array]:
        """The mean person's vertices (V, 3) and joints (24, 3), and by component (V, 3, 10) and (24, 3, 10)."""
        vertices, joints = self.person(COMPONENTS[0], 0.0)
        pairs = [(self.person(component, 1.0), self.person(component, -1.0)) for component in COMPONENTS]
        return (
            vertices,
            joints,
            np.stack([(more[0] - less[0]) / 2 for more, less in pairs], axis=-1),
            np.stack([(more[1] - less[1]) / 2 for more, less in pairs], axis=-1),
        )


_ALL: Final = ("thigh", *_OVER_LEG)


def describe(mean: Array, directions: Array, joints: Array, joint_directions: Array) -> str:
    """A table: stature and ratios of the mean person and at two units of each component."""
    rows = [f"{'component':48} {'stature':>7} {'leg':>5} " + " ".join(f"{name:>9}" for name in _ALL)]

    def row(title: str, vertices: Array, places: Array) -> str:
        ratios: Ratios = measured(places)
        figures = " ".join(f"{getattr(ratios, name):9.3f}" for name in _ALL)
        return f"{title:48} {np.ptp(vertices[:, 1]):7.3f} {leg_length(places):5.3f} {figures}"

    rows.append(row("(mean)", mean, joints))
    for k, component in enumerate(COMPONENTS):
        for amount in (2, -2):
            rows.append(
                row(
                    f"{component.name} {amount:+d}",
                    mean + amount * directions[..., k],
                    joints + amount * joint_directions[..., k],
                )
            )
    return "\n".join(rows)
