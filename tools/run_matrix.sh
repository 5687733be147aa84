#!/usr/bin/env bash
# Run the tests that use Blender and one capture on the supported versions of Blender, each in an environment of its own.
#   tools/run_matrix.sh [VERSION...]
# VERSION is one of tools/blender_matrix.toml; without any, all are run.
set -uo pipefail
cd "$(dirname "$0")/.."

set_up() { # FOLDER BLENDER PYTHON REQUIREMENT...
    local folder=$1 blender=$2 python=$3
    shift 3
    if [ "$folder/.ready" -nt pyproject.toml ]; then
        return 0
    fi
    tools/set_up_environment.sh "$folder" "$python" "bpy==$blender" "$@" pytest --editable . || return $?
    touch "$folder/.ready"
}

try_blender() { # FOLDER
    local python=$1/bin/python out=out/matrix/${1#.venv-}
    mkdir -p "$out"
    "$python" -m pytest -q tests/scene tests/ui tests/cli/test_commands.py tests/cli/test_character.py tests/test_architecture.py || return 1
    "$python" -m posenet3d_blender capture examples/demo_clip.mp4 \
        -o "$out/demo.fbx" -o "$out/demo.blend" -o "$out/demo.npz" || return 1
    "$python" tools/score_demo.py examples/demo_truth.npz "$out/demo.npz"
}

is_wanted() { # VERSION WANTED...
    local version=$1
    shift
    [ $# -eq 0 ] || [[ " $* " == *" $version "* ]]
}

# The table is TOML, which the interpreter of .venv can read.
interpreter=.venv/bin/python
[ -x "$interpreter" ] || interpreter=python3
matrix=$("$interpreter" tools/blender_matrix.py) || exit 1

report=""
failed=0
while read -r blender python requirements; do
    is_wanted "$blender" "$@" || continue
    folder=.venv-$blender
    echo "== Blender $blender, Python $python"
    # shellcheck disable=SC2086
    set_up "$folder" "$blender" "$python" $requirements </dev/null
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
done <<<"$matrix"

if [ -z "$report" ]; then
    echo "run_matrix: error: no such version: $*; give versions of tools/blender_matrix.toml" >&2
    exit 1
fi
echo
printf '%s' "$report"
exit $failed
