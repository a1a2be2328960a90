// Pointer and wheel on the timeline: a click seeks, a drag selects a span, the ruler scrubs, the wheel zooms.
import { chooseSpan, seek } from "./actions.js";
import { report } from "./data.js";
import { byId, canvasById } from "./dom.js";
import { describeMotif, readLanes } from "./lanes.js";
import { fromX, motifUnder, toX } from "./layout.js";
import { change, state, watch } from "./state.js";
import { clampFrame, endOf, labelAt, timeText } from "./timebase.js";
import { drawn } from "./timeline.js";

/** Pixels that a pointer must move to select. */
const LEAST = 4;
/** Shortest part of a recording that fills the width (frames). */
const CLOSEST = 20;
/** @type {{ x: number, from: number, scrub: boolean, moved: boolean } | null} */
let drag = null;
let isSelecting = false;

/** The other end of a span whose edge is under the pointer, to move that edge. @param {number} x */
function farEnd(x) {
  const { layout } = drawn;
  if (!layout || !state.span) return null;
  const [a, b] = state.span;
  if (Math.abs(toX(layout, a) - x) < 6) return b;
  return Math.abs(toX(layout, b) - x) < 6 ? a : null;
}

/** @param {PointerEvent} event */
function begin(event) {
  const { layout } = drawn;
  if (!layout || event.button) return;
  const far = farEnd(event.offsetX);
  const scrub = event.offsetY < 18 || (event.pointerType === "touch" && !isSelecting);
  drag = {
    x: event.offsetX,
    from: far ?? clampFrame(state.recording, fromX(layout, event.offsetX)),
    scrub,
    moved: far !== null,
  };
  canvasById("head").setPointerCapture(event.pointerId);
  if (scrub) seek(drag.from);
}

/** @param {PointerEvent} event */
function follow(event) {
  const { layout } = drawn;
  if (!layout) return;
  if (!drag) {
    showTip(event);
    return;
  }
  byId("lane-tip").hidden = true;
  const frame = clampFrame(state.recording, fromX(layout, event.offsetX));
  if (drag.scrub) seek(frame);
  else if (drag.moved || Math.abs(event.offsetX - drag.x) >= LEAST) {
    drag.moved = true;
    chooseSpan(drag.from, frame, false);
  }
}

/** @param {PointerEvent} event */
function finish(event) {
  if (!drag || !drawn.layout) return;
  const { moved, scrub } = drag;
  drag = null;
  if (scrub) return;
  if (moved && state.span) chooseSpan(...state.span);
  else {
    change({ span: null });
    seek(fromX(drawn.layout, event.offsetX));
  }
}

/** @param {PointerEvent} event */
function showTip(event) {
  const { layout, lanes } = drawn;
  const tip = byId("lane-tip");
  const canvas = canvasById("head");
  canvas.style.cursor = farEnd(event.offsetX) === null ? "crosshair" : "ew-resize";
  if (!layout || event.offsetX < layout.left || event.offsetY < 18 || event.pointerType === "touch") {
    tip.hidden = true;
    return;
  }
  const frame = clampFrame(state.recording, fromX(layout, event.offsetX));
  const motif = motifUnder(layout, event.offsetY);
  const said = [timeText(state.recording, frame), labelAt(state.recording, frame)];
  said.push(...(motif >= 0 ? [describeMotif(motif)] : readLanes(lanes, frame)));
  tip.textContent = said.filter(Boolean).join(" \u00b7 ");
  tip.hidden = false;
  const room = canvas.clientWidth - tip.offsetWidth - 6;
  tip.style.left = `${Math.max(0, Math.min(event.offsetX + 12, room))}px`;
}

/** Show `share` of what is shown now, around a frame. @param {number} frame @param {number} share */
export function zoomAt(frame, share) {
  const { first } = report.recordings[state.recording];
  const end = endOf(state.recording);
  const [from, to] = state.zoom ?? [first, end];
  const length = Math.min(Math.max((to - from) * share, CLOSEST), end - first);
  const start = Math.min(Math.max(frame - ((frame - from) / (to - from)) * length, first), end - length);
  change({ zoom: length > 0.995 * (end - first) ? null : [start, start + length] });
}

/** @param {number} by share of the width */
export function pan(by) {
  if (!state.zoom) return;
  const [from, to] = state.zoom;
  const way = Math.min(
    Math.max((to - from) * by, report.recordings[state.recording].first - from),
    endOf(state.recording) - to,
  );
  change({ zoom: [from + way, to + way] });
}

/** @param {WheelEvent} event */
function turnWheel(event) {
  if (!drawn.layout) return;
  event.preventDefault();
  const sideways = event.shiftKey ? event.deltaY : event.deltaX;
  if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) pan(sideways / drawn.layout.width);
  else
    zoomAt(
      fromX(drawn.layout, event.offsetX),
      Math.exp(Math.min(Math.max(event.deltaY, -200), 200) * 0.0022),
    );
}

/** Keep the playhead in sight while a part of the recording is shown. */
function followHead() {
  if (!state.zoom || !state.playing || drag) return;
  const [from, to] = state.zoom;
  if (state.frame > to || state.frame < from) pan((state.frame - from) / (to - from) - 0.1);
}

export function startBrush() {
  const canvas = canvasById("head");
  canvas.addEventListener("pointerdown", begin);
  canvas.addEventListener("pointermove", follow);
  canvas.addEventListener("pointerup", finish);
  canvas.addEventListener("pointercancel", () => (drag = null));
  canvas.addEventListener("pointerleave", () => (byId("lane-tip").hidden = true));
  canvas.addEventListener("wheel", turnWheel, { passive: false });
  canvas.addEventListener("dblclick", () => change({ zoom: null }));
  byId("span-clear").addEventListener("click", () => change({ span: null }));
  byId("zoom-out").addEventListener("click", () => change({ zoom: null }));
  const select = byId("select-touch");
  select.addEventListener("click", () => {
    isSelecting = !isSelecting;
    select.setAttribute("aria-pressed", String(isSelecting));
    canvas.classList.toggle("selecting", isSelecting);
  });
  watch(["frame"], followHead);
}
