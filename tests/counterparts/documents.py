"""Writes labels as PDF with programs of several makers: black and white, fonts embedded, 4 x 6 inch or as named.

Usage: python documents.py FOLDER

Each file is named after what made it. scripts/counterparts.sh installs the packages, and the programs of Debian.
"""
import io
import pathlib
import subprocess
import sys

import img2pdf
import typst
from fpdf import FPDF
from PIL import Image, ImageDraw
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen import canvas

FONTS = pathlib.Path("/usr/share/fonts/truetype/dejavu")
SANS, BOLD = FONTS / "DejaVuSans.ttf", FONTS / "DejaVuSans-Bold.ttf"
# Widths of bars and gaps in modules, as in a linear code.
BARS = [2, 1, 1, 2, 3, 2, 1, 1, 2, 2, 1, 4, 1, 1, 3, 2, 1, 2, 2, 1, 1, 3, 1, 2]
LINES = [0, 0.1, 0.25, 0.5, 1, 2, 3.3]
WORDS = ["Parcel 4711", "Fragile: glass", "Qüality §42 €", "0123456789"]


def by_reportlab(path):
    pdfmetrics.registerFont(TTFont("Sans", str(SANS)))
    page = canvas.Canvas(str(path), pagesize=(101.6 * mm, 152.4 * mm))
    for number in range(2):
        for index, size in enumerate([6, 8, 10, 14, 24, 40]):
            page.setFont("Sans", size)
            page.drawString(6 * mm, (140 - 14 * index) * mm, f"{WORDS[index % 4]} {number}")
        for index, width in enumerate(LINES):
            page.setLineWidth(width)
            page.line(6 * mm, (50 - 2.3 * index) * mm, 60 * mm, (50 - 2.3 * index) * mm)
            page.line((70 + 3.7 * index) * mm, 8 * mm, (74 + 3.7 * index) * mm, 50 * mm)
        x = 6 * mm
        for index, width in enumerate(BARS):
            if index % 2 == 0:
                page.rect(x, 6 * mm, width * 0.375 * mm, 20 * mm, stroke=0, fill=1)
            x += width * 0.375 * mm
        page.setLineWidth(1.5)
        page.circle(85 * mm, 70 * mm, 9 * mm)
        page.circle(85 * mm, 70 * mm, 4 * mm, stroke=0, fill=1)
        page.showPage()
    page.save()


def by_fpdf2(path):
    page = FPDF(unit="mm", format=(62, 100))
    page.set_auto_page_break(False)
    page.add_page()
    page.add_font("Sans", fname=str(SANS))
    page.add_font("Sans", style="B", fname=str(BOLD))
    for index, word in enumerate(WORDS):
        page.set_font("Sans", style="B" if index % 2 else "", size=8 + 4 * index)
        page.text(4, 10 + 10 * index, word)
    for index, width in enumerate(LINES):
        page.set_line_width(max(width, 0.01) / 2.8)
        page.rect(4 + 2.5 * index, 50 + 2.5 * index, 54 - 5 * index, 46 - 5 * index)
    page.output(str(path))


def by_typst(path):
    source = """
    #set page(width: 100mm, height: 50mm, margin: 3mm)
    #set text(font: "DejaVu Sans Mono", size: 9pt)
    = Inventory 12-345
    #table(columns: 3, stroke: 0.3pt, [Part], [Bin], [Count], [M6x20 bolt], [A-17], [250], [Washer], [A-18], [1000])
    #place(bottom + right, circle(radius: 5mm, fill: black))
    #line(length: 60%, stroke: 0.1pt)
    $ sum_(k=1)^n k = (n (n+1)) / 2 $
    """
    path.write_bytes(typst.compile(source.encode(), format="pdf"))


def by_img2pdf(path):
    # So coarse that every raster enlarges it fourfold: below that, pdftoppm -mono (22.12) makes noise of its greys.
    picture = Image.new("1", (200, 100), 1)
    draw = ImageDraw.Draw(picture)
    for index in range(0, 100, 4):
        draw.rectangle([index * 2, 5, index * 2 + index // 4 % 5, 40], fill=0)
    draw.ellipse([10, 45, 85, 97], outline=0, width=3)
    draw.line([100, 50, 198, 97], fill=0, width=2)
    data = io.BytesIO()
    picture.save(data, "PNG")
    layout = img2pdf.get_layout_fun((img2pdf.mm_to_pt(101.6), img2pdf.mm_to_pt(50.8)))
    path.write_bytes(img2pdf.convert(data.getvalue(), layout_fun=layout))


def by_groff(path):
    source = ".fam H\n.ps 20\n.vs 24\n.sp 1c\nGoods in\n.br\n.ps 9\nShelf 17, bay 4, received 250 pieces\n.br\n\\l'8c'\n.sp\n"
    source += "\\D'l 6c 2c'\\D'c 2c'\n.sp 3c\n.ft CB\n.ps 14\nQ-2026/11\n"
    paper = ["-P-p15c,10c", "-dpaper=custom", "-P-e"]
    pdf = subprocess.run(["groff", "-T", "pdf", *paper], input=source.encode(), capture_output=True, check=True).stdout
    path.write_bytes(pdf)


def by_ghostscript(path):
    source = """%!PS
    << /PageSize [288 432] >> setpagedevice
    /Helvetica-Bold findfont 30 scalefont setfont 20 380 moveto (GHOST 12) show
    /Times-Italic findfont 14 scalefont setfont 20 350 moveto (Handle with care, this side up) show
    /Courier findfont 10 scalefont setfont 20 330 moveto (0123456789 ABCDEF) show
    0 setlinewidth 20 300 moveto 260 310 lineto stroke
    0.4 setlinewidth 20 290 moveto 260 290 lineto stroke
    2 setlinewidth [6 3] 0 setdash 20 280 moveto 260 280 lineto stroke [] 0 setdash
    0 1 40 { dup 2 mod 0 eq { dup 5.31 mul 20 add 200 3.1 60 rectfill } if pop } for
    newpath 144 110 60 0 360 arc closepath stroke  144 110 30 0 360 arc fill
    showpage
    """
    source = "%!PS\n<< /NeverEmbed [ ] >> setdistillerparams\n" + source.split("\n", 1)[1]
    # Not at its usual 720 dpi: then it writes lines ten times as wide under a scale of 0.1, and pdftoppm -mono (22.12) draws
    # these as hairlines at 203 dpi.
    command = ["gs", "-q", "-dNOPAUSE", "-dBATCH", "-r72", "-sDEVICE=pdfwrite", "-dPDFSETTINGS=/prepress"]
    command += ["-dEmbedAllFonts=true", f"-sOutputFile={path}", "-"]
    subprocess.run(command, input=source.encode(), capture_output=True, check=True)


def by_cairo(path):
    bars = "".join(f'<rect x="{10 + 3 * i}" y="150" width="{1 + i % 3 * 0.5}" height="60"/>' for i in range(60))
    lines = "".join(f'<path d="M10 {230 + 6 * i}H300" stroke="black" stroke-width="{w}"/>' for i, w in enumerate(LINES[1:]))
    svg = f"""<svg xmlns="http://www.w3.org/2000/svg" width="101.6mm" height="76.2mm" viewBox="0 0 384 288">
    <rect width="384" height="288" fill="white"/>
    <text x="10" y="40" font-family="DejaVu Sans" font-size="30">Cairo &#xB5;m</text>
    <text x="10" y="70" font-family="DejaVu Serif" font-size="12">Store dry. 1234567890</text>
    <path d="M200 100 C 250 20 350 180 370 60" fill="none" stroke="black" stroke-width="4"/>{bars}{lines}</svg>"""
    subprocess.run(["rsvg-convert", "-f", "pdf", "-o", str(path)], input=svg.encode(), check=True)


folder = pathlib.Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
for name, make in list(globals().items()):
    if name.startswith("by_"):
        make(folder / f"{name.removeprefix('by_')}.pdf")
