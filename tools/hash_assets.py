"""Write the manifest of the shipped assets: the SHA-256 of each file, which `posenet3d doctor` verifies.

Run it after an asset has changed:  python tools/hash_assets.py
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

ASSETS = Path(__file__).parents[1] / "posenet3d_blender" / "assets"
MANIFEST = ASSETS / "manifest.json"
TEXT_ENDINGS = (".md", ".txt")


def asset_hashes() -> dict[str, str]:
    """{path under assets: sha256} of every file but the manifest and texts."""
    files = [
        path for path in ASSETS.rglob("*") if path.is_file() and path != MANIFEST and path.suffix not in TEXT_ENDINGS
    ]
    return {
        path.relative_to(ASSETS).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(files)
    }


if __name__ == "__main__":
    MANIFEST.write_text(json.dumps(asset_hashes(), indent=2) + "\n", encoding="utf-8")
    print(f"wrote {MANIFEST}")
