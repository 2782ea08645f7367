#!/usr/bin/env bash
# Builds the driver in app.py, for the tests, as target/wasm32-wasip2/guest/python_driver.wasm.
#
# Needs componentize-py, which scripts/counterparts.sh installs; COMPONENTIZE_PY names another one. Takes about ten
# seconds, and nothing when the component is newer than what it is made of. Exit status 3: componentize-py is missing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

componentize=${COMPONENTIZE_PY:-target/counterparts/venv/bin/componentize-py}
out=${CARGO_TARGET_DIR:-target}/wasm32-wasip2/guest/python_driver.wasm
sources=(tests/python-driver wit/machine wit/printing wit/label-printer)

command -v "$componentize" >/dev/null || {
    echo "python-driver: $componentize is missing; scripts/counterparts.sh installs it" >&2
    exit 3
}
if [ -f "$out" ] && [ -z "$(find "${sources[@]}" -type f -newer "$out")" ]; then
    exit 0
fi
mkdir -p "$(dirname "$out")"
# Written beside its place and moved, so that a run that is killed leaves no half component behind.
"$componentize" --quiet --wit-path wit/machine --wit-path wit/printing --wit-path wit/label-printer \
    --world ostler:label-printer/driver \
    componentize --python-path tests/python-driver --output "$out.new" app
mv "$out.new" "$out"
