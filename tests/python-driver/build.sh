#!/usr/bin/env bash
# Builds the driver in app.py as python_driver.wasm, beside the other drivers' components.
#
# Usage: tests/python-driver/build.sh [FOLDER]
#
# Needs componentize-py, which scripts/counterparts.sh installs. Takes about ten seconds, and nothing when the component
# is newer than what it is made of.
set -euo pipefail
folder=$(realpath --canonicalize-missing "${1:-${CARGO_TARGET_DIR:-$(dirname "${BASH_SOURCE[0]}")/../../target}/wasm32-wasip2/guest}")
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

componentize=target/counterparts/venv/bin/componentize-py
out=$folder/python_driver.wasm
packages=(wit/machine wit/printing wit/label-printer)

if [ -f "$out" ] && [ -z "$(find tests/python-driver "${packages[@]}" -type f -not -name "*.pyc" -newer "$out")" ]; then
    exit 0
fi
mkdir -p "$folder"
# Written beside its place and moved, so that a run that is killed leaves no half component behind.
new=$out.$$
trap 'rm -f "$new"' EXIT
"$componentize" --quiet "${packages[@]/#/--wit-path=}" --world ostler:label-printer/driver \
    componentize --python-path tests/python-driver --output "$new" app
mv "$new" "$out"
