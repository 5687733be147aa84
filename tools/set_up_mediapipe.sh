#!/usr/bin/env bash
# Make .venv-mediapipe for the benchmark: mediapipe and the heavy landmark model, which its wheel lacks
# and would download by itself; here it comes from Google's npm package of the same release.
set -euo pipefail

folder=.venv-mediapipe
tools/set_up_environment.sh "$folder" 3.11 mediapipe==0.10.21 "numpy<2" av

models=$("$folder/bin/python" -c "
import importlib.util, pathlib
print(pathlib.Path(importlib.util.find_spec('mediapipe').origin).parent / 'modules/pose_landmark')")
if ! [ -f "$models/pose_landmark_heavy.tflite" ]; then
    command -v npm >/dev/null || {
        echo "set-up: npm is missing; install it (Debian: apt-get install npm)" >&2
        exit 1
    }
    package=$(mktemp -d)
    trap 'rm -rf "$package"' EXIT
    (cd "$package" && npm pack --silent @mediapipe/pose@0.5.1675469404 >/dev/null && tar xzf ./*.tgz)
    cp "$package/package/pose_landmark_heavy.tflite" "$models/"
fi
