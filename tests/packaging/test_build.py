"""The add-on's package: what is in it, that it is always the same, and that Blender takes it."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

import build_addon
from tools.addon import extension
from tools.addon.blender_releases import RELEASES
from tools.addon.documentation import without_dead_links
from tools.addon.wheels import PackagingError, Wheel, fetch, sha256_of

CHECKOUT = Path(__file__).parents[2]
TINY_WHEELS = ("here-1.0-cp311-cp311-manylinux_2_28_x86_64.whl", "there-1.0-cp311-abi3-manylinux_2_28_x86_64.whl")
OLD, NEW = RELEASES
SYSTEMS = {("Linux", "x86_64"): "linux-x64", ("Windows", "AMD64"): "windows-x64", ("Darwin", "arm64"): "macos-arm64"}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The checkout without the networks, which take seconds to compress, and with what a developer leaves about."""
    folder = tmp_path_factory.mktemp("project")
    shutil.copytree(
        CHECKOUT / "posenet3d_blender",
        folder / "posenet3d_blender",
        ignore=shutil.ignore_patterns("*.onnx", "__pycache__"),
    )
    for name in ("addon_manifest.toml", "LICENSE"):
        shutil.copyfile(CHECKOUT / name, folder / name)
    for name in ("__pycache__/motion.cpython-311.pyc", "notes.txt", ".scratch.py", "assets/.DS_Store", "body/old.py~"):
        path = folder / "posenet3d_blender" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("left about")
    return folder


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("wheels")
    paths = [folder / name for name in TINY_WHEELS]
    for path in paths:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("here/__init__.py", "")
    return paths


@pytest.fixture(scope="module")
def package(project: Path, wheels: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("bpy")  # brings the builder
    return build_addon.build_package("linux-x64", OLD, wheels, tmp_path_factory.mktemp("built"), project)


def test_the_manifest_is_the_one_of_the_project_and_names_platform_and_wheels(package: Path) -> None:
    metadata = tomllib.loads((CHECKOUT / "addon_manifest.toml").read_text(encoding="utf-8"))
    with zipfile.ZipFile(package) as archive:
        manifest = tomllib.loads(archive.read("blender_manifest.toml").decode("utf-8"))
    assert manifest.pop("platforms") == ["linux-x64"]
    assert manifest.pop("wheels") == [f"./wheels/{name}" for name in TINY_WHEELS]
    assert manifest.pop("blender_version_max") == "5.1.0"
    assert manifest == metadata
    assert package.name == f"posenet3d_blender-{metadata['version']}-linux-x64-blender4.2.zip"


def test_the_zips_cover_every_blender_from_the_manifests_oldest_on_without_overlap() -> None:
    metadata = tomllib.loads((CHECKOUT / "addon_manifest.toml").read_text(encoding="utf-8"))
    entries = [releases.manifest_entries() for releases in RELEASES]
    assert entries[0]["blender_version_min"] == metadata["blender_version_min"]
    limits = [(entry["blender_version_min"], entry.get("blender_version_max")) for entry in entries]
    assert [end for _, end in limits[:-1]] == [first for first, _ in limits[1:]]
    assert limits[-1][1] is None


def test_the_manifest_keeps_the_terms_of_blenders_extensions_platform() -> None:
    metadata = tomllib.loads((CHECKOUT / "addon_manifest.toml").read_text(encoding="utf-8"))
    assert "blender" not in f"{metadata['name']} {metadata['id']}".lower()
    assert metadata["website"].startswith("https://")
    assert len(metadata["tagline"]) <= 64
    assert not metadata["tagline"].endswith(".")
    for reason in metadata["permissions"].values():
        assert 0 < len(reason) <= 64
        assert not reason.endswith(".")


def test_the_version_stands_in_the_manifest_alone() -> None:
    pytest.importorskip("setuptools")
    metadata = tomllib.loads((CHECKOUT / "addon_manifest.toml").read_text(encoding="utf-8"))
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    command = [sys.executable, "setup.py", "--quiet", "--version"]
    printed = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=True).stdout
    assert printed.split()[-1] == metadata["version"]
    assert "version" not in project


def test_code_assets_wheels_and_licence_go_in_and_nothing_else(package: Path, project: Path) -> None:
    with zipfile.ZipFile(package) as archive:
        names = set(archive.namelist())
    folder = project / "posenet3d_blender"
    code = {path.relative_to(folder).as_posix() for path in folder.rglob("[!.]*.py")}
    carried = {f"wheels/{name}" for name in TINY_WHEELS}
    rest = names - code - carried - {"LICENSE", "blender_manifest.toml"}
    assert code | carried < names
    assert {name.split("/")[0] for name in rest} == {"assets"}
    assert {
        "assets/manifest.json",
        "assets/body/body_smpl24.npz",
        "assets/body/body_smpl24_fingers.npz",
        "assets/body/README.md",
        "assets/blazepose/LICENSE.txt",
    } <= rest
    assert not [name for name in names if "/." in f"/{name}" or "__pycache__" in name]


def test_every_asset_of_the_checkout_ships() -> None:
    shipped = {name for _, name in build_addon.shipped_files(CHECKOUT)}
    assets = json.loads((CHECKOUT / "posenet3d_blender" / "assets" / "manifest.json").read_text(encoding="utf-8"))
    assert {f"assets/{name}" for name in assets} <= shipped


def test_pictures_and_pages_that_the_shipped_documentation_shows_ship() -> None:
    shipped = {name for _, name in build_addon.shipped_files(CHECKOUT)}
    pages = [name for name in shipped if name.startswith("docs/") and name.endswith(".md")]
    assert {"docs/first-capture.md", "docs/characters/rigify.md"} <= set(pages)
    for page in pages:
        for link in re.findall(r"\]\(([^)#:]+)", (CHECKOUT / page).read_text(encoding="utf-8")):
            target = os.path.normpath(Path(page).parent / link)
            assert target in shipped or not target.startswith("docs"), f"{page}: {link}"


def test_links_of_the_documentation_that_leave_the_zip_become_text() -> None:
    page = "[the README](../../README.md#commands), [hands](../hands.md#fingers), ![a hand](../hand.png), [a site](https://a.b/c)"
    assert without_dead_links(page, "docs/characters/rigify.md", {"docs/hands.md"}) == page.replace(
        "[the README](../../README.md#commands)", "the README"
    )


def test_the_same_input_gives_the_same_bytes_whenever_it_is_built(
    package: Path, project: Path, wheels: list[Path], tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(project, elsewhere)
    for path in elsewhere.rglob("*.py"):
        os.utime(path, (1_000_000_000, 1_000_000_000))
        path.chmod(0o600)
    again = build_addon.build_package("linux-x64", OLD, wheels[::-1], tmp_path / "built", elsewhere)
    assert sha256_of(again) == sha256_of(package)
    assert list((tmp_path / "built").iterdir()) == [again]


def test_what_blender_refuses_is_not_built(project: Path, tmp_path: Path) -> None:
    pytest.importorskip("bpy")
    shutil.copytree(project, tmp_path / "project")
    manifest = tmp_path / "project" / "addon_manifest.toml"
    manifest.write_text(manifest.read_text().replace('"Animation"', '"No such tag"'))
    with pytest.raises(PackagingError, match="No such tag"):
        build_addon.build_package("linux-x64", OLD, [], tmp_path / "built", tmp_path / "project")
    assert not list((tmp_path / "built").iterdir())


def test_without_a_blender_one_line_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(extension.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(extension.shutil, "which", lambda name: None)
    monkeypatch.setattr(build_addon, "read_lock", list)
    assert build_addon.main(["--platform", "linux-x64", "--output-dir", str(tmp_path)]) == 1
    assert capsys.readouterr().err.startswith("build_addon: error: no Blender to build with; ")
    assert not list(tmp_path.iterdir())


def test_each_zip_carries_every_package_once() -> None:
    for name in build_addon.PLATFORMS:
        for releases in RELEASES:
            wheels = build_addon.wheels_for(name, releases)
            carried = sorted(wheel.requirement.partition("==")[0].lower() for wheel in wheels)
            runtime = "onnxruntime-directml" if name == "windows-x64" else "onnxruntime"
            assert carried == ["av", runtime, "opencv-python-headless", "scipy"]


def test_a_wheel_that_is_not_the_pinned_one_is_refused(wheels: list[Path]) -> None:
    wheel = Wheel(wheels[0].name, "here==1.0", "linux-x64", ("3.11",), "0" * 64)
    with pytest.raises(PackagingError, match=r"not the file that wheels\.toml pins"):
        fetch(wheel, wheels[0].parent)


def test_a_wheel_that_can_not_be_had_is_left_out_with_a_warning(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tools.addon.wheels.download", lambda *arguments: "no connection")
    monkeypatch.setattr(build_addon, "WHEEL_CACHE", tmp_path / "cache")
    built_with: list[list[Path]] = []

    def build_package(name: str, releases: object, wheels: list[Path], folder: Path) -> Path:
        built_with.append(wheels)
        return Path(__file__)

    monkeypatch.setattr(build_addon, "build_package", build_package)
    assert build_addon.main(["--platform", "macos-arm64", "--output-dir", str(tmp_path)]) == 0
    assert built_with == [[], []]
    warnings = capsys.readouterr().err.splitlines()
    assert len(warnings) == sum(len(build_addon.wheels_for("macos-arm64", releases)) for releases in RELEASES)
    assert all(
        "can't be downloaded and is left out: on macos-arm64, Blender with Python 3.1" in line for line in warnings
    )


@pytest.fixture(scope="module")
def real_package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The zip for this machine's Blender, with all its wheels."""
    bpy = pytest.importorskip("bpy")
    name = SYSTEMS.get((platform.system(), platform.machine()))
    if name is None:
        pytest.skip(f"no add-on is built for {platform.system()} on {platform.machine()}")
    build_addon.WHEEL_CACHE.mkdir(parents=True, exist_ok=True)
    releases = NEW if bpy.app.version >= (5, 1, 0) else OLD
    wheels = [fetch(wheel, build_addon.WHEEL_CACHE) for wheel in build_addon.wheels_for(name, releases)]
    if None in wheels:
        pytest.skip("the add-on's wheels can't be fetched here")
    return build_addon.build_package(name, releases, [path for path in wheels if path], tmp_path_factory.mktemp("real"))


def link_blender_alone(folder: Path) -> None:
    """Put the bpy package and what it requires into `folder`, and nothing else that is installed here."""
    pending, names = ["bpy"], set()
    while pending:
        name = pending.pop()
        if name in names:
            continue
        names.add(name)
        package = importlib.metadata.distribution(name)
        for part in {file.parts[0] for file in package.files or ()} - {"..", "__pycache__"}:
            if not (folder / part).exists():
                (folder / part).symlink_to(str(package.locate_file(part)))
        pending += [re.split(r"[^\w.-]", text)[0] for text in package.requires or () if "extra ==" not in text]


def test_blender_installs_enables_captures_with_and_removes_it(
    real_package: Path, demo_clip: Path, tmp_path: Path
) -> None:
    packages = tmp_path / "packages"
    packages.mkdir()
    link_blender_alone(packages)
    user_folder = tmp_path / "user"
    user_folder.mkdir()
    run = subprocess.run(
        [sys.executable, "-S", "-P", str(Path(__file__).with_name("install_lifecycle.py")), real_package, demo_clip],
        cwd=tmp_path,
        env=os.environ | {"BLENDER_USER_RESOURCES": str(user_folder), "PYTHONPATH": str(packages)},
        capture_output=True,
        text=True,
        check=True,
    )
    seen = json.loads(run.stdout.splitlines()[-1])
    assert seen["enabled"]
    assert not seen["heavy_modules_after_enabling"]
    assert (seen["keyed_bones"], seen["frames"]) == (25 + 30, 131)  # SMPL with a root, and fingers
    assert all(file.startswith(str(user_folder)) for file in seen["modules"].values()), seen["modules"]
    assert not seen["enabled_after_disabling"]
    assert seen["enabled_again"]
    assert not seen["enabled_after_removing"]
    assert not seen["traces_in_blender"]
    assert not seen["files_left"]
