# The commands of this workspace. `just` lists them; `./justw` does the same where just is not installed.

set shell := ["bash", "-euo", "pipefail", "-c"]
set positional-arguments

# Where cargo puts things, and where the drivers' components are found.
target := env("CARGO_TARGET_DIR", justfile_directory() / "target")
wasm := "wasm32-wasip2"
components := target / wasm / "guest"

# Lint, build and test take the same packages, so that every dependency has one set of features and is built once.
native := "--workspace"

# List the recipes
[private]
default:
    @{{ just_executable() }} --justfile {{ quote(justfile()) }} --list --unsorted

# See it work: a daemon, simulated printers, drivers, machines and printed labels; --keep leaves it running
[group('run')]
demo *ARGS: build
    exec {{ quote(target / "debug/ostler") }} demo --drivers {{ quote(components) }} "$@"

# Build the `ostler` program and the drivers
[group('build')]
build: guests
    # With the tests, whose dependencies have features of their own: so `demo` and `test` build the engine once.
    cargo build {{ native }} --bins --tests

# Build the drivers as WebAssembly components, into target/wasm32-wasip2/guest
[group('build')]
guests: setup
    packages=$(scripts/guest-packages.sh); cargo build --profile guest --target {{ wasm }} $packages

# Put a plugin's folder and its components together: `just plugin plugins/scale target/plugins/scale`, or `... scale.tar.zst`
[group('build')]
plugin FOLDER OUT: guests
    OSTLER_GUESTS={{ quote(components) }} scripts/plugin.sh "$@"

# Install the wasm32-wasip2 target, if it is missing
[group('build')]
setup:
    scripts/wasm-target.sh

# Run all tests; --allow-missing skips those whose counterpart is not installed, the rest goes to `cargo test`
[group('check')]
test *ARGS: guests counterparts
    #!/usr/bin/env bash
    set -euo pipefail
    arguments=()
    for argument in "$@"; do
        if [ "$argument" = --allow-missing ]; then
            export OSTLER_ALLOW_MISSING=1
            OSTLER_SKIPPED_LIST=$(mktemp)
            export OSTLER_SKIPPED_LIST
        else
            arguments+=("$argument")
        fi
    done
    # The program that the end-to-end tests start; built together with the tests, so that both share their dependencies.
    cargo build {{ native }} --bins --tests
    cargo test {{ native }} "${arguments[@]}"
    if [ -n "${OSTLER_SKIPPED_LIST:-}" ]; then
        echo "$(wc -l <"$OSTLER_SKIPPED_LIST") skipped for want of a counterpart"
        cat "$OSTLER_SKIPPED_LIST"
        rm "$OSTLER_SKIPPED_LIST"
    fi

# Change the registry's keeper in many small ways, and see that the model-based test fails each time (needs cargo-mutants)
[group('check')]
mutants *ARGS: guests
    #!/usr/bin/env bash
    set -euo pipefail
    cargo mutants --version >/dev/null || { echo "install it first: cargo install --locked cargo-mutants" >&2; exit 1; }
    # In a copy of the sources, with the drivers from here.
    export OSTLER_GUESTS={{ quote(components) }} OSTLER_MODEL_SEQUENCES=${OSTLER_MODEL_SEQUENCES:-100} RUST_BACKTRACE=0
    cargo mutants --baseline skip --timeout 60 --output {{ quote(target) }} "$@"

# Install what tests compare with: zbarimg, two independent ZPL renderers, componentize-py, a simulated scale
[group('check')]
counterparts:
    scripts/counterparts.sh

# Format all code
[group('check')]
fmt:
    cargo fmt --all

# Check that all code is formatted
[group('check')]
fmt-check:
    cargo fmt --all --check

# Clippy on everything, and on the drivers once more as WebAssembly
[group('check')]
lint: setup
    cargo clippy {{ native }} --all-targets -- -D warnings
    packages=$(scripts/guest-packages.sh); cargo clippy --profile guest --target {{ wasm }} $packages -- -D warnings

# Build the documentation; a broken link is an error (maps may name private modules)
[group('check')]
doc:
    RUSTDOCFLAGS="-D warnings -A rustdoc::private-intra-doc-links" cargo doc --no-deps {{ native }}

# Licences, advisories and sources of all dependencies, where cargo-deny is installed
[group('check')]
deny:
    @if cargo deny --version >/dev/null 2>&1; then cargo deny check; else echo "cargo-deny is not installed: cargo install cargo-deny --locked"; fi

# All that a change must pass
[group('check')]
ci: fmt-check lint doc test

# Measure every figure against its baseline in one run; names choose benchmarks: `just bench queue`
[group('measure')]
bench *ARGS: guests
    # Both at once: the daemon that is measured, and what measures it, share their dependencies.
    cargo build --release -p ostler -p ostler-bench
    exec {{ quote(target / "release/ostler-bench") }} "$@"
