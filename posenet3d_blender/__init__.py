"""PoseNet3D for Blender: from one ordinary video to an animated SMPL armature.

As a Blender extension it offers a panel and the command `blender -b -c posenet3d`; as a package, the same commands
under `python -m posenet3d_blender`. Importable without Blender.
"""


def register() -> None:
    """Register the add-on; Blender calls this when it is enabled."""
    from . import ui

    ui.register()


def unregister() -> None:
    """Unregister the add-on; Blender calls this when it is disabled."""
    from . import ui

    ui.unregister()
