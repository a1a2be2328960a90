// The lanes of the timeline: how each is drawn.
import { activityColour, labelColour, quietMotifColour } from "./colours.js";
import { report } from "./data.js";
import { fromX, toX } from "./layout.js";
import { drawLooks } from "./looks.js";
import { state } from "./state.js";
import { ink, inkOn } from "./theme.js";
import { activityName, endOf, hasSeconds, motifName, secondsText, toFrame, toTime } from "./timebase.js";

/** @typedef {import("./layout.js").Lane} Lane */
/** @typedef {import("./layout.js").Layout} Layout */

/** @param {CanvasRenderingContext2D} context @param {Layout} layout @param {number} height
 * @param {Lanes | null} lanes */
export function drawLanes(context, layout, height, lanes) {
  context.font = "12px system-ui, sans-serif";
  context.textBaseline = "middle";
  for (const lane of layout.lanes) {
    context.textAlign = "right";
    context.fillStyle = ink.soft;
    const name = lane.kind === "ruler" ? (hasSeconds(state.recording) ? "seconds" : "frames") : lane.kind;
    context.fillText(name, layout.left - 8, lane.y + lane.height / 2);
  }
  context.save();
  context.beginPath();
  context.rect(layout.left, 0, layout.width, height);
  context.clip();
  const [ruler] = layout.lanes;
  drawGrid(context, layout, height);
  for (const lane of layout.lanes) {
    if (lane.kind === "label") drawLabels(context, layout, lane);
    else if (lane.kind === "motif") drawMotifs(context, layout, lane);
    else if (lane.kind === "activity") drawActivities(context, layout, lane);
    else if (lane.kind === "looked at") drawLooks(context, lane, (frame) => toX(layout, frame));
    else if (lane !== ruler && lanes) drawCurve(context, layout, lane, lanes);
  }
  context.restore();
  drawRuler(context, layout, ruler);
}

/** Round times that fit the width. @param {Layout} layout */
function ticks(layout) {
  const { recording } = state;
  const [from, to] = [toTime(recording, layout.from), toTime(recording, layout.to)];
  const rough = ((to - from) * 68) / layout.width;
  const steps = hasSeconds(recording)
    ? [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600]
    : [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 50000];
  const step = steps.find((one) => one >= rough) ?? rough;
  const found = [];
  for (let k = Math.ceil(from / step - 1e-9); k * step <= to + 1e-9; k++) found.push(k * step);
  return { found, step };
}

/** @param {CanvasRenderingContext2D} context @param {Layout} layout @param {number} height */
function drawGrid(context, layout, height) {
  context.fillStyle = ink.line;
  for (const time of ticks(layout).found) {
    context.fillRect(Math.round(toX(layout, toFrame(state.recording, time))), 18, 1, height - 18);
  }
}

/** @param {CanvasRenderingContext2D} context @param {Layout} layout @param {Lane} lane */
function drawRuler(context, layout, lane) {
  const { found, step } = ticks(layout);
  context.fillStyle = ink.soft;
  context.textAlign = "center";
  for (const time of found) {
    const x = toX(layout, toFrame(state.recording, time));
    if (x > layout.left + layout.width - 8) continue;
    const isShort = !hasSeconds(state.recording) || time < 60;
    const text = isShort
      ? String(Number(time.toFixed(1)))
      : secondsText(time, step < 1 ? 1 : 0).replace(" s", "");
    context.fillText(text, x, lane.y + lane.height / 2);
  }
}

/** Stretches of labels or activities, each in its colour with its name.
 * @param {CanvasRenderingContext2D} context @param {Layout} layout @param {Lane} lane
 * @param {ClassSpan[]} spans @param {(index: number) => string} colourOf @param {(index: number) => string} nameOf */
function drawStretches(context, layout, { y, height }, spans, colourOf, nameOf) {
  context.textAlign = "left";
  for (const [start, stop, index] of spans) {
    const x = Math.max(toX(layout, start), layout.left);
    const width = Math.min(toX(layout, stop), layout.left + layout.width) - x;
    if (width <= 0) continue;
    const colour = colourOf(index);
    context.fillStyle = colour;
    context.fillRect(x, y, Math.max(width - 1, 0.5), height);
    if (width > 22)
      writeInside(context, nameOf(index), x + 5, y + height / 2 + 0.5, width - 9, inkOn(colour));
  }
}

/** @param {CanvasRenderingContext2D} context @param {Layout} layout @param {Lane} lane */
function drawLabels(context, layout, lane) {
  const { labels } = report.recordings[state.recording];
  drawStretches(context, layout, lane, labels, labelColour, (index) => report.labels[index]);
}

/** Write a text, or its beginning where it is too long. @param {CanvasRenderingContext2D} context
 * @param {string} text @param {number} x @param {number} y @param {number} room @param {string} colour */
function writeInside(context, text, x, y, room, colour) {
  const width = context.measureText(text).width;
  const letters = [...text];
  const kept = Math.floor((letters.length * (room - 8)) / width);
  if (width > room && kept < 3) return;
  context.fillStyle = colour;
  context.fillText(width > room ? `${letters.slice(0, kept).join("")}\u2026` : text, x, y);
}

/** Height of a motif's row in which its number can be read. */
const LEAST_ROW = 8;

/** Print a motif's number on its bar, if it fits. @param {CanvasRenderingContext2D} context
 * @param {number} motif @param {Span} bar from and to, in pixels @param {number} middle */
function writeMotif(context, motif, [from, to], middle) {
  context.font = "600 8px system-ui, sans-serif";
  const text = motifName(motif);
  if (context.measureText(text).width > to - from - 5) return;
  context.textAlign = "left";
  context.fillStyle = inkOn(quietMotifColour(motif));
  context.fillText(text, from + 3, middle + 0.5);
}

/** @param {CanvasRenderingContext2D} context @param {Layout} layout @param {Lane} lane */
function drawMotifs(context, layout, { y, height }) {
  const { motifs } = layout;
  const row = (height - 2) / Math.max(motifs.length, 2);
  context.fillStyle = ink.well;
  motifs.forEach((_, i) => i % 2 === 0 && context.fillRect(layout.left, y + i * row, layout.width, row));
  for (const [start, stop, motif] of report.recordings[state.recording].motifs) {
    const place = motifs.indexOf(motif);
    if (place < 0) continue;
    const isOther = state.motif >= 0 && state.motif !== motif;
    context.globalAlpha = isOther ? 0.3 : 1;
    const colour = quietMotifColour(motif);
    context.fillStyle = colour;
    const x = toX(layout, start);
    const width = Math.max(toX(layout, stop) - x - 0.5, 1);
    context.fillRect(x, y + place * row + 0.5, width, row - 1);
    if (row >= LEAST_ROW)
      writeMotif(context, motif, [Math.max(x, layout.left), x + width], y + (place + 0.5) * row);
  }
  context.globalAlpha = 1;
}

/** @param {CanvasRenderingContext2D} context @param {Layout} layout @param {Lane} lane */
function drawActivities(context, layout, lane) {
  context.font = "10.5px system-ui, sans-serif";
  const { activities } = report.recordings[state.recording];
  drawStretches(context, layout, lane, activities, activityColour, activityName);
}

/** @param {CanvasRenderingContext2D} context @param {Layout} layout @param {Lane} lane
 * @param {Lanes} lanes */
function drawCurve(context, layout, { kind, y, height }, lanes) {
  const info = report.recordings[state.recording];
  const values = lanes[/** @type {keyof Lanes} */ (kind)];
  const perFrame = info.fps ? info.rate / info.fps : info.rate;
  const bottom = y + height;
  const place = (/** @type {number} */ x) => (fromX(layout, x) - info.first) * perFrame;
  const [begin, end] = [
    Math.max(layout.left, toX(layout, info.first)),
    Math.min(layout.left + layout.width, toX(layout, endOf(state.recording))),
  ];
  /** @type {[number, number][]} */
  const points = [];
  const isFine = place(1) - place(0) < 0.7;
  const first = Math.max(Math.floor(place(begin)), 0);
  for (let i = first; isFine && i <= Math.min(Math.ceil(place(end)), values.length - 1); i++) {
    points.push([toX(layout, info.first + i / perFrame), bottom - 1 - (values[i] / 255) * (height - 3)]);
  }
  for (let x = begin; !isFine && x <= end; x += 0.5) {
    const last = Math.min(Math.max(Math.ceil(place(x + 0.5)), 1), values.length);
    let most = 0;
    for (let i = Math.min(Math.max(Math.floor(place(x)), 0), values.length - 1); i < last; i++)
      most = Math.max(most, values[i]);
    points.push([x, bottom - 1 - (most / 255) * (height - 3)]);
  }
  const colour = kind === "surprise" ? ink.warm : kind === "error" ? ink.accent : ink.soft;
  context.strokeStyle = context.fillStyle = colour;
  context.beginPath();
  context.moveTo(points[0]?.[0] ?? begin, bottom);
  for (const [x, top] of points) context.lineTo(x, top);
  context.lineTo(points.at(-1)?.[0] ?? end, bottom);
  context.globalAlpha = kind === "observed" ? 0.5 : 0.22;
  context.fill();
  context.globalAlpha = 1;
  context.lineWidth = 1.25;
  context.beginPath();
  for (const [x, top] of points) context.lineTo(x, top);
  context.stroke();
  if (kind === "surprise" && report.lanes.threshold < report.lanes.surprise) {
    const level = bottom - 1 - (report.lanes.threshold / report.lanes.surprise) * (height - 3);
    context.setLineDash([3, 3]);
    context.strokeStyle = ink.soft;
    context.strokeRect(layout.left - 2, Math.round(level) + 0.5, layout.width + 4, 0);
    context.setLineDash([]);
  }
}

/** What the lanes say at a frame. @param {Lanes | null} lanes @param {number} frame @returns {string[]} */
export function readLanes(lanes, frame) {
  const { rate, first, fps } = report.recordings[state.recording];
  if (!lanes) return [];
  const at = Math.min(Math.max(Math.round(((frame - first) / (fps || 1)) * rate), 0), lanes.error.length - 1);
  const value = (/** @type {"error" | "speed" | "surprise"} */ kind) =>
    ((lanes[kind][at] / 255) * report.lanes[kind]).toFixed(kind === "error" ? 3 : 1);
  const found = [`error ${value("error")}`, `speed ${value("speed")}`];
  if (report.lanes.surprise > 0) found.unshift(`surprise ${value("surprise")}`);
  return found;
}

/** @param {number} motif */
export const describeMotif = (motif) => `${motifName(motif)} ${report.motifs[motif].name}`;
