"""Renders labels as InvenTree does: HTML by WeasyPrint to PDF, and a process of pdftoppm that makes dots of it.

Usage: target/counterparts/weasyprint/bin/python labels.py LABEL.HTML

Each line of standard input is a request, and is answered with a line:

codes [ROW, ...]   takes rows, objects in JSON of the texts in the HTML, and draws their codes; answers how many
labels             renders these rows, one after the other; answers with the milliseconds of each as a list in JSON
keep FILE          writes the last one as PNG; answers its size in dots, as 812 x 1218
version            answers which WeasyPrint it is
"""

import base64
import html
import io
import json
import pathlib
import string
import subprocess
import sys
import time

import segno
from barcode.codex import Code128
from PIL import Image
from weasyprint import HTML, __version__
from weasyprint.text.fonts import FontConfiguration

# Of the device, and as many of them as modules of codes have.
DPI = 203
QR_DOTS = 6
BAR_DOTS = 3
# Around a QR code, and beside bars.
QR_QUIET = 4
BAR_QUIET = 10


def url(png):
    return "data:image/png;base64," + base64.b64encode(png).decode()


def mm(modules, dots):
    return modules * dots / DPI * 25.4


def qr(data):
    code = segno.make_qr(data, error="m", boost_error=False)
    png = io.BytesIO()
    code.save(png, kind="png", scale=1, border=QR_QUIET)
    return url(png.getvalue()), mm(code.symbol_size(border=QR_QUIET)[0], QR_DOTS)


def bars(data):
    modules = "0" * BAR_QUIET + Code128(data).build()[0] + "0" * BAR_QUIET
    picture = Image.new("1", (len(modules), 1))
    picture.putdata([255 * (module == "0") for module in modules])
    png = io.BytesIO()
    picture.save(png, "PNG")
    return url(png.getvalue()), mm(len(modules), BAR_DOTS)


class Labels:
    def __init__(self, file):
        self.html = string.Template(pathlib.Path(file).read_text())
        # Once, and not with each label.
        self.fonts = FontConfiguration()
        self.rows = []
        self.last = b""

    def codes(self, rows):
        self.rows = []
        for row in rows:
            (square, qr_width), (lines, bars_width) = qr(row["link"]), bars(row["shipment"])
            texts = {name: html.escape(text) for name, text in row.items()}
            codes = {"qr": square, "qr_width": qr_width, "bars": lines, "bars_width": bars_width}
            self.rows.append({**texts, **codes, "bars_half": bars_width / 2})
        return len(self.rows)

    def labels(self):
        times = []
        for row in self.rows:
            begin = time.perf_counter()
            pdf = HTML(string=self.html.substitute(row)).write_pdf(font_config=self.fonts)
            command = ["pdftoppm", "-mono", "-r", str(DPI), "-"]
            self.last = subprocess.run(command, input=pdf, stdout=subprocess.PIPE, check=True).stdout
            times.append((time.perf_counter() - begin) * 1e3)
        return json.dumps(times)

    def keep(self, file):
        picture = Image.open(io.BytesIO(self.last))
        picture.save(file)
        return "{} x {}".format(*picture.size)


def main():
    labels = Labels(sys.argv[1])
    for line in sys.stdin:
        request, _, rest = line.rstrip("\n").partition(" ")
        match request:
            case "codes":
                answer = labels.codes(json.loads(rest))
            case "labels":
                answer = labels.labels()
            case "keep":
                answer = labels.keep(rest)
            case "version":
                answer = __version__
            case _:
                sys.exit(f"labels.py: there is no request {request!r}")
        print(answer, flush=True)


if __name__ == "__main__":
    main()
