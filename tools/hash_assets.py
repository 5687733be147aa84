"""Write the manifest of the shipped assets: each file's SHA-256, which `posenet3d doctor` holds them to.

Run after an asset is made anew:  python tools/hash_assets.py
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

ASSETS = Path(__file__).parents[1] / "posenet3d_blender" / "assets"
MANIFEST = ASSETS / "manifest.json"
PROSE = (".md", ".txt")


def asset_hashes() -> dict[str, str]:
    """{path under assets: sha256} of every file but the manifest and prose."""
    files = [path for path in ASSETS.rglob("*") if path.is_file() and path != MANIFEST and path.suffix not in PROSE]
    return {
        path.relative_to(ASSETS).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(files)
    }


if __name__ == "__main__":
    MANIFEST.write_text(json.dumps(asset_hashes(), indent=2) + "\n", encoding="utf-8")
    print(f"wrote {MANIFEST}")
