"""Renders ZPL with zplkit (a strict parser and renderer), an implementation independent of ours.

Usage: target/counterparts/venv/bin/python zplkit.py DPMM WIDTH_DOTS HEIGHT_DOTS [INDEX] <label.zpl >label.png

The PNG has one pixel a dot, black where the printer heats. INDEX picks a label of the stream, from 0.
zplkit rejects set-up commands it does not draw by (^MM, ^MN, ~HQ): the caller strips them.
"""

import sys

# This file has the package's name, and Python puts its folder first.
del sys.path[0]

from zplkit import Options, render  # noqa: E402
from zplkit.output import Limits as OutputLimits  # noqa: E402
from zplkit.rendering import Limits, RenderError  # noqa: E402

# What the printers are sold as; the exact figure is dots per millimetre x 25.4.
DPI = {6: 152, 8: 203, 12: 300, 24: 600}
# The library's own limits are too low for a label-sized bitmap.
LIMITS = Limits(
    input_bytes=1 << 26,
    segments=1 << 26,
    stored_graphic_segments=1 << 26,
    pixels=1 << 27,
    dimension=1 << 15,
    field_bytes=1 << 26,
    graphic_bytes=1 << 26,
)
OUTPUT_LIMITS = OutputLimits(pixels=1 << 27, segments=1 << 26, flattened_segments=1 << 26, scan_work=1 << 34)


def main() -> int:
    try:
        dpmm, width, height, *rest = (int(argument) for argument in sys.argv[1:])
        options = Options(profile="specification", width=width, height=height, dpi=DPI[dpmm])
    except (KeyError, ValueError):
        print("usage: zplkit.py DPMM WIDTH_DOTS HEIGHT_DOTS [INDEX]; DPMM is 6, 8, 12 or 24", file=sys.stderr)
        return 2
    try:
        document = render(sys.stdin.buffer.read(), options, limits=LIMITS)
    except RenderError as error:
        print(f"zplkit at byte {error.offset}: {error.message}", file=sys.stderr)
        return 1
    for warning in document.warnings:
        print(f"zplkit: {warning}", file=sys.stderr)
    index = rest[0] if rest else 0
    if index >= len(document.labels):
        print(f"the stream has {len(document.labels)} label(s)", file=sys.stderr)
        return 1
    sys.stdout.buffer.write(document.labels[index].png(limits=OUTPUT_LIMITS))
    return 0


sys.exit(main())
