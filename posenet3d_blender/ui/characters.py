"""The chosen characters: refused before a capture, keyed after it, and keyed again when their take is updated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import bpy

from ..errors import PoseNet3DError
from ..scene.incremental import Steps, share
from ..scene.replace_take import replace_action
from ..scene.retarget.check_target import check_target
from ..scene.retarget.retarget import Retargeted, retarget_in_steps
from .character_settings import ChosenCharacter, chosen_characters, retarget_settings


@dataclass
class KeyedCharacters:
    """Outcome for several characters."""

    actions: list[bpy.types.Action] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    """Sentences where something is doubtful."""
    failures: list[str] = field(default_factory=list)
    """One line for each character that could not be keyed."""

    @property
    def sentences(self) -> list[str]:
        """All that the user should know."""
        return self.failures + self.warnings


def check_chosen(scene: bpy.types.Scene) -> None:
    """Check the chosen characters before a capture.

    Raises:
        PoseNet3DError: one is unsuitable; one line with the reason.
    """
    for character in chosen_characters(scene):
        if character:
            check_target(character.target, character.bone_map, scene)


def key_character(scene: bpy.types.Scene, person: bpy.types.Object, character: ChosenCharacter) -> Steps[Retargeted]:
    """Retarget a captured person's motion to a character by the panel's choices; the person remembers it.

    Raises:
        PoseNet3DError: the character is unsuitable.
    """
    settings = retarget_settings(scene)
    retargeted = yield from retarget_in_steps(
        person, character.target, character.bone_map, settings.choices, settings.tolerance, scene
    )
    person.posenet3d.character, person.posenet3d.character_action = character.target, retargeted.action
    return retargeted


def key_people(scene: bpy.types.Scene, people: Sequence[bpy.types.Object]) -> Steps[KeyedCharacters]:
    """Retarget each captured person to the character that is chosen for them; people without one are left out."""
    pairs = zip(people, chosen_characters(scene), strict=False)
    return _key_each([key_character(scene, person, character) for person, character in pairs if character])


def key_people_again(scene: bpy.types.Scene, people: Sequence[bpy.types.Object]) -> Steps[KeyedCharacters]:
    """Give the characters that have these people's motion the new one, in place of the action that holds it."""
    keyed = [person for person in people if person.posenet3d.character and person.posenet3d.character_action]
    return _key_each([_key_again(scene, person) for person in keyed])


def _key_each(keyings: Sequence[Steps[Retargeted]]) -> Steps[KeyedCharacters]:
    """Key one after the other; a failure does not stop the next."""
    keyed = KeyedCharacters()
    for number, keying in enumerate(keyings):
        try:
            retargeted = yield from share(keying, number, len(keyings))
        except PoseNet3DError as error:
            keyed.failures.append(str(error))
        else:
            keyed.actions.append(retargeted.action)
            keyed.warnings += retargeted.warnings
    return keyed


def _key_again(scene: bpy.types.Scene, person: bpy.types.Object) -> Steps[Retargeted]:
    target, former = person.posenet3d.character, person.posenet3d.character_action
    chosen = (one for one in chosen_characters(scene) if one and one.target == target)
    character = next(chosen, ChosenCharacter(target, None))
    animation = target.animation_data
    present, slot = (animation.action, getattr(animation, "action_slot", None)) if animation else (None, None)
    is_playing, has_fake_user = present == former, former.use_fake_user
    retargeted = yield from key_character(scene, person, character)
    replace_action(target, former, retargeted.action)
    retargeted.action.use_fake_user = has_fake_user
    if not is_playing:  # the character plays something else now, and goes on with it
        target.animation_data.action = present
        if slot:
            target.animation_data.action_slot = slot
    return retargeted
