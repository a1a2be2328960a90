// The timeline: lanes drawn once, the playhead and the span over them on a canvas of their own.
import { report, loadLanes } from "./data.js";
import { canvasById, byId, fitCanvas, pen } from "./dom.js";
import { drawLanes } from "./lanes.js";
import { layOut, toX } from "./layout.js";
import { state, watch } from "./state.js";
import { ink } from "./theme.js";
import { schedule } from "./ticker.js";
import { endOf, labelAt, motifAt, spanText, timeText } from "./timebase.js";

/** @typedef {import("./layout.js").Layout} Layout */
/** What is drawn: the lanes of the recording and where they lie.
 * @type {{ lanes: Lanes | null, layout: Layout | null }} */
export const drawn = { lanes: null, layout: null };

export function drawTimeline() {
  const canvas = canvasById("lanes");
  const size = fitCanvas(canvas);
  if (!size) return;
  const context = pen(canvas);
  context.setTransform(size.ratio, 0, 0, size.ratio, 0, 0);
  context.clearRect(0, 0, size.width, size.height);
  drawn.layout = layOut(size.width, size.height, drawn.lanes);
  drawLanes(context, drawn.layout, size.height, drawn.lanes);
  drawHead();
}

function drawHead() {
  const canvas = canvasById("head");
  const size = fitCanvas(canvas);
  const { layout } = drawn;
  if (!size || !layout) return;
  const context = pen(canvas);
  const { width, height, ratio } = size;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  context.save();
  context.beginPath();
  context.rect(layout.left - 6, 0, layout.width + 12, height);
  context.clip();
  if (state.span) {
    const [a, b] = state.span.map((frame) => toX(layout, frame));
    context.fillStyle = ink.accent;
    context.globalAlpha = 0.14;
    context.fillRect(a, 18, b - a, height - 18);
    context.globalAlpha = 1;
    for (const x of [a, b]) context.fillRect(Math.round(x) - 1, 18, 2, height - 18);
  }
  const x = Math.round(toX(layout, state.frame));
  context.fillStyle = ink.ink;
  context.fillRect(x - 1, 12, 2, height - 12);
  context.beginPath();
  context.moveTo(x - 6, 9);
  context.lineTo(x + 6, 9);
  context.lineTo(x, 18);
  context.fill();
  context.restore();
}

function writeClock() {
  const { recording, frame, span } = state;
  byId("clock-now").textContent = timeText(recording, frame);
  byId("clock-all").textContent = `/ ${timeText(recording, endOf(recording)).replace("frame ", "")}`;
  byId("clock-what").textContent = [labelAt(recording, frame), motifAt(recording, frame)]
    .filter(Boolean)
    .join(" \u00b7 ");
  byId("span-text").textContent = span ? spanText(recording, ...span) : "";
  byId("span-hint").hidden = Boolean(span);
  byId("span-clear").hidden = !span;
  byId("zoom-out").hidden = !state.zoom;
}

function describeTimeline() {
  const head = canvasById("head");
  const { recording, frame } = state;
  head.setAttribute("aria-valuemin", String(report.recordings[recording].first));
  head.setAttribute("aria-valuemax", String(endOf(recording) - 1));
  head.setAttribute("aria-valuenow", String(Math.round(frame)));
  head.setAttribute("aria-valuetext", `${timeText(recording, frame)} ${labelAt(recording, frame)}`.trim());
}

async function showLanes() {
  const { recording } = state;
  drawn.lanes = null;
  schedule(drawTimeline);
  const lanes = await loadLanes(recording);
  if (state.recording !== recording) return;
  drawn.lanes = lanes;
  schedule(drawTimeline);
}

export function startTimeline() {
  watch(["recording"], showLanes);
  watch(["recording", "theme", "zoom", "motif", "colour", "tab", "edition"], () => schedule(drawTimeline));
  watch(["frame", "span"], () => schedule(drawHead));
  watch(["frame", "span", "recording", "zoom", "edition"], () => schedule(writeClock));
  watch(["frame", "recording", "playing"], () => !state.playing && describeTimeline());
  new ResizeObserver(() => schedule(drawTimeline)).observe(canvasById("lanes"));
  describeTimeline();
  writeClock();
  return showLanes();
}
