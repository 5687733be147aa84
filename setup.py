"""The version of the package, which stands in addon_manifest.toml alone; everything else is in pyproject.toml."""

import tomllib
from pathlib import Path

from setuptools import setup

manifest = tomllib.loads(Path(__file__).with_name("addon_manifest.toml").read_text(encoding="utf-8"))
setup(version=manifest["version"])
