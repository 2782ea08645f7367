#!/usr/bin/env bash
# Makes `wasm32-wasip2` a target of the rustc in use, std included. Drivers are built for it.
#
# Usage: scripts/wasm-target.sh [--from-source]
#
# In this order, and only as far as needed:
#   1. the target links a program already: done;
#   2. rustup downloads it (skipped by --from-source, and where rustc is not rustup's active one);
#   3. the standard library is built from Debian's packages rust-src (of rustc's own version) and wasi-libc,
#      about half a minute. apt reads the mirror from the machine's own configuration and checks Debian's
#      signatures; its lists and cache stay in a private folder. No root is needed.
#
# RUSTC and RUSTUP_TOOLCHAIN are honoured. A run that is killed leaves the toolchain as it was: everything
# is made in a work folder and moved into place by one rename. A second run waits for the first.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." # where the workspace's choice of toolchain holds

target=wasm32-wasip2
rustup_seconds=20
# Where Debian keeps compilers newer than its releases' own, and the wasi-libc that fits them.
suites=(trixie-backports bookworm-backports)
# The wasi-libc of this suite is the one that was tried with the toolchains below; any other is the second choice.
wasi_libc_suite=bookworm-backports
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

say() { printf 'wasm-target: %s\n' "$*"; }
fail() {
    say "$*" >&2
    say "by hand, where rustup's server answers: rustup target add $target" >&2
    exit 1
}

from_source=no
case "${1:-}" in
    --from-source) from_source=yes ;;
    '') ;;
    *) echo "usage: $0 [--from-source]" >&2; exit 2 ;;
esac

rustc=${RUSTC:-rustc}
version=$("$rustc" -vV | sed -n 's/^release: //p')
sysroot=$("$rustc" --print sysroot)
rustlib=$sysroot/lib/rustlib
work=$rustlib/.$target.work

# Links a program that uses std: a target that is half there, or of another rustc, does not pass.
links() {
    local out status=0
    out=$(mktemp -d)
    echo 'fn main() { println!("{:?}", std::time::SystemTime::now()); }' |
        "$rustc" --edition 2024 --target "$target" -o "$out/probe.wasm" - || status=1
    rm -rf "$out"
    return "$status"
}

try_rustup() {
    local active
    command -v rustup >/dev/null || { say "no rustup here"; return 1; }
    active=$(rustup which rustc 2>/dev/null) || { say "rustup has no active toolchain"; return 1; }
    if [ "$("$active" --print sysroot)" != "$sysroot" ]; then
        say "$rustc is not rustup's active rustc, so rustup would change another toolchain"
        return 1
    fi
    say "asking rustup (at most $rustup_seconds s)"
    RUST_BACKTRACE=0 timeout "$rustup_seconds" rustup target add "$target" </dev/null 2>&1 | sed 's/^/wasm-target:   rustup: /'
}

# The private apt of the work folder; the machine's own lists and packages are never touched.
private_apt() {
    local tool=$1
    shift
    "$tool" -qq \
        -o Dir::State::Lists="$work/apt/lists" -o Dir::Cache="$work/apt/cache" \
        -o Dir::Etc::SourceList="$work/apt/debian.sources" -o Dir::Etc::SourceParts=/dev/null \
        -o APT::Sandbox::User="$(id -un)" -o Acquire::Languages=none "$@"
}

# The Debian mirror this machine uses, as apt itself understands its configuration.
mirror() {
    local codename
    # shellcheck source=/dev/null
    codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
    # shellcheck disable=SC2016  # the $(...) are apt's
    apt-get indextargets --no-release-info --format '$(CREATED_BY) $(COMPONENT) $(RELEASE) $(REPO_URI)' |
        awk -v code="$codename" '$1 == "Packages" && $2 == "main" && ($3 == code || $3 ~ /^(old)?stable$/) { print $4; exit }'
}

# package -> its versions on offer, best first: those of the given suite, then the others.
versions() {
    private_apt apt-cache madison "$1" |
        awk -F'|' -v suite="${2:-.}" '{ gsub(/ /, "", $2); if (index($3, suite)) print $2; else rest = rest $2 "\n" } END { printf "%s", rest }'
}

# package, version -> $work/<package>, unpacked.
unpack() {
    say "fetching $1 $2"
    mkdir -p "$work/$1"
    (cd "$work/$1" && private_apt apt-get download "$1=$2") || fail "apt could not download $1 $2"
    dpkg-deb -x "$work/$1"/*.deb "$work/$1"
}

build_std() {
    local uri suite rust_src='' wasi_libc=''
    if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
        fail "no apt here to take Debian's sources with"
    fi
    [ -r "$keyring" ] || fail "$keyring is missing (package debian-archive-keyring), so Debian's signatures cannot be checked"
    uri=$(mirror)
    [ -n "$uri" ] || fail "apt's configuration names no Debian mirror"

    mkdir -p "$work"/apt/{lists/partial,cache/archives/partial}
    for suite in "${suites[@]}"; do
        printf 'Types: deb\nURIs: %s\nSuites: %s\nComponents: main\nSigned-By: %s\n\n' "$uri" "$suite" "$keyring"
    done >"$work/apt/debian.sources"
    say "reading ${suites[*]} from the machine's Debian mirror"
    private_apt apt-get update || say "apt could not read all of them"

    rust_src=$(versions rust-src | grep -m1 "^${version//./\\.}[+-]") ||
        fail "Debian has no rust-src $version now; it has: $(versions rust-src | tr '\n' ' ')"
    wasi_libc=$(versions wasi-libc "$wasi_libc_suite" | sed -n 1p)
    [ -n "$wasi_libc" ] || fail "Debian has no wasi-libc now"
    unpack rust-src "$rust_src"
    unpack wasi-libc "$wasi_libc"
    local libc=$work/wasi-libc/usr/lib/$target
    [ -f "$libc/libc.a" ] || fail "wasi-libc $wasi_libc has no $target part"

    say "building std $version for $target"
    cp -rL "$work/rust-src/usr/src/rustc-$version/library" "$work/library"
    (
        # From here on the toolchain's own programs: in this folder rustup might choose another one.
        cd "$work/library"
        unset CARGO_BUILD_TARGET RUSTC_WRAPPER RUSTC_WORKSPACE_WRAPPER
        export RUSTC_BOOTSTRAP=1 __CARGO_DEFAULT_LIB_METADATA=stablestd CARGO_TARGET_DIR="$work/build"
        RUSTC=$(command -v "$sysroot/bin/rustc" "$rustc" | sed -n 1p)
        CARGO_ENCODED_RUSTFLAGS=$(printf '%s\037%s\037%s' -Zforce-unstable-if-unmarked -Cembed-bitcode=yes "-Lnative=$libc")
        export RUSTC CARGO_ENCODED_RUSTFLAGS
        "$(command -v "$sysroot/bin/cargo" cargo | sed -n 1p)" build --quiet --release --target "$target" \
            --manifest-path sysroot/Cargo.toml --features panic-unwind,backtrace </dev/null
    ) || fail "the standard library did not build"

    mkdir -p "$work/new/lib/self-contained"
    cp "$work/build/$target"/release/deps/*.rlib "$work/new/lib/"
    cp "$libc"/* "$work/new/lib/self-contained/"
    if [ -e "$rustlib/$target" ]; then
        say "putting aside a $target that does not link"
        mv "$rustlib/$target" "$work/old"
    fi
    mv -T "$work/new" "$rustlib/$target"
}

if links 2>/dev/null; then
    say "$target is there ($sysroot)"
    exit 0
fi

[ -w "$rustlib" ] || fail "$rustlib is not writable"
exec 9<"$rustlib"
flock -n 9 || { say "waiting for another run"; flock 9; }
rm -rf "$work" # of a run that was killed
if links 2>/dev/null; then
    say "$target is there ($sysroot)"
    exit 0
fi

say "$target is missing in $sysroot"
if [ "$from_source" = no ] && try_rustup && links 2>/dev/null; then
    say "installed by rustup"
    exit 0
fi
trap 'rm -rf "$work"' EXIT
build_std
links || fail "the standard library was built, but does not link"
say "installed from Debian's sources; to undo: rm -r $rustlib/$target"
