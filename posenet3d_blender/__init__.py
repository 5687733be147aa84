"""PoseNet3D for Blender: from one ordinary video to an animated SMPL armature.

As a Blender extension it offers a panel and the command `blender -b -c posenet3d`; as a package, the same commands
under `python -m posenet3d_blender`. Importable without Blender.
"""


def register() -> None:
    """What Blender calls when the add-on is enabled."""
    from . import ui

    ui.register()


def unregister() -> None:
    """What Blender calls when the add-on is disabled."""
    from . import ui

    ui.unregister()
