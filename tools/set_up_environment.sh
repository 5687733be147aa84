#!/usr/bin/env bash
# Make or update a virtual environment that can import Blender.
#   tools/set_up_environment.sh FOLDER PYTHON_VERSION REQUIREMENT...
# Exits 3 when no such Python is found. Quick when nothing is missing.
set -euo pipefail

folder=$1
version=$2
shift 2

# Shared libraries that the bpy wheel links to but does not carry.
BLENDER_LIBRARIES="libxi6 libxkbcommon0 libsm6 libice6 libgl1 libegl1 libxxf86vm1 libxfixes3 libxrender1 libxext6 libgomp1"

is_wanted_python() {
    "$1" -c "import sys; sys.exit('%d.%d' % sys.version_info[:2] != '$version')" >/dev/null 2>&1
}

find_python() {
    local candidate
    for candidate in "${PYTHON:-}" "python$version" "/usr/bin/python$version" "/usr/local/bin/python$version" \
        "${PYENV_ROOT:-$HOME/.pyenv}"/versions/"$version"*/bin/python python3 python; do
        if [ -n "$candidate" ] && is_wanted_python "$candidate"; then
            echo "$candidate"
            return
        fi
    done
    return 1
}

install_system_packages() {
    local as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        # Only on the machines of continuous integration: nobody's own system is changed unasked.
        if [ -z "${CI:-}" ] || ! sudo -n true 2>/dev/null; then
            echo "set-up: system packages are missing; run: sudo apt-get install $*" >&2
            exit 1
        fi
        as_root=(sudo -n)
    fi
    command -v apt-get >/dev/null || {
        echo "set-up: system packages are missing; install what Debian calls $*" >&2
        exit 1
    }
    echo "set-up: installing system packages: $*"
    "${as_root[@]}" apt-get update -qq
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

if ! [ -x "$folder/bin/python" ]; then
    python=$(find_python) || {
        echo "set-up: no Python $version found for $folder; install python$version or set PYTHON=/path/to/python$version" >&2
        exit 3
    }
    echo "set-up: $folder with $("$python" --version)"
    "$python" -c "import ensurepip, venv" 2>/dev/null || install_system_packages "python$version-venv"
    "$python" -m venv "$folder"
fi

echo "set-up: installing into $folder: $*"
"$folder/bin/python" -m pip install -qq --disable-pip-version-check "$@"

if "$folder/bin/python" -m pip show --quiet bpy 2>/dev/null && ! "$folder/bin/python" -c "import bpy" >/dev/null 2>&1; then
    # shellcheck disable=SC2086
    install_system_packages $BLENDER_LIBRARIES
    "$folder/bin/python" -c "import bpy"
fi
