"""`posenet3d convert MOTION.npz -o OUT`: a saved motion in other formats."""

from __future__ import annotations

import argparse

from ..body.compatibility import check_body_fits
from ..body.model import load_body
from ..motion import load_motion
from .console import Console
from .outputs import check_outputs, needs_blender
from .produce import motion_pieces, write_pieces
from .summary import Summary


def run(arguments: argparse.Namespace, console: Console) -> int:
    """The command; exit code 0."""
    check_outputs(arguments.outputs)
    motions = [load_motion(arguments.motion)]
    if any(needs_blender(path) for path in arguments.outputs):
        check_body_fits(motions[0], load_body(arguments.body))
    pieces = motion_pieces(motions, arguments.outputs, numbered=False, body_path=arguments.body, footage_path=None)
    seconds = write_pieces(pieces, console.progress)
    summary = Summary.of_motions(motions, seconds, [piece.path for piece in pieces])
    if arguments.json:
        console.say_json(summary.as_json())
    else:
        for path in summary.outputs:
            console.say(f"wrote {path}")
    return 0
