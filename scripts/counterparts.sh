#!/usr/bin/env bash
# Installs the independent programs that tests compare Ostler with, each only if it is missing:
#
#   zbarimg          reads barcodes back from a picture     Debian's zbar-tools
#   pdftoppm         PDF -> PBM                             Debian's poppler-utils
#   lprint, CUPS     print on the simulated printer         Debian's lprint, cups, cups-ppdc; iproute2 for their network
#   zstd             packs plugins into archives            Debian's zstd
#   Chromium         shows the page                         Debian's chromium, chromium-driver
#   axe-core         looks for what keeps people from       npm, into target/counterparts/axe
#                    using the page
#   zpl-renderer-js  ZPL -> PNG                             npm, into target/counterparts/node
#   zplkit           ZPL -> PNG, strict                     PyPI, into target/counterparts/venv
#   labelize         ZPL and EPL2 -> PNG                    cargo, into target/counterparts/cargo
#   zxing-cpp        reads barcodes back from a picture     PyPI, into target/counterparts/venv
#   componentize-py  builds Python drivers                  PyPI, into target/counterparts/venv
#   WeasyPrint       HTML -> PDF, for labels as InvenTree   PyPI, into target/counterparts/weasyprint; Debian's libpango*,
#                    has them; with segno, python-barcode   libharfbuzz-subset0
#   schemathesis     asks an API all that its OpenAPI       PyPI, into target/counterparts/schemathesis
#                    document allows
#   prometheus       reads metrics                          PyPI (prometheus-client), into target/counterparts/prometheus
#   emupos           a simulated scale                      PyPI, into target/counterparts/emupos; needs Python 3.13
#   documents        PDFs of ten makers, to be rendered     made here into target/counterparts/documents, by packages
#                                                           of Debian, npm and PyPI
#
# What cannot be installed here is named with the command that would do it; the script then goes on, and the
# tests that need it fail or are skipped (OSTLER_ALLOW_MISSING=1).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

debian_packages=(zbar-tools poppler-utils ghostscript groff librsvg2-bin fonts-dejavu-core lprint cups cups-ppdc iproute2 zstd
    chromium chromium-driver libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0)
node_packages=(zpl-renderer-js@3.4.0 pdfkit@0.20.2 jspdf@4.2.1 pdf-lib@1.17.1 @pdf-lib/fontkit@1.1.1)
python_packages=(zplkit==0.3.2 componentize-py==0.25.1 reportlab==5.1.0 fpdf2==2.8.9 typst==0.15.2 img2pdf==0.6.3 zxing-cpp==3.1.1 pillow==13.0.0)
weasyprint_packages=(weasyprint==70.0 segno==1.6.6 python-barcode==0.16.1)
schemathesis=4.32.5
axe=4.14.1
prometheus_packages=(prometheus-client==0.26.0)
labelize=1.10.0
emupos=0.4.0
scripts=tests/counterparts
service_policy=/usr/sbin/policy-rc.d
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

debian() {
    local missing
    # dpkg-query fails when it has never heard of one of them.
    missing=$({ dpkg-query -W -f '${db:Status-Status} ${Package}\n' "${debian_packages[@]}" 2>/dev/null || true; } |
        sed -n 's/^installed //p' | sort | comm -13 - <(printf '%s\n' "${debian_packages[@]}" | sort))
    [ -n "$missing" ] || return 0
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        say "installing" $missing
        export DEBIAN_FRONTEND=noninteractive
        # shellcheck disable=SC2206  # one word a package
        local install=(apt-get install -y -qq --no-install-recommends $missing)
        # Tests start what they need; no service of Debian's is to run because of them.
        if [ ! -e "$service_policy" ]; then
            printf '#!/bin/sh\nexit 101\n' >"$service_policy"
            chmod +x "$service_policy"
            trap 'rm -f "$service_policy"' EXIT
        fi
        "${install[@]}" >/dev/null 2>&1 || { apt-get update -qq && "${install[@]}" >/dev/null; }
    else
        false
    fi
}

# A folder of its own with a Python and these packages, or with these packages of npm.
python_with() {
    local folder=$1
    shift
    say "installing $*"
    rm -rf "${dir:?}/$folder"
    python3 -m venv "$dir/$folder"
    "$dir/$folder/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: "$@" </dev/null
}
node_with() {
    local folder=$1
    shift
    say "installing $*"
    rm -rf "${dir:?}/$folder"
    mkdir -p "$dir/$folder"
    npm install --prefix "$dir/$folder" --silent --no-audit --no-fund --ignore-scripts "$@" </dev/null
}

node_renderer() {
    installed node "${node_packages[@]}" && return
    node_with node "${node_packages[@]}"
    printf '%s' "$label" | node "$scripts/zpl-renderer-js.mjs" 8 16 2 | is_png
    stamp "${node_packages[@]}" >"$dir/node/.installed"
}

python_tools() {
    installed venv "${python_packages[@]}" && return
    python_with venv "${python_packages[@]}"
    printf '%s' "$label" | "$dir/venv/bin/python" "$scripts/zplkit.py" 8 16 2 | is_png
    "$dir/venv/bin/componentize-py" --version >/dev/null
    "$dir/venv/bin/python" "$scripts/zxing.py"
    stamp "${python_packages[@]}" >"$dir/venv/.installed"
}

# In a folder of its own, so that its many packages come into no other's way.
html_labels() {
    installed weasyprint "${weasyprint_packages[@]}" && return
    python_with weasyprint "${weasyprint_packages[@]}"
    # Without a label it says its version, once all of its libraries are loaded.
    [ "$(echo version | "$dir/weasyprint/bin/python" "$scripts/labels.py" /dev/null)" = "${weasyprint_packages[0]#*==}" ]
    stamp "${weasyprint_packages[@]}" >"$dir/weasyprint/.installed"
}

api_tester() {
    installed schemathesis "schemathesis==$schemathesis" && return
    python_with schemathesis "schemathesis==$schemathesis"
    "$dir/schemathesis/bin/schemathesis" --version >/dev/null
    stamp "schemathesis==$schemathesis" >"$dir/schemathesis/.installed"
}

accessibility() {
    installed axe "axe-core@$axe" && return
    node_with axe "axe-core@$axe"
    [ -s "$dir/axe/node_modules/axe-core/axe.min.js" ]
    stamp "axe-core@$axe" >"$dir/axe/.installed"
}

# In a folder of its own, so that another version of it leaves the others as they are.
metrics_reader() {
    installed prometheus "${prometheus_packages[@]}" && return
    python_with prometheus "${prometheus_packages[@]}"
    [ "$(printf '# TYPE a counter\na_total 1\n# EOF\n' | "$dir/prometheus/bin/python" "$scripts/openmetrics.py" | head -c 9)" = '[{"name":' ]
    stamp "${prometheus_packages[@]}" >"$dir/prometheus/.installed"
}

# Built from source, some minutes; without debug information, and beside our own target folder.
labelize() {
    installed cargo "labelize $labelize" && return
    say "building labelize $labelize"
    CARGO_TARGET_DIR=$dir/cargo-build cargo install labelize --version "$labelize" --features cli --locked --quiet \
        --root "$dir/cargo" </dev/null
    rm -rf "$dir/cargo-build"
    stamp "labelize $labelize" >"$dir/cargo/.installed"
}

# A Python that emupos runs on: 3.13 or newer.
python_of_emupos() {
    local python
    for python in python3.{20..13} python3 "${PYENV_ROOT:-${HOME:-}/.pyenv}"/versions/3.*/bin/python3; do
        if command -v "$python" >/dev/null && "$python" -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 13))' 2>/dev/null; then
            echo "$python"
            return
        fi
    done
    say "emupos needs Python 3.13 or newer; python3 is $(python3 --version 2>&1 || echo missing)" >&2
    return 1
}

# In a folder of its own, because its Python is another one.
simulated_scale() {
    installed emupos "emupos==$emupos" && return
    local python
    python=$(python_of_emupos)
    say "installing emupos $emupos for $python"
    rm -rf "$dir/emupos"
    "$python" -m venv "$dir/emupos"
    "$dir/emupos/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: "emupos==$emupos" </dev/null
    "$dir/emupos/bin/emupos" --version | grep -qxF "emupos $emupos"
    stamp "emupos==$emupos" >"$dir/emupos/.installed"
}

documents() {
    installed documents "${node_packages[@]}" "${python_packages[@]}" "$(cat "$scripts"/documents.* | sha256sum)" && return
    say "making documents"
    rm -rf "$dir/documents"
    "$dir/venv/bin/python" "$scripts/documents.py" "$dir/documents"
    node "$scripts/documents.mjs" "$dir/documents"
    stamp "${node_packages[@]}" "${python_packages[@]}" "$(cat "$scripts"/documents.* | sha256sum)" >"$dir/documents/.installed"
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
need debian "programs of Debian; as root: apt-get install ${debian_packages[*]}"
need node_renderer "${node_packages[*]}; install node and npm, then run this script again"
need python_tools "${python_packages[*]}; install python3 (3.10 or newer) with venv and pip, then run this script again"
need html_labels "${weasyprint_packages[*]}; install python3 (3.10 or newer) with venv and pip, then run this script again"
need accessibility "axe-core@$axe; install node and npm, then run this script again"
need metrics_reader "${prometheus_packages[*]}; install python3 (3.10 or newer) with venv and pip, then run this script again"
need labelize "labelize; with cargo: cargo install labelize --version $labelize --features cli --root $dir/cargo"
need simulated_scale "emupos; install Python 3.13 or newer with venv (pyenv install 3.13, or Debian's python3.13-venv), then run this script again"
need api_tester "schemathesis==$schemathesis; install python3 (3.10 or newer) with venv and pip, then run this script again"
need documents "the documents of tests/counterparts/documents.*, which need all of the above"
if [ "$missing" = 0 ]; then say "all there"; else say "$missing missing"; fi
