#!/usr/bin/env bash
# Assembles a plugin, so that `ostler plugin install OUT` can take it.
#
# Usage: scripts/plugin.sh FOLDER OUT
#
# FOLDER has an ostler-plugin.toml; what that names goes to OUT, and nothing else: of each type its .wit files and
# machine-type.toml, and of each driver `NAME.wasm` the component that was built from FOLDER/drivers/NAME. An OUT that ends
# in .tar.zst becomes an archive, with the manifest at its root. An OUT that exists is replaced, if it is a plugin.
#
# Build the components first: `just guests`. OSTLER_GUESTS names their folder when it is not the usual one.
set -euo pipefail

fail() {
    printf 'plugin: %s\n' "$*" >&2
    exit 1
}

[ $# = 2 ] || { echo "usage: $0 FOLDER OUT" >&2; exit 2; }
folder=${1%/} out=${2%/}
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
guests=${OSTLER_GUESTS:-${CARGO_TARGET_DIR:-$root/target}/wasm32-wasip2/guest}
manifest=$folder/ostler-plugin.toml
[ -f "$manifest" ] || fail "$manifest is missing: is $folder a plugin?"

# The texts of a list in the manifest, one a line. Lists stand on one line each.
list() {
    sed -nE "s/^$1 *= *\[(.*)\].*/\1/p" "$manifest" | tr ',' '\n' | sed -nE 's/^ *"([^"]+)" *$/\1/p'
}

# A name of the manifest must stay below the folder.
inside() {
    case "/$1/" in
        //* | */../*) fail "$manifest: '$1' is not a path below its folder" ;;
    esac
}

if [ -e "$out" ]; then
    case $out in
        *.tar.zst) [ -f "$out" ] || fail "$out exists and is no file" ;;
        *) [ -f "$out/ostler-plugin.toml" ] || fail "$out exists and is no plugin; remove it, or choose another place" ;;
    esac
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
new=$work/plugin
mkdir "$new"
cp "$manifest" "$new/"

for type in $(list types); do
    inside "$type"
    [ -f "$folder/$type/machine-type.toml" ] || fail "$folder/$type/machine-type.toml is missing"
    mkdir -p "$new/$type"
    cp "$folder/$type"/*.wit "$folder/$type/machine-type.toml" "$new/$type/"
done

for driver in $(list drivers); do
    inside "$driver"
    crate=$folder/drivers/$(basename "$driver" .wasm)/Cargo.toml
    [ -f "$crate" ] || fail "$crate is missing: $driver is built from it"
    package=$(sed -nE '0,/^name *= *"([^"]+)".*/s//\1/p' "$crate")
    component=$guests/${package//-/_}.wasm
    [ -f "$component" ] || fail "$component is missing: run \`just guests\`, or name its folder in OSTLER_GUESTS"
    mkdir -p "$(dirname "$new/$driver")"
    cp "$component" "$new/$driver"
done

case $out in
    *.tar.zst)
        command -v zstd >/dev/null || fail "zstd is not installed; on Debian: apt-get install zstd"
        # The same content makes the same archive.
        (cd "$new" && find . -type f -printf '%P\n' | LC_ALL=C sort) |
            tar --create --directory "$new" --files-from=- --mtime=@0 --owner=0 --group=0 --numeric-owner |
            zstd --quiet -19 >"$work/archive"
        mv "$work/archive" "$out"
        ;;
    *)
        rm -rf "$out"
        mkdir -p "$(dirname "$out")"
        mv "$new" "$out"
        ;;
esac
echo "plugin: $out"
