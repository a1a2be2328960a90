// Colours of categories: the nine largest have one each, all others share a grey. The same in all views.
// Colours and grey differ by at least 16 (CIE dE76) in both themes, also for three kinds of colour blindness.
import { report } from "./data.js";
import { state } from "./state.js";
import { framesPerSecond, motifName } from "./timebase.js";
import { ink, mixColours } from "./theme.js";

export const NUM_COLOURS = 9;
/** Shapes of categories where points are few and large. */
export const SHAPES = ["disc", "square", "triangle", "diamond", "cross", "down", "ring", "plus"];

/** Rank of each category by its size: the largest is 0. @param {number[]} sizes */
function rankSizes(sizes) {
  const order = sizes.map((_, i) => i).sort((a, b) => sizes[b] - sizes[a] || a - b);
  /** @type {number[]} */
  const ranks = [];
  order.forEach((category, rank) => (ranks[category] = rank));
  return ranks;
}

/** Seconds of each label over all recordings; a recording's own label counts a little. */
function weighLabels() {
  const sizes = report.labels.map(() => 0);
  report.recordings.forEach((recording, i) => {
    for (const [start, stop, label] of recording.labels) sizes[label] += (stop - start) / framesPerSecond(i);
    if (recording.label >= 0) sizes[recording.label] += recording.labels.length ? 1e-3 : recording.frames;
  });
  return sizes;
}

/** @type {Map<string, number[]>} */
const ranksOf = new Map();

/** @param {string} family @param {() => number[]} weigh */
function ranksIn(family, weigh) {
  const ranks = ranksOf.get(family) ?? rankSizes(weigh());
  ranksOf.set(family, ranks);
  return ranks;
}

/** @param {number} rank */
const rankColour = (rank) => (rank >= 0 && rank < NUM_COLOURS ? ink[`c${rank}`] : ink.other);

/** Whether the labels of spans and those of recordings are two families, as in the demo's walk and stroll. */
const spanLabels = new Set(report.recordings.flatMap((recording) => recording.labels.map((span) => span[2])));

/** Rank of a label among its kind: labels of spans, or those of recordings only. @param {number} index */
function labelRank(index) {
  const kind = spanLabels.has(index) || !spanLabels.size;
  const ranks = ranksIn(kind ? "label" : "whole", () =>
    weighLabels().map((size, i) => ((spanLabels.has(i) || !spanLabels.size) === kind ? size : -1)),
  );
  return ranks[index];
}

/** Give a label that was added by hand the next colour. @param {number} index */
export function meetLabel(index) {
  labelRank(index);
  const ranks = ranksOf.get("label") ?? [];
  ranks[index] = spanLabels.size;
  ranksOf.set("label", ranks);
  spanLabels.add(index);
}

/** Forget which motif has which colour, since motifs were merged. */
export const forgetMotifColours = () => ranksOf.delete("motif");

/** @param {number} index */
export const labelColour = (index) => (index < 0 ? ink.other : rankColour(labelRank(index)));

/** @param {number} index */
export const motifColour = (index) =>
  index < 0
    ? ink.other
    : rankColour(ranksIn("motif", () => report.motifs.map((motif) => motif.share))[index]);

/** Colour of a motif beside labels: neutral, so that it is not taken for a label's, unless the map is coloured by
 * motif. @param {number} index */
export const quietMotifColour = (index) => (state.colour === "motif" ? motifColour(index) : ink.middle);

/** Greys that activities take in turn, as shares of ink: neighbours differ, no label has them, and the palest
 * stands out from the ground by 3 to 1. */
const GREYS = [0.66, 1, 0.78, 0.9];

/** @param {number} index */
export const activityColour = (index) =>
  index < 0 ? ink.other : mixColours(ink.well, ink.middle, GREYS[index % GREYS.length]);

/** Colour of a value 0..1 on a ramp from pale to strong, which can be read without its hue.
 * @param {number} value */
export function rampColour(value) {
  return value < 0.5
    ? mixColours(ink.ghost, ink.accent, value * 2)
    : mixColours(ink.accent, ink.ink, value * 2 - 1);
}
/** Steps of a ramp's legend. */
export const RAMP_STEPS = 6;

/** What points can be coloured by: what a report has. @returns {[value: string, text: string][]} */
export function colourChoices() {
  /** @type {[string, string][]} */
  const found = [];
  if (report.labels.length) found.push(["label", "label"]);
  if (report.motifs.length) found.push(["motif", "motif"]);
  if (report.lanes.surprise > 0) found.push(["surprise", "surprise"]);
  if (report.recordings.some((recording) => recording.error !== null))
    found.push(["error", "error of recording"]);
  if (report.subjects.length > 1) found.push(["subject", "subject"]);
  if (new Set(report.recordings.map((recording) => recording.split)).size > 1) found.push(["split", "split"]);
  report.columns.forEach((name, i) => found.push([`column:${i}`, name]));
  if (report.recordings.length > 1) found.push(["recording", "recording"]);
  return found;
}

/** Distinct values of a text of each recording, and the index of each.
 * @param {(r: Recording) => string} read */
function gather(read) {
  const texts = report.recordings.map(read);
  const names = [...new Set(texts)].sort();
  return { names: names.map((name) => name || "none"), indices: texts.map((text) => names.indexOf(text)) };
}

/** @param {number[]} indices @param {number} size */
function countEach(indices, size) {
  const counts = new Array(size).fill(0);
  for (const index of indices) if (index >= 0 && index < size) counts[index]++;
  return counts;
}

/** @param {string} name @param {Moments | null} moments @returns {Scheme} */
export function buildScheme(name, moments) {
  const ofMoments = (/** @type {(i: number) => number} */ read) =>
    Array.from({ length: moments?.count ?? 0 }, (_, i) => read(i));
  /** @param {string[]} names @param {string[]} colours @param {(i: number) => number} ofMoment
   * @param {(i: number) => number} ofRecording */
  const categories = (names, colours, ofMoment, ofRecording) => ({
    names: [...names, "none"],
    colours: [...colours, ink.other],
    ramp: false,
    counts: countEach(
      ofMoments(ofMoment).map((i) => (i < 0 ? names.length : i)),
      names.length + 1,
    ),
    ofMoment: (/** @type {number} */ i) => (ofMoment(i) < 0 ? names.length : ofMoment(i)),
    ofRecording: (/** @type {number} */ i) => (ofRecording(i) < 0 ? names.length : ofRecording(i)),
  });
  const byte = (/** @type {Uint8Array | undefined} */ values) => (/** @type {number} */ i) =>
    values && values[i] < 255 ? values[i] : -1;
  if (name === "label") {
    return categories(
      report.labels,
      report.labels.map((_, i) => labelColour(i)),
      byte(moments?.label),
      (i) => report.recordings[i].label,
    );
  }
  if (name === "motif") {
    return categories(
      report.motifs.map((_, i) => motifName(i)),
      report.motifs.map((_, i) => motifColour(i)),
      byte(moments?.motif),
      commonestMotif,
    );
  }
  if (name === "surprise" || name === "error") return buildRamp(name, moments);
  const column = name.startsWith("column:") ? Number(name.slice(7)) : -1;
  const { names, indices } = gather((recording) => {
    if (name === "subject") return recording.subject < 0 ? "" : report.subjects[recording.subject];
    if (name === "split") return recording.split;
    return column >= 0 ? (recording.columns[column] ?? "") : recording.name;
  });
  const ranks = rankSizes(countEach(indices, names.length));
  return categories(
    names,
    ranks.map(rankColour),
    (i) => indices[moments?.recording[i] ?? 0],
    (i) => indices[i],
  );
}

/** @param {number} recording */
function commonestMotif(recording) {
  const times = report.motifs.map(() => 0);
  for (const [start, stop, motif] of report.recordings[recording].motifs)
    if (motif >= 0) times[motif] += stop - start;
  const most = Math.max(0, ...times);
  return most > 0 ? times.indexOf(most) : -1;
}

/** @param {string} name @param {Moments | null} moments @returns {Scheme} */
function buildRamp(name, moments) {
  const errors = report.recordings.map((recording) => recording.error ?? 0);
  const [low, high] = [Math.min(...errors), Math.max(...errors)];
  const step = (/** @type {number} */ share) => Math.min(Math.floor(share * RAMP_STEPS), RAMP_STEPS - 1);
  const ofError = (/** @type {number} */ i) => step((errors[i] - low) / (high - low || 1));
  const means = report.recordings.map(() => [0, 0]);
  for (let i = 0; i < (moments?.count ?? 0); i++) {
    const mean = means[/** @type {Moments} */ (moments).recording[i]];
    mean[0] += /** @type {Moments} */ (moments).surprise[i];
    mean[1]++;
  }
  const isError = name === "error";
  const top = isError ? high : report.lanes.surprise;
  const bottom = isError ? low : 0;
  const bound = (/** @type {number} */ i) => (bottom + (i * (top - bottom)) / RAMP_STEPS).toPrecision(2);
  return {
    names: Array.from({ length: RAMP_STEPS }, (_, i) => `${bound(i)}\u2013${bound(i + 1)}`),
    ramp: true,
    counts: [],
    colours: Array.from({ length: RAMP_STEPS }, (_, i) => rampColour(i / (RAMP_STEPS - 1))),
    ofMoment: (i) =>
      isError ? ofError(moments?.recording[i] ?? 0) : step((moments?.surprise[i] ?? 0) / 255),
    ofRecording: (i) => (isError ? ofError(i) : step(means[i][0] / (means[i][1] || 1) / 255)),
  };
}
