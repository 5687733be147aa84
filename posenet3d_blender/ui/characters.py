"""The chosen characters: refused before a capture, keyed after it, and keyed again when their take is updated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import bpy

from ..errors import PoseNet3DError
from ..scene.incremental import Steps, share
from ..scene.isolated_scene import show_present_frame
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
    """Give the characters that have these people's motion the new one, in place of the action that holds it.

    Closed early, it leaves every character at the motion that it had.
    """
    former_keys = [_Former.of(person) for person in people if _has_keyed_character(person)]
    done: list[tuple[_Former, bpy.types.Action]] = []
    try:
        keyed = yield from _key_each([_key_again(scene, former, done) for former in former_keys])
    except BaseException:  # GeneratorExit too, which `close` raises here
        for former, action in reversed(done):
            former.put_back(action)
        raise
    for former, action in done:
        former.give_place(action)
    return keyed


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


def _key_again(
    scene: bpy.types.Scene, former: _Former, done: list[tuple[_Former, bpy.types.Action]]
) -> Steps[Retargeted]:
    """Key a person's character anew, beside the former action; `done` learns of it."""
    chosen = (one for one in chosen_characters(scene) if one and one.target == former.target)
    character = next(chosen, ChosenCharacter(former.target, None))
    retargeted = yield from key_character(scene, former.person, character)
    done.append((former, retargeted.action))
    return retargeted


def _has_keyed_character(person: bpy.types.Object) -> bool:
    return bool(person.posenet3d.character and person.posenet3d.character_action)


@dataclass(frozen=True)
class _Former:
    """A character's motion before it is keyed again."""

    person: bpy.types.Object
    target: bpy.types.Object
    action: bpy.types.Action
    """That holds the person's earlier motion."""
    has_fake_user: bool
    played: bpy.types.Action | None
    """Played by the character: this one or something else."""
    slot: object

    @staticmethod
    def of(person: bpy.types.Object) -> _Former:
        """That of the character that follows this person."""
        target, action = person.posenet3d.character, person.posenet3d.character_action
        animation = target.animation_data
        played, slot = (animation.action, getattr(animation, "action_slot", None)) if animation else (None, None)
        return _Former(person, target, action, action.use_fake_user, played, slot)

    def give_place(self, action: bpy.types.Action) -> None:
        """Let the new action replace the former one; a character that plays something else goes on with that."""
        plays_another = self.played != self.action
        replace_action(self.target, self.action, action)
        action.use_fake_user = self.has_fake_user
        if plays_another:
            self._play()

    def put_back(self, action: bpy.types.Action) -> None:
        """Let the character play what it did; the new action is removed."""
        self._play()
        self.person.posenet3d.character_action = self.action
        self.action.use_fake_user = self.has_fake_user
        bpy.data.actions.remove(action)
        show_present_frame([self.target])

    def _play(self) -> None:
        self.target.animation_data.action = self.played
        if self.slot:
            self.target.animation_data.action_slot = self.slot
