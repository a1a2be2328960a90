// Tables of shares and effects as pictures to take out: SVG whose elements have their own colours.
import { makeButton, makeSvg } from "./dom.js";
import { saveSvg } from "./export.js";
import { ink, mixColours } from "./theme.js";

const CELL = { width: 62, height: 22 };
const LETTER = 6.4;

/** @param {string} text @param {number} x @param {number} y @param {"start" | "middle" | "end"} anchor
 * @param {string} [fill] */
function write(text, x, y, anchor, fill = ink.soft) {
  const element = makeSvg("text", { x, y, fill, "text-anchor": anchor, "font-size": 12 });
  element.textContent = text;
  return element;
}

/** @param {string[]} names */
const widest = (names) => 16 + LETTER * Math.max(0, ...names.map((name) => name.length));

/** A table of shares whose cells are the darker the larger they are; see `makeHeat`.
 * @param {string[]} columns @param {string[]} rows @param {number[][]} values
 * @param {(value: number) => string} say @param {string} corner */
export function drawHeat(columns, rows, values, say, corner) {
  const most = Math.max(1e-9, ...values.flat());
  const left = widest([corner, ...rows]);
  const width = Math.max(CELL.width, widest(columns));
  const svg = makeSvg("svg", {
    viewBox: `0 0 ${left + width * columns.length + 8} ${CELL.height * (rows.length + 1) + 10}`,
  });
  svg.append(write(corner, 6, 18, "start"));
  columns.forEach((name, k) => svg.append(write(name, left + width * (k + 0.5), 18, "middle")));
  rows.forEach((name, i) => {
    const y = CELL.height * (i + 1) + 4;
    svg.append(write(name, 6, y + 15, "start", ink.ink));
    values[i].forEach((value, k) => {
      const place = { x: left + width * k, y, width: width - 2, height: CELL.height - 2, rx: 3 };
      svg.append(
        makeSvg("rect", { ...place, fill: mixColours(ink.well, ink.accent, (0.42 * value) / most) }),
      );
      svg.append(write(say(value), left + width * (k + 0.5), y + 15, "middle", ink.ink));
    });
  });
  return svg;
}

/** Effects with their intervals on one axis. @param {GroupRow[]} rows @param {number} reach */
export function drawEffects(rows, reach) {
  const names = rows.map(({ measure, between }) => `${measure} (${between})`);
  const [left, width] = [widest(names), 260];
  const toX = (/** @type {number} */ value) =>
    left + (width * (Math.max(-reach, Math.min(reach, value)) + reach)) / (2 * reach);
  const bottom = CELL.height * rows.length + 8;
  const svg = makeSvg("svg", { viewBox: `0 0 ${left + width + 24} ${bottom + 24}` });
  const line = (/** @type {Record<string, string | number>} */ attributes) =>
    svg.append(makeSvg("line", attributes));
  line({ x1: toX(0), x2: toX(0), y1: 4, y2: bottom, stroke: ink.line });
  rows.forEach(({ effect, low, high, q }, i) => {
    const y = CELL.height * (i + 0.5) + 6;
    const colour = q !== null && q < 0.05 ? ink.accent : ink.soft;
    svg.append(write(names[i], 6, y + 4, "start", ink.ink));
    if (low !== null && high !== null)
      line({ x1: toX(low), x2: toX(high), y1: y, y2: y, stroke: colour, "stroke-width": 2 });
    if (effect !== null) svg.append(makeSvg("circle", { cx: toX(effect), cy: y, r: 4.5, fill: colour }));
  });
  for (const value of [-reach, 0, reach])
    svg.append(write(String(Number(value.toPrecision(2))), toX(value), bottom + 16, "middle"));
  return svg;
}

/** A button that saves a plot. @param {string} name @param {() => SVGElement} draw */
export function makeSaver(name, draw) {
  const button = makeButton("SVG", () => saveSvg(name, draw()));
  button.title = "Save the plot as SVG";
  return button;
}
