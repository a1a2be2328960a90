// Labels that are painted by hand: how a span is laid over others, undone, and saved by the server.
import { meetLabel } from "./colours.js";
import { report } from "./data.js";
import { call } from "./live.js";
import { moments, momentsOf } from "./places.js";
import { change, state } from "./state.js";

/** Byte of a moment without a label. */
const NO_BYTE = 255;

/** Earlier labels of recordings, the last one first to come back; recordings that are not saved.
 * @type {{ past: { recording: number, labels: ClassSpan[] }[], unsaved: Set<number> }} */
export const painted = { past: [], unsaved: new Set() };

/** Spans with one more laid over them; -1 erases. In order, neighbours of one label joined.
 * @param {ClassSpan[]} spans @param {number} start @param {number} stop @param {number} label
 * @returns {ClassSpan[]} */
export function layOver(spans, start, stop, label) {
  /** @type {ClassSpan[]} */
  const cut = [];
  for (const [a, b, own] of spans) {
    if (a < start) cut.push([a, Math.min(b, start), own]);
    if (b > stop) cut.push([Math.max(a, stop), b, own]);
  }
  if (label >= 0 && stop > start) cut.push([start, stop, label]);
  cut.sort((one, other) => one[0] - other[0]);
  /** @type {ClassSpan[]} */
  const joined = [];
  for (const span of cut) {
    const before = joined.at(-1);
    if (before && before[2] === span[2] && before[1] === span[0]) before[1] = span[1];
    else joined.push([...span]);
  }
  return joined;
}

/** Index of a label, which is added where it is new. @param {string} name */
export function findLabel(name) {
  const known = report.labels.indexOf(name);
  if (known >= 0) return known;
  report.labels.push(name);
  meetLabel(report.labels.length - 1);
  return report.labels.length - 1;
}

/** Whether the recordings' own labels hold for all of their moments, since none of their spans had one. */
const holdsWhole = !report.recordings.some(({ labels }) => labels.length);

/** The label that fills most of a span, -1 where most has none. @param {number} recording
 * @param {number} start @param {number} stop */
function commonestLabel(recording, start, stop) {
  const { label: whole, labels } = report.recordings[recording];
  const own = holdsWhole ? whole : -1;
  /** @type {Map<number, number>} */
  const lengths = new Map([[own, 0]]);
  let rest = stop - start;
  for (const [a, b, label] of labels) {
    const length = Math.min(b, stop) - Math.max(a, start);
    if (length <= 0) continue;
    lengths.set(label, (lengths.get(label) ?? 0) + length);
    rest -= length;
  }
  lengths.set(own, (lengths.get(own) ?? 0) + rest);
  return [...lengths].reduce((best, one) => (one[1] > best[1] ? one : best))[0];
}

/** Give the moments of a recording the labels that its spans have now. @param {number} recording */
function relabelMoments(recording) {
  const { all } = moments;
  if (!all) return;
  const [from, to] = momentsOf(recording);
  for (let i = from; i <= to; i++) {
    const label = commonestLabel(recording, all.start[i], all.stop[i]);
    all.label[i] = label < 0 ? NO_BYTE : Math.min(label, NO_BYTE);
  }
}

/** Show other labels of a recording. @param {number} recording @param {ClassSpan[]} labels */
export function showLabels(recording, labels) {
  report.recordings[recording].labels = labels;
  relabelMoments(recording);
  change({ edition: state.edition + 1 });
}

/** Keep what the labels were, so that it can come back. @param {number} recording @param {ClassSpan[]} labels */
export function rememberLabels(recording, labels) {
  painted.past.push({ recording, labels });
  painted.unsaved.add(recording);
}

/** Take back the last change, and go where it was. */
export function undoLabels() {
  const last = painted.past.pop();
  if (!last) return;
  painted.unsaved.add(last.recording);
  if (last.recording !== state.recording)
    change({
      recording: last.recording,
      frame: report.recordings[last.recording].first,
      span: null,
      zoom: null,
    });
  showLabels(last.recording, last.labels);
}

/** Let the server save all recordings that were changed. @returns {Promise<string>} what it says */
export async function saveLabels() {
  let said = "";
  for (const recording of [...painted.unsaved]) {
    const spans = report.recordings[recording].labels.map(([a, b, label]) => [a, b, report.labels[label]]);
    said = (await call("api/labels", { recording, spans })).text;
    painted.unsaved.delete(recording);
  }
  return said;
}
