// Pointer, wheel and keys on the map: point at a moment, play it, move and magnify the map.
import { goToRecording, goToSpan } from "./actions.js";
import { canvasById } from "./dom.js";
import { hideCard, showCard } from "./hovercard.js";
import { drawMap, scheme } from "./map.js";
import { makeChart, momentAt, momentPlace, moments, pickPoint, recordingPlace, view } from "./places.js";
import { change, state, watch } from "./state.js";
import { schedule } from "./ticker.js";
import { report } from "./data.js";

/** Pixels around the pointer within which a point is picked. */
const REACH = 12;
/** @type {{ x: number, y: number, fromX: number, fromY: number, moved: boolean } | null} */
let grip = null;

const mapSize = () => {
  const canvas = canvasById("map-marks");
  return { width: canvas.clientWidth, height: canvas.clientHeight };
};

/** Where a moment lies on the map, in pixels of its canvas. @param {number} index */
export const pixelOfMoment = (index) => makeChart(mapSize()).toPixel(momentPlace(index));

/** @param {number} index */
function isShown(index) {
  const { ofMoment, ofRecording } = scheme.now;
  return !state.muted.has((state.mapView === "moments" ? ofMoment : ofRecording)(index));
}

/** @param {number} index */
function place(index) {
  return state.mapView === "moments" ? momentPlace(index) : recordingPlace(index);
}

/** Play a point of the map. @param {number} index */
function openPoint(index) {
  if (index < 0) return;
  if (state.mapView === "recordings") {
    goToRecording(index);
    return;
  }
  const { recording, start, stop } = /** @type {Moments} */ (moments.all);
  goToSpan(recording[index], start[index], stop[index]);
}

/** @param {number} index @param {string} [pointer] */
function pointAt(index, pointer = "mouse") {
  change({ hover: index });
  if (index < 0 || pointer === "touch") hideCard();
  else showCard(index, makeChart(mapSize()).toPixel(place(index)));
}

function clampView() {
  view.zoom = Math.min(Math.max(view.zoom, 1), 60);
  const room = 1 - 1 / view.zoom;
  view.x = Math.min(Math.max(view.x, -room), room);
  view.y = Math.min(Math.max(view.y, -room), room);
  schedule(drawMap);
}

/** Magnify around a pixel. @param {number} by @param {number} px @param {number} py */
function magnify(by, px, py) {
  const { rx, ry, ...chart } = makeChart(mapSize());
  const [x, y] = chart.toPlace(px, py);
  view.zoom = Math.min(Math.max(view.zoom * by, 1), 60);
  const [nowX, nowY] = makeChart(mapSize()).toPlace(px, py);
  view.x += (x - nowX) / rx;
  view.y += (y - nowY) / ry;
  clampView();
}

/** @param {PointerEvent} event */
function moveOver(event) {
  const { offsetX, offsetY } = event;
  if (grip) {
    const chart = makeChart(mapSize());
    grip.moved ||= Math.hypot(offsetX - grip.fromX, offsetY - grip.fromY) > 4;
    if (grip.moved && view.zoom > 1) {
      view.x -= (offsetX - grip.x) / chart.sx / chart.rx;
      view.y += (offsetY - grip.y) / chart.sy / chart.ry;
      [grip.x, grip.y] = [offsetX, offsetY];
      clampView();
      pointAt(-1);
    }
    return;
  }
  const index = pickPoint(mapSize(), offsetX, offsetY, REACH, isShown);
  if (index !== state.hover) pointAt(index, event.pointerType);
}

/** Next point in the direction of an arrow: near, and rather ahead than aside. @param {number} dx
 * @param {number} dy */
function stepTo(dx, dy) {
  const isMoments = state.mapView === "moments";
  const count = isMoments ? (moments.all?.count ?? 0) : report.recordings.length;
  const now =
    state.hover >= 0 ? state.hover : isMoments ? momentAt(state.recording, state.frame) : state.recording;
  if (!count || now < 0) return;
  const [x, y] = place(now);
  let [best, least] = [-1, Infinity];
  for (let i = 0; i < count; i++) {
    const [px, py] = place(i);
    const ahead = (px - x) * dx + (py - y) * dy;
    const aside = Math.abs((px - x) * dy) + Math.abs((py - y) * dx);
    if (i === now || ahead <= 1e-4 || aside > ahead * 1.2 || !isShown(i)) continue;
    if (ahead + 2 * aside < least) [best, least] = [i, ahead + 2 * aside];
  }
  if (best >= 0) pointAt(best);
}

/** @type {Record<string, [number, number]>} */
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

/** @param {KeyboardEvent} event */
function pressKey(event) {
  const { width, height } = mapSize();
  if (ARROWS[event.key]) stepTo(...ARROWS[event.key]);
  else if (event.key === "Enter") openPoint(state.hover);
  else if (event.key === "+" || event.key === "=") magnify(1.4, width / 2, height / 2);
  else if (event.key === "-") magnify(1 / 1.4, width / 2, height / 2);
  else return;
  event.preventDefault();
  event.stopPropagation();
}

export function startMapInput() {
  const canvas = canvasById("map-marks");
  canvas.addEventListener("pointermove", moveOver);
  canvas.addEventListener("pointerleave", () => pointAt(-1));
  canvas.addEventListener("pointerdown", (event) => {
    const { offsetX: x, offsetY: y } = event;
    grip = { x, y, fromX: x, fromY: y, moved: false };
    if (event.pointerType !== "touch") canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointerup", (event) => {
    const wasClick = grip && !grip.moved;
    grip = null;
    if (!wasClick) return;
    const reach = event.pointerType === "touch" ? 2 * REACH : REACH;
    openPoint(pickPoint(mapSize(), event.offsetX, event.offsetY, reach, isShown));
  });
  canvas.addEventListener("pointercancel", () => (grip = null));
  canvas.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      magnify(Math.exp(-Math.min(Math.max(event.deltaY, -200), 200) * 0.0025), event.offsetX, event.offsetY);
    },
    { passive: false },
  );
  canvas.addEventListener("dblclick", () => {
    Object.assign(view, { x: 0, y: 0, zoom: 1 });
    clampView();
  });
  canvas.addEventListener("keydown", pressKey);
  canvas.addEventListener("blur", () => pointAt(-1));
  watch(["mapView", "mapKind"], hideCard);
}
