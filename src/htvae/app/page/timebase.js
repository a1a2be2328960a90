// Source frames and seconds. Frame 0 of a recording's file is second 0; without a frame rate, frames are shown.
import { report } from "./data.js";

/** Frames a second at which a recording without a frame rate is played. */
export const UNKNOWN_FPS = 30;

/** @param {number} recording */
export const framesPerSecond = (recording) => report.recordings[recording].fps || UNKNOWN_FPS;

/** @param {number} recording */
export const hasSeconds = (recording) => Boolean(report.recordings[recording].fps);

/** Unit of times on the page: seconds, or frames. @param {number} recording @param {number} frame */
export const toTime = (recording, frame) => frame / (report.recordings[recording].fps || 1);

/** @param {number} recording @param {number} time */
export const toFrame = (recording, time) => time * (report.recordings[recording].fps || 1);

/** Frame after the last one. @param {number} recording */
export const endOf = (recording) => report.recordings[recording].first + report.recordings[recording].frames;

/** @param {number} recording @param {number} frame */
export function clampFrame(recording, frame) {
  const { first, frames } = report.recordings[recording];
  return Math.min(Math.max(frame, first), first + Math.max(frames - 1, 0));
}

/** @param {number} value @param {number} digits */
const fixed = (value, digits) => value.toFixed(digits);

/** A place in a recording in words: `31.7 s`, `1:03.3`, `frame 951`. @param {number} recording
 * @param {number} frame
 * @param {number} [digits] */
export function timeText(recording, frame, digits = 1) {
  if (!hasSeconds(recording)) return `frame ${Math.round(frame)}`;
  return secondsText(toTime(recording, frame), digits);
}

/** @param {number} seconds @param {number} [digits] */
export function secondsText(seconds, digits = 1) {
  const rounded = Number(fixed(seconds, digits));
  if (rounded < 60) return `${fixed(rounded, digits)} s`;
  const minutes = Math.floor(rounded / 60);
  const rest = fixed(rounded - 60 * minutes, digits).padStart(digits ? 3 + digits : 2, "0");
  if (minutes < 60) return `${minutes}:${rest}`;
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}:${rest}`;
}

/** @param {number} recording @param {number} start @param {number} stop */
export function spanText(recording, start, stop) {
  if (!hasSeconds(recording)) return `frames ${Math.round(start)}\u2013${Math.round(stop)}`;
  const unit = toTime(recording, stop) < 60 ? " s" : "";
  const bare = (/** @type {number} */ frame) => timeText(recording, frame).replace(" s", "");
  return `${bare(start)}\u2013${bare(stop)}${unit}`;
}

/** Index of the class whose span holds a frame, or -1. @param {ClassSpan[]} spans @param {number} frame */
export function classAt(spans, frame) {
  const found = spans.find(([start, stop]) => frame >= start && frame < stop);
  return found ? found[2] : -1;
}

/** Name of the label at a frame: of the span, else of the recording. @param {number} recording
 * @param {number} frame */
export function labelAt(recording, frame) {
  const { labels, label } = report.recordings[recording];
  const index = labels.length ? classAt(labels, frame) : label;
  return index < 0 ? "" : report.labels[index];
}

/** Name of the motif at a frame. @param {number} recording @param {number} frame */
export function motifAt(recording, frame) {
  const index = classAt(report.recordings[recording].motifs, frame);
  return index < 0 ? "" : motifName(index);
}

/** @param {number} index */
export const activityName = (index) => report.activities[index]?.id.toUpperCase() ?? "";

/** @param {number} index */
export function motifName(index) {
  const motif = report.motifs[index];
  return motif ? motif.id.replace(/^m0*/i, "M") : "";
}
