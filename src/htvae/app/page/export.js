// Taking things out: tables as CSV, pictures as PNG, plots as SVG.
import { announce, makeSvg, SVG } from "./dom.js";
import { ink } from "./theme.js";

/** @param {string} name @param {Blob} content */
export function saveFile(name, content) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name.replace(/[^\w.-]+/g, "_");
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  announce(`Saved ${link.download}`);
}

/** A cell as CSV; one that a spreadsheet would run as a formula is kept as text. @param {Cell} cell */
function writeCell(cell) {
  if (cell === null) return "";
  const text =
    typeof cell === "string" && /^[=+\-@\t\r]/.test(cell) && Number.isNaN(Number(cell))
      ? `'${cell}`
      : String(cell);
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** @param {string} name @param {string[]} columns @param {Cell[][]} rows */
export function saveRows(name, columns, rows) {
  const lines = [columns, ...rows].map((row) => row.map(writeCell).join(","));
  saveFile(name, new Blob([`${lines.join("\r\n")}\r\n`], { type: "text/csv" }));
}

/** Save canvases that lie over each other as one picture. @param {string} name
 * @param {HTMLCanvasElement[]} canvases */
export function savePicture(name, canvases) {
  const [{ width, height }] = canvases;
  const sheet = document.createElement("canvas");
  [sheet.width, sheet.height] = [width, height];
  const context = sheet.getContext("2d");
  if (!context) return;
  context.fillStyle = ink.panel;
  context.fillRect(0, 0, width, height);
  for (const canvas of canvases) context.drawImage(canvas, 0, 0);
  sheet.toBlob((content) => content && saveFile(name, content), "image/png");
}

/** Save a plot whose elements have their own colours. @param {string} name @param {SVGElement} plot */
export function saveSvg(name, plot) {
  const sheet = /** @type {SVGElement} */ (plot.cloneNode(true));
  const [, , width, height] = (sheet.getAttribute("viewBox") ?? "0 0 100 100").split(" ");
  const attributes = { xmlns: SVG, width, height, "font-family": "sans-serif" };
  for (const [key, value] of Object.entries(attributes)) sheet.setAttribute(key, value);
  sheet.prepend(makeSvg("rect", { width, height, fill: ink.panel }));
  const text = new XMLSerializer().serializeToString(sheet);
  saveFile(`${name}.svg`, new Blob([text], { type: "image/svg+xml" }));
}
