"""The task of a capture: the pipeline in a thread, then new takes in the scene, or new motion for an old one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy

from ..body.model import Body, load_body
from ..build_options import BuildOptions, SceneMatch
from ..errors import PoseNet3DError, printable
from ..motion_edit.resample import scene_start
from ..progress import Progress
from ..scene.build import build_scene_in_steps
from ..scene.incremental import Steps, share
from ..scene.markers import has_markers
from ..scene.place import Place
from ..scene.replace_take import replace_take
from ..scene.sound import add_sound
from ..scene.timeline import scene_rate
from .characters import key_people, key_people_again
from .options import OPTION_NAMES, CaptureOptions, copy_options
from .preferences import cache_folder, chosen_device, student_folder
from .results import store_result
from .settings import settings_of
from .shot_takes import SceneSettings, in_step_with_others, shots_with, show_one_after_the_other, starting_at
from .take_list import delete_take
from .takes import is_take, people_of, remember_people, scenes_of, take_of
from .task import Task
from .words import in_panel_words

if TYPE_CHECKING:
    from ..capture.pipeline import Capture, CapturedShot

Show = Callable[["Capture", Body, list[str]], Steps[list[bpy.types.Collection]]]
"""Puts a capture into the scene and gives its takes, one for each shot; adds sentences to the warnings."""


@dataclass(frozen=True)
class CaptureRequest:
    """One capture, independent of Blender's data, which an undo may replace while it runs."""

    video: Path
    settings: dict[str, Any]
    """Fields of `CaptureSettings`."""
    options: dict[str, Any]
    """Values of `CaptureOptions`, for the take to remember."""


def request_of(options: CaptureOptions, footage: str = "", person: str = "") -> CaptureRequest:
    """The capture that the options ask for; other footage and another person may be given in their place."""
    values = {name: getattr(options, name) for name in OPTION_NAMES}
    settings = options.settings() | {
        "device": chosen_device(bpy.context),
        "cache_folder": cache_folder(),
        "student": student_folder(bpy.context),
    }
    if footage:  # a file of 2D joints belongs to the panel's own footage
        values |= {"footage": footage, "keypoints": ""}
        settings["keypoints"] = None
    if person:
        settings["person"] = person
        number = {"person": "number", "person_number": int(person)} if person.isdecimal() else {"person": person}
        values |= number
    return CaptureRequest(Path(bpy.path.abspath(values["footage"])), settings, values)


def new_take_task(request: CaptureRequest, options: BuildOptions, place: Place) -> Task[tuple[Capture, Body]]:
    """Capture, and add a take for each captured shot to the scene of a place."""

    def show(capture: Capture, body: Body, hints: list[str]) -> Steps[list[bpy.types.Collection]]:
        return (yield from _add_takes(capture, body, hints, options, place))

    return _task("Capture", request, show)


def update_task(request: CaptureRequest, take: bpy.types.Collection) -> Task[tuple[Capture, Body]]:
    """Capture again, and give the take the new motion."""
    uid, name = take.session_uid, take.name

    def show(capture: Capture, body: Body, hints: list[str]) -> Steps[list[bpy.types.Collection]]:
        present = next((one for one in bpy.data.collections if one.session_uid == uid), None)
        if present is None or not is_take(present):
            raise PoseNet3DError(f"{name}: this take is not in the file any more; capture it again")
        return [(yield from _replace(present, capture, body, hints))]

    return _task("Update", request, show)


def summary(take: bpy.types.Collection) -> str:
    """One line that tells what was captured."""
    people = people_of(take)
    count = "1 person" if len(people) == 1 else f"{len(people)} people"
    hint = "; the PoseNet3D tab has warnings" if take_of(take).warnings else ""
    return f"Captured {count}, {max(person.posenet3d.frames for person in people)} frames{hint}"


def _task(title: str, request: CaptureRequest, show_capture: Show) -> Task[tuple[Capture, Body]]:
    def work(progress: Progress) -> tuple[Capture, Body]:
        from ..capture.pipeline import CaptureSettings, capture_video

        settings = CaptureSettings(**request.settings)
        return capture_video(request.video, settings, progress), load_body(settings.body)

    def show(result: tuple[Capture, Body]) -> Steps[None]:
        capture, body = result
        hints: list[str] = []
        takes = yield from show_capture(capture, body, hints)
        for number, take in enumerate(takes, start=1):
            options = request.options
            if options["shots"] == "all":
                options = options | {"shots": "number", "shot": number}
            _remember(take, options, capture, [*capture.warnings, *hints])

    return Task(title, work, show)


def _add_takes(
    capture: Capture, body: Body, hints: list[str], options: BuildOptions, place: Place
) -> Steps[list[bpy.types.Collection]]:
    """Add a take for each shot, in step with one another; closed early, it takes back those that are done."""
    before = SceneSettings.of(place.find()[0])
    # In one scene all start where the first does.
    start = scene_start(capture.shots[0].motions)
    shots = [starting_at(shot, start) for shot in capture.shots]
    takes: list[bpy.types.Collection] = []
    try:
        for number, shot in enumerate(shots, start=1):
            name = f"_shot{number}" if len(shots) > 1 else ""
            # One camera for all, the first: the scene has room for no more. One sound for all too, but last.
            match = options.match if number == 1 else replace(options.match, camera=False)
            own = replace(options, match=match, sound=False)
            steps = _add_take(shot, capture, name, body, hints, own, place)
            takes.append((yield from share(steps, number - 1, len(shots))))
        if len(takes) > 1:
            show_one_after_the_other(takes, takes)
        for take in takes:
            take_of(take).is_one_of_several = len(takes) > 1
        scene, _ = place.find()
        if options.sound:  # not before the takes are complete: a cancelled capture leaves no strip
            last_frame = max(take_of(take).last_frame for take in takes)
            add_sound(scene, capture.footage.background, start, (options.first_frame, last_frame))
    except BaseException:  # GeneratorExit too, which `close` raises here
        for take in takes:
            delete_take(take)
        before.restore(place.find()[0])
        raise
    settings_of(scene).take = takes[-1]
    return takes


def _add_take(
    shot: CapturedShot,
    capture: Capture,
    suffix: str,
    body: Body,
    hints: list[str],
    options: BuildOptions,
    place: Place,
) -> Steps[bpy.types.Collection]:
    background = replace(capture.footage.background, name=capture.footage.background.name + suffix)
    armatures = yield from build_scene_in_steps(shot.motions, body, background, hints.append, options, place)
    # Looked up here: an undo while the thread worked would invalidate earlier references.
    scene, _ = place.find()
    take = armatures[0].users_collection[0]
    _store_results(scene, take, armatures, shot, options)
    try:
        hints += (yield from key_people(scene, armatures)).sentences
    except PoseNet3DError as error:
        hints.append(str(error))
    except BaseException:  # GeneratorExit too, which `close` raises here
        delete_take(take)
        raise
    return take


def _replace(take: bpy.types.Collection, capture: Capture, body: Body, hints: list[str]) -> Steps[bpy.types.Collection]:
    scene, remembered = next(scenes_of(take), bpy.context.scene), take_of(take)
    old_range = remembered.first_frame, remembered.last_frame
    people = people_of(take)
    options = BuildOptions(
        match=SceneMatch.nothing(),
        first_frame=remembered.first_frame,
        markers=any(has_markers(scene, person.name) for person in people),
        root=remembered.root,
        rest=remembered.rest,
        heading=remembered.heading,
        body_parts=remembered.body_parts,
    )
    place = Place(scene.session_uid, scene.collection.session_uid)
    shot = in_step_with_others(capture.shots[0], take)
    build = build_scene_in_steps(shot.motions, body, capture.footage.background, hints.append, options, place)
    actions = [person.posenet3d.action for person in people]

    def follow(kept: Sequence[bpy.types.Object]) -> Steps[None]:
        hints.extend((yield from key_people_again(scene, kept)).sentences)

    armatures, camera = yield from replace_take(scene, take, people, actions, remembered.camera, build, follow)
    remembered.camera = camera
    _store_results(scene, take, armatures, shot, options)
    if remembered.is_one_of_several:
        show_one_after_the_other([take], shots_with(scene, take))
    if (scene.frame_start, scene.frame_end) == old_range:
        scene.frame_start, scene.frame_end = remembered.first_frame, remembered.last_frame
    return take


def _store_results(
    scene: bpy.types.Scene,
    take: bpy.types.Collection,
    armatures: Sequence[bpy.types.Object],
    shot: CapturedShot,
    options: BuildOptions,
) -> None:
    for armature, motion in zip(armatures, shot.motions, strict=True):
        store_result(armature, motion)
    remember_people(take, armatures)
    remembered = take_of(take)
    remembered.is_take = True
    remembered.rate = scene_rate(scene)
    remembered.first_frame = options.first_frame
    remembered.last_frame = max(round(armature.posenet3d.action.frame_range[1]) for armature in armatures)
    remembered.image_size = scene.render.resolution_x, scene.render.resolution_y
    remembered.camera = remembered.camera or next((part for part in take.objects if part.type == "CAMERA"), None)
    remembered.root, remembered.rest, remembered.heading = options.root, options.rest, options.heading
    remembered.body_parts = options.body_parts


def _remember(take: bpy.types.Collection, options: dict[str, Any], capture: Capture, warnings: Sequence[str]) -> None:
    """Store on the take how it was captured."""
    # Imported late: enabling the add-on must not load the capture's packages.
    from ..capture.runtime.network import ran_on

    remembered = take_of(take)
    for name, value in options.items():
        setattr(remembered, name, value)
    copy_options(remembered, remembered.captured)
    remembered.ran_on = ran_on(capture.device, capture.backend)
    remembered.warnings = "\n".join(in_panel_words(printable(warning)) for warning in warnings)
