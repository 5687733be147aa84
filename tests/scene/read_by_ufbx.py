"""Read an FBX file by ufbx and print it as JSON: `read_by_ufbx.py FILE SECONDS…`.

A process of its own that keeps every object and ends without cleaning up: ufbx 0.0.5 frees its data too early.
"""

from __future__ import annotations

import gc
import json
import os
import sys
from typing import Any


def main(path: str, seconds: list[float]) -> None:
    """Print units, rate, range, parents, and each node's local transforms at these times."""
    import ufbx

    gc.disable()
    scene = ufbx.load_file(path)
    kept: list[Any] = [scene]
    settings, stacks, all_nodes = scene.settings, scene.anim_stacks, scene.nodes
    stack, every = stacks[0], list(all_nodes)
    anim = stack.anim
    nodes = {node.name: node for node in every if node.name}
    parents = {name: node.parent for name, node in nodes.items()}
    kept += [settings, stacks, all_nodes, stack, every, anim, nodes, parents]
    transforms: dict[str, list[list[float]]] = {name: [] for name in nodes}
    for name, node in nodes.items():
        for second in seconds:
            local = node.evaluate_transform(anim, stack.time_begin + second)
            turn, place = local.rotation, local.translation
            transforms[name].append([turn.w, turn.x, turn.y, turn.z, place.x, place.y, place.z])
            kept += [local, turn, place]
    report = {
        "unit": settings.unit_meters,
        "rate": settings.frames_per_second,
        "take": stack.name,
        "seconds": stack.time_end - stack.time_begin,
        "parents": {name: parent.name for name, parent in parents.items()},
        "transforms": transforms,
    }
    print(json.dumps(report), flush=True)
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1], [float(second) for second in sys.argv[2:]])
