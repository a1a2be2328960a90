// What a reader can do, by click, key or link.
import { report } from "./data.js";
import { change, state } from "./state.js";
import { clampFrame, endOf, framesPerSecond } from "./timebase.js";

/** Seconds around a moment that are looked for where no span is chosen. */
const AROUND = 2;

/** Go to a span of a recording; it plays in a loop unless it is `still`.
 * @param {number} recording @param {number} start @param {number} stop @param {boolean} [still] */
export function goToSpan(recording, start, stop, still = false) {
  change({
    recording,
    frame: clampFrame(recording, start),
    span: [start, stop],
    guest: null,
    zoom: recording === state.recording ? state.zoom : null,
    playing: still ? state.playing : true,
  });
}

/** @param {number} recording */
export function goToRecording(recording) {
  if (recording < 0 || recording >= report.recordings.length) return;
  change({ recording, frame: report.recordings[recording].first, span: null, zoom: null, guest: null });
}

/** @param {number} by */
export const stepRecording = (by) => goToRecording(state.recording + by);

/** Go to a frame; a span that does not hold it is let go. After a guest the recording stands still.
 * @param {number} frame */
export function seek(frame) {
  const to = clampFrame(state.recording, frame);
  const { span } = state;
  const keep = span && to >= span[0] && to < span[1];
  change({
    frame: to,
    guest: null,
    span: keep ? span : null,
    playing: state.guest ? false : state.playing,
  });
}

/** @param {number} seconds */
export const seekBy = (seconds) => seek(state.frame + seconds * framesPerSecond(state.recording));

/** Go to the next change of label (or of motif, where there are no labels). @param {1 | -1} way */
export function seekChange(way) {
  const { labels, motifs, first } = report.recordings[state.recording];
  const starts = (labels.length ? labels : motifs).map(([start]) => start);
  const places = [...new Set([first, ...starts, endOf(state.recording) - 1])].sort((a, b) => way * (a - b));
  const next = places.find((place) => way * (place - state.frame) > 0.5);
  if (next !== undefined) seek(next);
}

/** Choose a span and look for what is similar to it; while the tab Make is open, the span is for its form.
 * @param {number} a @param {number} b @param {boolean} [find] */
export function chooseSpan(a, b, find = true) {
  const { recording } = state;
  const { first } = report.recordings[recording];
  const start = Math.max(first, Math.round(Math.min(a, b)));
  const stop = Math.min(endOf(recording), Math.round(Math.max(a, b)));
  if (stop - start < 2) return;
  const inside = state.frame >= start && state.frame < stop;
  change({ span: [start, stop], frame: inside ? state.frame : start, guest: null });
  if (find && state.tab !== "make") findSimilar();
}

/** Look for moments like the chosen span, or like the seconds around this frame. */
export function findSimilar() {
  const { recording, frame } = state;
  const half = (AROUND / 2) * framesPerSecond(recording);
  const { first } = report.recordings[recording];
  const span =
    state.span ??
    /** @type {Span} */ ([
      Math.round(Math.max(first, frame - half)),
      Math.round(Math.min(endOf(recording), frame + half)),
    ]);
  change({ query: { recording, span }, tab: "similar" });
}

export function togglePlaying() {
  const atEnd = !state.span && state.frame >= endOf(state.recording) - 1.5;
  if (!state.playing && atEnd && !state.guest) change({ frame: report.recordings[state.recording].first });
  change({ playing: !state.playing });
}
