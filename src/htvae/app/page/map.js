// The map: each moment, or each recording, is a point; alike ones lie near each other.
import { buildScheme, colourChoices, SHAPES } from "./colours.js";
import { report } from "./data.js";
import { byId, canvasById, fitCanvas, makeEmpty, makeOption, pen, selectById } from "./dom.js";
import { makeChart, momentAt, momentPlace, moments, openMoments, recordingPlace, view } from "./places.js";
import { drawPoints, pointRadius, tracePoint } from "./points.js";
import { change, state, watch } from "./state.js";
import { ink } from "./theme.js";
import { schedule } from "./ticker.js";
import { timeText } from "./timebase.js";

/** How points are coloured now. @type {{ now: Scheme }} */
export const scheme = {
  now: { names: [], colours: [], counts: [], ramp: false, ofMoment: () => 0, ofRecording: () => 0 },
};

/** Category of each moment. */
let categories = new Uint16Array(0);

/** What each map is, and what it is not. @type {Record<string, string>} */
const MEANING = {
  tsne: "t-SNE: near means alike, far says little",
  pca: "PCA: far means different, near may be chance",
};

/** Shape of a category, of those that a legend shows. @param {number} category */
export const shapeOf = (category) => (scheme.now.ramp ? "disc" : SHAPES[category % SHAPES.length]);

export function drawMap() {
  const canvas = canvasById("map");
  const size = fitCanvas(canvas);
  if (!size) return;
  const context = pen(canvas);
  context.setTransform(1, 0, 0, 1, 0, 0);
  const chart = makeChart(size);
  if (state.mapView === "moments" && moments.all) {
    const { x, y } = moments.all.places[state.mapKind];
    const { left, top } = chart;
    const points = { x, y, left, top, sx: chart.sx / 32767, sy: chart.sy / 32767, category: categories };
    drawPoints(context, size, points, scheme.now.colours, state.muted);
  } else {
    context.clearRect(0, 0, canvas.width, canvas.height);
    context.setTransform(size.ratio, 0, 0, size.ratio, 0, 0);
    if (state.mapView === "recordings") drawRecordings(context, chart);
  }
  drawMarks();
}

/** @param {CanvasRenderingContext2D} context @param {ReturnType<typeof makeChart>} chart */
function drawRecordings(context, chart) {
  const radius = report.recordings.length > 400 ? 4 : 6.5;
  report.recordings.forEach((_, i) => {
    const category = scheme.now.ofRecording(i);
    const [x, y] = chart.toPixel(recordingPlace(i));
    tracePoint(context, shapeOf(category), x, y, radius);
    context.fillStyle = state.muted.has(category) ? ink.line : scheme.now.colours[category];
    context.strokeStyle = ink.well;
    context.lineWidth = 2;
    context.stroke();
    context.fill();
  });
}

/** @param {CanvasRenderingContext2D} context @param {[number, number]} pixel @param {number} radius
 * @param {string} colour */
function ring(context, [x, y], radius, colour) {
  for (const [stroke, width] of /** @type {[string, number][]} */ ([
    [ink.well, 5],
    [colour, 2.2],
  ])) {
    context.strokeStyle = stroke;
    context.lineWidth = width;
    context.beginPath();
    context.arc(x, y, radius, 0, 7);
    context.stroke();
  }
}

/** Where the reader is, what was found, what the pointer is on. */
function drawMarks() {
  const canvas = canvasById("map-marks");
  const size = fitCanvas(canvas);
  if (!size) return;
  const context = pen(canvas);
  context.setTransform(size.ratio, 0, 0, size.ratio, 0, 0);
  context.clearRect(0, 0, size.width, size.height);
  const chart = makeChart(size);
  const { mapView, recording, frame, hits, hover } = state;
  if (mapView === "recordings") {
    if (hover >= 0) ring(context, chart.toPixel(recordingPlace(hover)), 10, ink.accent);
    mark(context, chart.toPixel(recordingPlace(recording)), 11, report.recordings[recording].name, size);
    return;
  }
  if (!moments.all) return;
  const now = momentAt(recording, frame);
  const radius = pointRadius(moments.all.count) + 3;
  if (now >= 0) drawPath(context, chart, now);
  for (const hit of hits) {
    const near = momentAt(hit.recording, (hit.start + hit.stop) / 2);
    if (near >= 0) ring(context, chart.toPixel(momentPlace(near)), radius, ink.accent);
  }
  if (hover >= 0) ring(context, chart.toPixel(momentPlace(hover)), radius + 1, ink.ink);
  if (now >= 0) mark(context, chart.toPixel(momentPlace(now)), radius + 3, timeText(recording, frame), size);
}

/** A few moments before and after, joined. @param {CanvasRenderingContext2D} context
 * @param {ReturnType<typeof makeChart>} chart @param {number} now */
function drawPath(context, chart, now) {
  const all = /** @type {Moments} */ (moments.all);
  context.strokeStyle = ink.soft;
  for (let i = now - 2; i < now + 2; i++) {
    if (
      i < 0 ||
      i + 1 >= all.count ||
      all.recording[i] !== all.recording[i + 1] ||
      all.recording[i] !== state.recording
    )
      continue;
    context.globalAlpha = 0.5;
    context.lineWidth = 1;
    context.beginPath();
    context.moveTo(...chart.toPixel(momentPlace(i)));
    context.lineTo(...chart.toPixel(momentPlace(i + 1)));
    context.stroke();
  }
  context.globalAlpha = 1;
}

/** @param {CanvasRenderingContext2D} context @param {[number, number]} pixel @param {number} radius
 * @param {string} text
 * @param {{ width: number }} size */
function mark(context, [x, y], radius, text, size) {
  ring(context, [x, y], radius, ink.ink);
  context.font = "600 12px system-ui, sans-serif";
  const isRight = x > size.width - context.measureText(text).width - radius - 12;
  context.textAlign = isRight ? "right" : "left";
  context.textBaseline = "middle";
  context.lineWidth = 4;
  context.lineJoin = "round";
  context.strokeStyle = ink.well;
  context.fillStyle = ink.ink;
  const at = isRight ? x - radius - 6 : x + radius + 6;
  context.strokeText(text, at, y);
  context.fillText(text, at, y);
}

function refreshScheme() {
  scheme.now = buildScheme(state.colour, moments.all);
  categories = Uint16Array.from({ length: moments.all?.count ?? 0 }, (_, i) => scheme.now.ofMoment(i));
}

function describeMap() {
  const { mapView, mapKind } = state;
  const count = mapView === "moments" ? report.moments.count : report.recordings.length;
  const unit = report.recordings.every((recording) => recording.fps) ? " s" : " frames";
  const what =
    mapView === "moments" ? `moments of ${Number(report.moments.seconds.toFixed(1))}${unit}` : "recordings";
  const text = `${count.toLocaleString("en")} ${what} \u00b7 ${MEANING[mapKind] ?? mapKind}`;
  byId("map-meaning").textContent = mapView === "moments" && !moments.all ? "" : text;
  canvasById("map-marks").setAttribute(
    "aria-label",
    `Map of ${text}. Arrow keys move from point to point, Enter plays one.`,
  );
  const isEmpty = mapView === "moments" && !moments.all;
  byId("map-empty").replaceChildren(
    ...(isEmpty
      ? [
          makeEmpty(
            "No moments",
            "The recordings are shorter than one chunk of the model, so there is nothing to place.",
          ),
        ]
      : []),
  );
  for (const name of ["moments", "recordings"])
    byId(`map-${name}`).setAttribute("aria-pressed", String(name === mapView));
}

export async function startMap() {
  await openMoments();
  const kinds = report.moments.maps.filter((kind) => MEANING[kind]);
  const choices = colourChoices();
  state.mapKind ||= kinds[0] ?? "pca";
  if (!choices.some(([value]) => value === state.colour)) state.colour = choices[0]?.[0] ?? "recording";
  const colour = selectById("colour");
  const offer = () => {
    const offered = colourChoices();
    colour.replaceChildren(...offered.map(([value, text]) => makeOption(text, value)));
    colour.value = state.colour;
    byId("colour-choice").hidden = offered.length < 2;
  };
  colour.addEventListener("change", () => change({ colour: colour.value, muted: new Set() }));
  const kind = selectById("map-kind");
  kind.append(...kinds.map((name) => makeOption(name === "tsne" ? "t-SNE" : name.toUpperCase(), name)));
  kind.hidden = kinds.length < 2;
  kind.addEventListener("change", () => change({ mapKind: kind.value }));
  for (const name of /** @type {const} */ (["moments", "recordings"])) {
    byId(`map-${name}`).addEventListener("click", () => change({ mapView: name, hover: -1 }));
  }
  const show = () => {
    [colour.value, kind.value] = [state.colour, state.mapKind];
    describeMap();
  };
  const recolour = () => {
    offer();
    refreshScheme();
    drawMap();
  };
  watch(["colour", "theme"], refreshScheme);
  watch(["edition"], () => schedule(recolour));
  watch(["colour", "mapKind", "mapView"], show);
  watch(["mapView", "mapKind"], () => Object.assign(view, { x: 0, y: 0, zoom: 1 }));
  watch(["colour", "theme", "mapView", "mapKind", "muted"], () => schedule(drawMap));
  watch(["recording", "frame", "hits", "hover"], () => schedule(drawMarks));
  new ResizeObserver(() => schedule(drawMap)).observe(canvasById("map"));
  offer();
  refreshScheme();
  show();
  schedule(drawMap);
}
