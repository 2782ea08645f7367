#!/usr/bin/env bash
# Prints a `--package` argument for each package that is a component: every folder in drivers/, tests/drivers/ and a plugin's
# drivers/. Crates further down (a driver's protocol logic) are plain Rust and not listed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

for manifest in drivers/*/Cargo.toml plugins/*/drivers/*/Cargo.toml tests/drivers/*/Cargo.toml; do
    package=$(cargo pkgid --manifest-path "$manifest")
    echo "--package=$package"
done
