// Keys for everything. While the reader types or chooses in a field, they do nothing.
import {
  chooseSpan,
  findSimilar,
  seek,
  seekBy,
  seekChange,
  stepRecording,
  togglePlaying,
} from "./actions.js";
import { zoomAt } from "./brush.js";
import { report } from "./data.js";
import { byId, make } from "./dom.js";
import { copyLink } from "./link.js";
import { change, state } from "./state.js";
import { flipTheme } from "./theme.js";
import { endOf, framesPerSecond } from "./timebase.js";

/** Seconds that an arrow moves. */
const ARROW = 0.5;
const SPEEDS = [0.25, 0.5, 1, 2, 4];

/** @param {1 | -1} way */
function changeSpeed(way) {
  const place = SPEEDS.indexOf(state.speed) + way;
  if (SPEEDS[place]) change({ speed: SPEEDS[place] });
}

/** Set the beginning or the end of the span here. @param {boolean} isStart */
function setEdge(isStart) {
  const { span, frame, recording } = state;
  const other = span
    ? span[isStart ? 1 : 0]
    : isStart
      ? endOf(recording)
      : report.recordings[recording].first;
  chooseSpan(frame, other, false);
}

/** @type {[keys: string[], shown: string, what: string, act: () => void][]} */
const KEYS = [
  [[" "], "Space", "play or pause", togglePlaying],
  [["ArrowLeft"], "\u2190", "half a second back", () => seekBy(-ARROW)],
  [["ArrowRight"], "\u2192", "half a second on", () => seekBy(ARROW)],
  [["Shift+ArrowLeft"], "Shift \u2190", "one frame back", () => seek(Math.round(state.frame) - 1)],
  [["Shift+ArrowRight"], "Shift \u2192", "one frame on", () => seek(Math.round(state.frame) + 1)],
  [["Home"], "Home", "to the beginning", () => seek(report.recordings[state.recording].first)],
  [["End"], "End", "to the end", () => seek(endOf(state.recording))],
  [[","], ",", "previous change of label", () => seekChange(-1)],
  [["."], ".", "next change of label", () => seekChange(1)],
  [["["], "[", "previous recording", () => stepRecording(-1)],
  [["]"], "]", "next recording", () => stepRecording(1)],
  [["-"], "\u2212", "slower", () => changeSpeed(-1)],
  [["+", "="], "+", "faster", () => changeSpeed(1)],
  [["i", "I"], "I", "span begins here", () => setEdge(true)],
  [["o", "O"], "O", "span ends here", () => setEdge(false)],
  [["f", "F"], "F", "find similar", findSimilar],
  [
    ["m", "M"],
    "M",
    "moments or recordings",
    () => change({ mapView: state.mapView === "moments" ? "recordings" : "moments", hover: -1 }),
  ],
  [
    ["v", "V"],
    "V",
    "beside or over each other",
    () => change({ playerView: state.playerView === "beside" ? "over" : "beside" }),
  ],
  [["z", "Z"], "Z", "magnify the timeline", () => zoomAt(state.frame, 1 / 1.6)],
  [["x", "X"], "X", "less of that", () => zoomAt(state.frame, 1.6)],
  [["0"], "0", "whole timeline", () => change({ zoom: null })],
  [["l", "L"], "L", "copy link", () => void copyLink()],
  [["d", "D"], "D", "dark or light", flipTheme],
  [["?"], "?", "these keys", openHelp],
  [
    ["Escape"],
    "Esc",
    "let go of the span",
    () =>
      change({
        span: null,
        hover: -1,
        guest: null,
        landmark: -1,
        motif: -1,
        playing: state.playing && !state.guest,
      }),
  ],
];

function openHelp() {
  const dialog = /** @type {HTMLDialogElement} */ (byId("help"));
  if (!dialog.open) dialog.showModal();
}

/** @param {EventTarget | null} target */
function isTyping(target) {
  if (!(target instanceof HTMLElement)) return false;
  return target.matches("input, select, textarea, [contenteditable]") || Boolean(target.closest("dialog"));
}

/** @param {KeyboardEvent} event */
function press(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || isTyping(event.target))
    return;
  const onButton = event.target instanceof HTMLElement && event.target.matches("button, summary, a");
  if (onButton && (event.key === " " || event.key === "Enter")) return;
  const name = event.shiftKey && event.key.startsWith("Arrow") ? `Shift+${event.key}` : event.key;
  const found = KEYS.find(([keys]) => keys.includes(name));
  if (!found) return;
  event.preventDefault();
  found[3]();
}

export function startKeys() {
  document.addEventListener("keydown", press);
  byId("help-open").addEventListener("click", openHelp);
  const dialog = /** @type {HTMLDialogElement} */ (byId("help"));
  byId("help-close").addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  byId("help-keys").append(
    ...KEYS.map(([, shown, what]) => make("div", "", make("kbd", "", shown), make("span", "", what))),
  );
}
