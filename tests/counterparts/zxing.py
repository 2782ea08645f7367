"""What the codes in pictures say, by zxing-cpp: for each file a line of JSON with its name and its codes."""

import json
import sys

import zxingcpp
from PIL import Image

for name in sys.argv[1:]:
    codes = zxingcpp.read_barcodes(Image.open(name).convert("L"))
    found = [{"format": code.format.name, "text": code.text, "turned": code.orientation} for code in codes]
    print(json.dumps({"file": name, "codes": found}))
