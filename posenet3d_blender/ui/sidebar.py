"""Place of our panels: a tab in the 3D view's sidebar."""

from __future__ import annotations

import textwrap
from typing import Final

import bpy

TAB: Final = "PoseNet3D"
_PIXELS_PER_LETTER: Final = 7
"""At a UI scale of 1."""


class SidebarTab:
    """Base of our panels."""

    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = TAB

    @staticmethod
    def draw_text(layout: bpy.types.UILayout, context: bpy.types.Context, text: str, icon: str) -> None:
        """Draw a text wrapped to the sidebar's width."""
        letters = int(context.region.width / (_PIXELS_PER_LETTER * context.preferences.system.ui_scale)) - 6
        column = layout.column(align=True)
        for number, line in enumerate(textwrap.wrap(text, max(letters, 12))):
            column.label(text=line, icon=icon if number == 0 else "BLANK1")
