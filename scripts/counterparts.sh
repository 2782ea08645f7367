#!/usr/bin/env bash
# Installs the independent programs that tests compare Ostler with, each only if it is missing:
#
#   zbarimg          reads barcodes back from a picture     Debian's zbar-tools
#   zpl-renderer-js  ZPL -> PNG                             npm, into target/counterparts/node
#   zplkit           ZPL -> PNG, strict                     PyPI, into target/counterparts/venv
#   componentize-py  builds Python drivers                  PyPI, into target/counterparts/venv
#
# What cannot be installed here is named with the command that would do it; the script then goes on, and the
# tests that need it fail or are skipped (OSTLER_ALLOW_MISSING=1).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

node_packages=(zpl-renderer-js@3.4.0)
python_packages=(zplkit==0.3.2 componentize-py==0.25.1)
scripts=tests/counterparts
dir=target/counterparts
label='^XA^PW16^LL2^FO0,0^GFA,4,4,2,FF0000FF^FS^XZ'

say() { printf 'counterparts: %s\n' "$*"; }

is_png() { [ "$(head -c 4 | tail -c 3)" = PNG ]; }

# A folder counts as installed when its stamp, written last, names these versions and this place (a venv cannot move).
stamp() { echo "$* in $PWD"; }
installed() {
    local folder=$1
    shift
    [ "$(cat "$dir/$folder/.installed" 2>/dev/null)" = "$(stamp "$@")" ]
}

zbar() {
    command -v zbarimg >/dev/null && return
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        say "installing zbar-tools"
        export DEBIAN_FRONTEND=noninteractive
        local install=(apt-get install -y -qq --no-install-recommends zbar-tools)
        "${install[@]}" >/dev/null 2>&1 || { apt-get update -qq && "${install[@]}" >/dev/null; }
    fi
    zbarimg --version >/dev/null
}

node_renderer() {
    installed node "${node_packages[@]}" && return
    say "installing ${node_packages[*]}"
    rm -rf "$dir/node"
    mkdir -p "$dir/node"
    npm install --prefix "$dir/node" --silent --no-audit --no-fund --ignore-scripts "${node_packages[@]}" </dev/null
    printf '%s' "$label" | node "$scripts/zpl-renderer-js.mjs" 8 16 2 | is_png
    stamp "${node_packages[@]}" >"$dir/node/.installed"
}

python_tools() {
    installed venv "${python_packages[@]}" && return
    say "installing ${python_packages[*]}"
    rm -rf "$dir/venv"
    python3 -m venv "$dir/venv"
    "$dir/venv/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: "${python_packages[@]}" </dev/null
    printf '%s' "$label" | "$dir/venv/bin/python" "$scripts/zplkit.py" 8 16 2 | is_png
    "$dir/venv/bin/componentize-py" --version >/dev/null
    stamp "${python_packages[@]}" >"$dir/venv/.installed"
}

# function, what to do by hand. In a shell of its own, so that its first failing command ends it.
need() {
    set +e
    (set -e; "$1")
    local status=$?
    set -e
    if [ "$status" = 0 ]; then
        return
    fi
    say "MISSING: $2" >&2
    missing=$((missing + 1))
}

mkdir -p "$dir"
exec 9>"$dir/.lock"
flock 9
missing=0
need zbar "zbarimg; as root: apt-get install zbar-tools"
need node_renderer "${node_packages[*]}; install node and npm, then run this script again"
need python_tools "${python_packages[*]}; install python3 (3.10 or newer) with venv and pip, then run this script again"
if [ "$missing" = 0 ]; then say "all there"; else say "$missing missing"; fi
