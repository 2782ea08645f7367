// Renders ZPL with zpl-renderer-js (the Go renderer zebrash as wasm), an implementation independent of ours.
//
// Usage: node zpl-renderer-js.mjs DPMM WIDTH_DOTS HEIGHT_DOTS [INDEX] <label.zpl >label.png
//
// The PNG has one pixel a dot, black where the printer heats. INDEX picks a label of the stream, from 0.
// scripts/counterparts.sh installs the package, into target/counterparts/node.
import { readFileSync, writeSync } from "node:fs";
import { createRequire } from "node:module";

const [dpmm, width, height, index] = process.argv.slice(2).map(Number);
if (!(dpmm > 0 && width > 0 && height > 0)) {
  console.error("usage: node zpl-renderer-js.mjs DPMM WIDTH_DOTS HEIGHT_DOTS [INDEX]");
  process.exit(2);
}

const require = createRequire(new URL("../../target/counterparts/node/", import.meta.url));
const { ready } = require("zpl-renderer-js");
const { api } = await ready;

// The library takes UTF-8 text, so binary graphics (^GFB, ^GFC) cannot pass.
const labels = await api.zplToBase64MultipleAsync(readFileSync(0, "utf8"), width / dpmm, height / dpmm, dpmm);
const label = labels[index || 0];
if (label === undefined) {
  console.error(`the stream has ${labels.length} label(s)`);
  process.exit(1);
}
// Synchronously to the end, then exit: the Go runtime inside would keep the process alive.
let rest = Buffer.from(label, "base64");
while (rest.length > 0) {
  try {
    rest = rest.subarray(writeSync(1, rest));
  } catch (error) {
    if (error.code !== "EAGAIN") throw error;
  }
}
process.exit(0);
