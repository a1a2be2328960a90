// The curve of a filled landmark: what was there, what the model and a straight line make of it, the band.
import { report } from "./data.js";
import { make, makeSvg } from "./dom.js";
import { saveSvg } from "./export.js";
import { filledColour } from "./filled.js";
import { ink } from "./theme.js";
import { toTime } from "./timebase.js";

/** @typedef {import("./filled.js").Filled} Filled */
const CURVE = { width: 408, height: 150, left: 34, right: 8, top: 8, bottom: 20 };
/** The curve that is shown, and what moves its playhead.
 * @type {{ svg: SVGElement | null, head: SVGElement | null, name: string, toX: (i: number) => number }} */
const shownCurve = { svg: null, head: null, name: "", toX: () => 0 };

/** Values of a coordinate in torso lengths, NaN where the recording lacks the point.
 * @param {Filled} filled @param {number} landmark @param {number} axis */
function readSeries({ clip, hidden, linear, low, high }, landmark, axis) {
  const { count, landmarks, coordinates, scale, reconstruction, recording, seen } = clip;
  const places = Array.from({ length: count }, (_, i) => i * landmarks + landmark);
  const at = (/** @type {Int16Array | null} */ values, /** @type {number} */ place) =>
    values ? values[place * coordinates + axis] * scale : NaN;
  const made = places.map((place) => at(reconstruction, place));
  const apart = (/** @type {Int16Array | null} */ values) =>
    places.map((place, i) => made[i] + at(values, place));
  return {
    made,
    hidden: places.map((place) => hidden[place] > 0),
    truth: places.map((place) => (seen?.[place] ? at(recording, place) : NaN)),
    linear: apart(linear),
    low: apart(low),
    high: apart(high),
  };
}

/** A path through points, broken where one is missing. @param {[number, number][]} points */
function pathThrough(points) {
  let isDown = false;
  let path = "";
  for (const [x, y] of points) {
    const isHere = !Number.isNaN(y);
    if (isHere) path += `${isDown ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`;
    isDown = isHere;
  }
  return path;
}

/** @param {number} x @param {number} y @param {string} text @param {string} anchor */
function label(x, y, text, anchor) {
  const element = makeSvg("text", { x, y, "text-anchor": anchor, fill: ink.soft, "font-size": 11 });
  element.textContent = text;
  return element;
}

/** What the lines are, beside a piece of each. @param {boolean} hasBand */
function makeKey(hasBand) {
  const kinds = /** @type {[string, string, string][]} */ ([
    ["recording", ink.ink, "solid"],
    [hasBand ? "model, 90 % band" : "model", filledColour(), "solid"],
    ["linear interpolation", ink.faint, "dashed"],
  ]);
  return make(
    "div",
    "curve-key soft",
    ...kinds.map(([name, colour, style]) => {
      const line = make("i", "curve-line");
      line.style.borderTop = `2px ${style} ${colour}`;
      return make("span", "", line, name);
    }),
  );
}

/** Where values lie in the picture. @param {number} count @param {number[]} values */
function makeScales(count, values) {
  const { width, height, left, right, top, bottom } = CURVE;
  const known = values.filter((value) => !Number.isNaN(value));
  const [least, most] = [Math.min(...known), Math.max(...known)];
  const inner = height - top - bottom;
  return {
    least,
    most,
    toX: (/** @type {number} */ i) => left + ((width - left - right) * i) / Math.max(count - 1, 1),
    toY: (/** @type {number} */ value) =>
      height - bottom - (inner * (value - least)) / Math.max(most - least, 1e-6),
  };
}

/** @param {Completion} info @param {number} i pose */
function timeOf({ recording, shown, rate }, i) {
  const { fps } = report.recordings[recording];
  const time = toTime(recording, shown[0]) + i / rate;
  return fps ? `${time.toFixed(1)} s` : String(Math.round(time));
}

/** @param {Completion} info @param {Filled} filled @param {{ landmark: number, axis: number }} what */
export function makeCurve(info, filled, { landmark, axis }) {
  const { width, height, left, right, top, bottom } = CURVE;
  const series = readSeries(filled, landmark, axis);
  const { made, truth, linear, low, high } = series;
  const [first, last] = [series.hidden.indexOf(true), series.hidden.lastIndexOf(true)];
  const { least, most, toX, toY } = makeScales(info.count, [made, truth, linear, low, high].flat());
  /** Points of a line; `edge` poses beside the hidden ones belong to it, or all where it is infinite.
   * @param {number[]} values @param {number} edge @returns {[number, number][]} */
  const points = (values, edge) =>
    values.map((value, i) => [toX(i), i >= first - edge && i <= last + edge ? toY(value) : NaN]);
  const stroke = (/** @type {[number, number][]} */ path, /** @type {string} */ colour, extra = {}) =>
    makeSvg("path", { d: pathThrough(path), fill: "none", stroke: colour, "stroke-width": 2, ...extra });
  const inHole = (/** @type {number[]} */ values) => points(values, 1).filter(([, y]) => !Number.isNaN(y));
  const band = pathThrough([...inHole(low), ...inHole(high).reverse()]);
  const head = makeSvg("line", { x1: left, x2: left, y1: 2, y2: height - bottom, stroke: ink.soft });
  const hole = { x: toX(first), width: toX(last) - toX(first), y: top, height: height - top - bottom };
  const svg = makeSvg(
    "svg",
    { viewBox: `0 0 ${width} ${height}`, class: "curve", role: "img" },
    makeSvg("rect", { ...hole, fill: ink.line, opacity: 0.55 }),
    makeSvg("path", { d: band, fill: filledColour(), opacity: 0.25 }),
    stroke(points(linear, 1), ink.faint, { "stroke-dasharray": "5 4" }),
    stroke(points(truth, Infinity), ink.ink, { "stroke-width": 1.5 }),
    stroke(points(made, 1), filledColour()),
    label(left - 4, top + 9, most.toFixed(1), "end"),
    label(left - 4, height - bottom, least.toFixed(1), "end"),
    label(left, height - 5, timeOf(info, 0), "start"),
    label((left + width - right) / 2, height - 5, "hidden where shaded", "middle"),
    label(width - right, height - 5, timeOf(info, info.count - 1), "end"),
    head,
  );
  const name = report.body.landmarks[landmark];
  svg.setAttribute("aria-label", `${name}: recording, model${band ? " with its 90 % band" : ""}, line`);
  Object.assign(shownCurve, { svg, head, toX, name: `completion_${name}` });
  return make("div", "", svg, makeKey(Boolean(band)));
}

/** Move the playhead. @param {number} position among the poses */
export function moveCurve(position) {
  const x = shownCurve.toX(position).toFixed(1);
  shownCurve.head?.setAttribute("x1", x);
  shownCurve.head?.setAttribute("x2", x);
}

export function saveCurve() {
  if (shownCurve.svg) saveSvg(shownCurve.name, shownCurve.svg);
}
