#!/usr/bin/env bash
# The tests that Blender takes part in and one capture on every supported Blender, each in an environment of its own.
set -uo pipefail
cd "$(dirname "$0")/.."

# Blender, its Python, and the numpy and OpenCV that go with it.
MATRIX="
4.2.23 3.11 numpy<2   opencv-python-headless<4.12
4.5.15 3.11 numpy<2   opencv-python-headless<4.12
5.0.1  3.11 numpy<2   opencv-python-headless<4.12
5.2.3  3.13 numpy>=2.2 opencv-python-headless<5
"

set_up() { # FOLDER BLENDER PYTHON NUMPY OPENCV
    local folder=$1
    if [ "$folder/.ready" -nt pyproject.toml ]; then
        return 0
    fi
    tools/set_up_environment.sh "$folder" "$3" "bpy==$2" "$4" "$5" pytest --editable . || return $?
    touch "$folder/.ready"
}

try_blender() { # FOLDER
    local python=$1/bin/python out=out/matrix/${1#.venv-}
    mkdir -p "$out"
    "$python" -m pytest -q tests/scene tests/ui tests/cli/test_commands.py tests/test_architecture.py || return 1
    "$python" -m posenet3d_blender capture examples/demo_clip.mp4 \
        -o "$out/demo.fbx" -o "$out/demo.blend" -o "$out/demo.npz" || return 1
    "$python" tools/score_demo.py examples/demo_truth.npz "$out/demo.npz"
}

report=""
failed=0
while read -r blender python numpy opencv; do
    [ -n "$blender" ] || continue
    folder=.venv-$blender
    echo "== Blender $blender, Python $python"
    set_up "$folder" "$blender" "$python" "$numpy" "$opencv" </dev/null
    case $? in
        0)
            if try_blender "$folder" </dev/null; then
                report+="Blender $blender (Python $python): passed"$'\n'
            else
                report+="Blender $blender (Python $python): FAILED"$'\n'
                failed=1
            fi
            ;;
        3) report+="Blender $blender: not run, no Python $python here"$'\n' ;;
        *)
            report+="Blender $blender (Python $python): set-up FAILED"$'\n'
            failed=1
            ;;
    esac
done <<<"$MATRIX"

echo
printf '%s' "$report"
exit $failed
