// Writes labels as PDF with three libraries of npm: black and white, fonts embedded.
//
// Usage: node documents.mjs FOLDER
//
// Each file is named after what made it. scripts/counterparts.sh installs the packages.
import { createWriteStream, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { finished } from "node:stream/promises";

const folder = process.argv[2];
if (!folder) {
  console.error("usage: node documents.mjs FOLDER");
  process.exit(2);
}
const require = createRequire(new URL("../../target/counterparts/node/", import.meta.url));
const SANS = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf";
const BARS = [2, 1, 1, 2, 3, 2, 1, 1, 2, 2, 1, 4, 1, 1, 3, 2, 1, 2, 2, 1, 1, 3, 1, 2];

{
  const PDFDocument = require("pdfkit");
  const document = new PDFDocument({ size: [288, 216], margin: 10 });
  const file = createWriteStream(`${folder}/pdfkit.pdf`);
  document.pipe(file);
  document.font(SANS).fontSize(22).text("pdfkit 4711", 15, 15);
  document.fontSize(7).text("Small print: keep away from children, 0.5 mm, 10 kg", 15, 50);
  document.moveTo(150, 80).lineTo(270, 200).lineWidth(0.3).stroke();
  document.polygon([20, 90], [100, 90], [60, 160]).fill("black");
  document.roundedRect(110, 90, 60, 60, 10).lineWidth(2).stroke("black");
  let x = 20;
  for (const [index, width] of BARS.entries()) {
    if (index % 2 === 0) document.rect(x, 170, width * 1.3, 35).fill("black");
    x += width * 1.3;
  }
  document.end();
  await finished(file);
}
{
  const { jsPDF } = require("jspdf");
  const document = new jsPDF({ unit: "mm", format: [57, 32], orientation: "landscape" });
  document.addFileToVFS("sans.ttf", readFileSync(SANS).toString("base64"));
  document.addFont("sans.ttf", "sans", "normal");
  document.setFont("sans").setFontSize(14).text("jsPDF shelf", 3, 8);
  document.setFontSize(6).text("Lot 2026-11-25 / 00017", 3, 12);
  document.setLineWidth(0.05).line(3, 14, 54, 14);
  document.setLineWidth(0.4).ellipse(45, 22, 8, 6);
  for (let index = 0; index < 20; index++) document.rect(3 + index * 1.5, 16, 0.3 + (index % 4) * 0.25, 12, "F");
  writeFileSync(`${folder}/jspdf.pdf`, Buffer.from(document.output("arraybuffer")));
}
{
  const { PDFDocument, degrees } = require("pdf-lib");
  const document = await PDFDocument.create();
  document.registerFontkit(require("@pdf-lib/fontkit"));
  const font = await document.embedFont(readFileSync(SANS), { subset: true });
  const page = document.addPage([283.46, 141.73]);
  page.drawText("pdf-lib turned", { x: 20, y: 100, size: 18, font });
  page.drawText("vertical", { x: 270, y: 20, size: 12, font, rotate: degrees(90) });
  page.drawLine({ start: { x: 20, y: 90 }, end: { x: 250, y: 90 }, thickness: 0.2 });
  page.drawRectangle({ x: 20, y: 20, width: 50.3, height: 40.7 });
  page.drawCircle({ x: 130, y: 45, size: 30, borderWidth: 1.2 });
  page.drawSvgPath("M 0 0 L 40 40 L 60 0 Z", { x: 180, y: 70 });
  // The page is shown turned, and a part of it: both must be honoured.
  page.setRotation(degrees(90));
  page.setCropBox(10, 10, 266, 120);
  writeFileSync(`${folder}/pdf-lib.pdf`, await document.save());
}
