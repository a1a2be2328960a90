// Labels painted on the timeline's label lane: choose one, drag; or choose a span and press the button.
import { labelColour } from "./colours.js";
import { report } from "./data.js";
import { announce, byId, canvasById, make, makeButton, makeOption } from "./dom.js";
import { findLabel, layOver, painted, rememberLabels, saveLabels, showLabels, undoLabels } from "./labels.js";
import { fromX } from "./layout.js";
import { tellError } from "./live.js";
import { state, watch } from "./state.js";
import { clampFrame, endOf } from "./timebase.js";
import { drawn } from "./timeline.js";

/** Pixels that a pointer must move to paint. */
const PAINT_LEAST = 3;
/** @type {{ x: number, from: number, before: ClassSpan[], label: number, moved: boolean } | null} */
let stroke = null;
const brushLabel = make("input");
const brushSwatch = make("i", "dot");
const brushErases = makeButton("Erase", () =>
  setErasing(brushErases.getAttribute("aria-pressed") !== "true"),
);
const brushUndo = makeButton("Undo", undoLabels);
const brushSave = makeButton("Save labels", save, "save", "button primary");
const brushSpan = makeButton("Paint the span", paintSpan);
const brushText = make("span", "soft brush-text");
const brushSaidText = make("span");
const brushSaid = make(
  "div",
  "brush-said",
  brushSaidText,
  makeButton("Close", () => sayPaths(""), "close", "button square"),
);
const brushNames = make("datalist");
const brushBar = make("div", "bar brush-bar");
const brushToggle = makeButton("Labels", () => setPainting(brushBar.hidden));

/** @param {boolean} isOn */
function setErasing(isOn) {
  brushErases.setAttribute("aria-pressed", String(isOn));
  showBrush();
}

/** Say in a line of its own where labels were saved; "" takes it away. @param {string} text */
function sayPaths(text) {
  brushSaidText.textContent = text;
  brushSaid.hidden = !text;
}

/** @param {boolean} isOn */
function setPainting(isOn) {
  sayPaths("");
  brushBar.hidden = !isOn;
  brushToggle.setAttribute("aria-pressed", String(isOn));
  canvasById("head").classList.toggle("selecting", isOn);
  showBrush();
  if (isOn) brushLabel.focus();
}

/** The label that is painted: -1 erases; null where none was chosen. */
function labelOfBrush() {
  if (brushErases.getAttribute("aria-pressed") === "true") return -1;
  const name = brushLabel.value.trim();
  return name ? findLabel(name) : null;
}

/** @param {number} a @param {number} b @param {ClassSpan[]} before @param {number} label */
function paint(a, b, before, label) {
  const { first } = report.recordings[state.recording];
  const start = Math.max(first, Math.round(Math.min(a, b)));
  const stop = Math.min(endOf(state.recording), Math.round(Math.max(a, b)));
  showLabels(state.recording, layOver(before, start, stop, label));
}

function askForLabel() {
  announce("Choose a label first, or type a new one.");
  brushLabel.focus();
}

function paintSpan() {
  const label = labelOfBrush();
  if (label === null || !state.span) {
    if (state.span) askForLabel();
    return;
  }
  const before = report.recordings[state.recording].labels;
  rememberLabels(state.recording, before);
  paint(...state.span, before, label);
}

/** @param {PointerEvent} event */
function isOnLane(event) {
  const lane = drawn.layout?.lanes.find(({ kind }) => kind === "label");
  return Boolean(lane && event.offsetY >= lane.y - 2 && event.offsetY <= lane.y + lane.height + 2);
}

/** @param {PointerEvent} event */
function beginStroke(event) {
  if (brushBar.hidden || event.button || !drawn.layout || !isOnLane(event)) return;
  event.stopImmediatePropagation();
  const label = labelOfBrush();
  if (label === null) {
    askForLabel();
    event.preventDefault();
    return;
  }
  const from = clampFrame(state.recording, fromX(drawn.layout, event.offsetX));
  stroke = { x: event.offsetX, from, before: report.recordings[state.recording].labels, label, moved: false };
  canvasById("head").setPointerCapture(event.pointerId);
}

/** @param {PointerEvent} event */
function followStroke(event) {
  if (!stroke || !drawn.layout) return;
  event.stopImmediatePropagation();
  if (!stroke.moved && Math.abs(event.offsetX - stroke.x) < PAINT_LEAST) return;
  stroke.moved = true;
  paint(stroke.from, fromX(drawn.layout, event.offsetX), stroke.before, stroke.label);
}

/** @param {PointerEvent} event */
function endStroke(event) {
  if (!stroke) return;
  event.stopImmediatePropagation();
  const { moved, before } = stroke;
  stroke = null;
  if (moved) rememberLabels(state.recording, before);
  showBrush();
}

async function save() {
  brushSave.disabled = true;
  try {
    const said = await saveLabels();
    brushText.textContent = "saved";
    sayPaths(said);
    announce(said.split(/(?<=\.) /)[0]);
  } catch (error) {
    tellError(error);
  }
  showBrush();
}

function showBrush() {
  const known = report.labels.indexOf(brushLabel.value.trim());
  brushSwatch.hidden = known < 0;
  brushSwatch.style.background = known < 0 ? "" : labelColour(known);
  brushNames.replaceChildren(...report.labels.map((name) => makeOption(name, name)));
  const count = painted.unsaved.size;
  brushUndo.disabled = !painted.past.length;
  brushSave.disabled = !count;
  brushSpan.disabled = !state.span;
  if (count) brushText.textContent = `${count} ${count > 1 ? "recordings" : "recording"} not saved`;
  else brushText.textContent ||= "drag along the label lane";
}

/** @param {KeyboardEvent} event */
function pressUndo(event) {
  const isField = event.target instanceof HTMLInputElement && event.target.type === "text";
  if (brushBar.hidden || isField || event.key !== "z" || !(event.ctrlKey || event.metaKey)) return;
  event.preventDefault();
  undoLabels();
}

export function startPainting() {
  const head = canvasById("head");
  head.addEventListener("pointerdown", beginStroke, { capture: true });
  head.addEventListener("pointermove", followStroke, { capture: true });
  for (const end of /** @type {const} */ (["pointerup", "pointercancel"]))
    head.addEventListener(end, endStroke, { capture: true });
  brushNames.id = "brush-names";
  Object.assign(brushLabel, {
    type: "text",
    placeholder: "choose or type",
    maxLength: 80,
    spellcheck: false,
  });
  brushLabel.setAttribute("list", brushNames.id);
  brushLabel.id = "brush-label";
  const name = make("label", "soft", "Label");
  name.htmlFor = brushLabel.id;
  brushLabel.addEventListener("input", () => setErasing(false));
  brushErases.setAttribute("aria-pressed", "false");
  brushToggle.setAttribute("aria-pressed", "false");
  brushToggle.title = "Paint labels on the timeline";
  brushBar.append(
    name,
    brushSwatch,
    brushLabel,
    brushNames,
    brushErases,
    brushSpan,
    brushUndo,
    brushText,
    brushSave,
  );
  brushBar.hidden = brushSaid.hidden = true;
  byId("lanes-save").before(brushToggle);
  byId("lanes").parentElement?.before(brushBar, brushSaid);
  watch(["edition", "span", "recording", "theme"], showBrush);
  addEventListener("keydown", pressUndo);
  addEventListener("beforeunload", (event) => painted.unsaved.size && event.preventDefault());
  showBrush();
}
