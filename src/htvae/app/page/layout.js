// Where the lanes of the timeline lie, which are those that the recording has and the open tab asks for.
import { hasLooks } from "./looks.js";
import { report } from "./data.js";
import { state } from "./state.js";
import { endOf } from "./timebase.js";

/** @typedef {{ kind: string, y: number, height: number }} Lane */
/** @typedef {{ left: number, width: number, from: number, to: number, lanes: Lane[], motifs: number[] }} Layout */
/** Most motifs with a row each. */
const MOST_ROWS = 12;

/** @param {Layout} layout @param {number} frame */
export const toX = (layout, frame) =>
  layout.left + ((frame - layout.from) / (layout.to - layout.from)) * layout.width;

/** @param {Layout} layout @param {number} x */
export const fromX = (layout, x) =>
  layout.from + ((x - layout.left) / layout.width) * (layout.to - layout.from);

/** Motifs by share, those that have a row. */
function rowsOfMotifs() {
  const order = report.motifs
    .map((_, i) => i)
    .sort((a, b) => report.motifs[b].share - report.motifs[a].share || a - b);
  return order.slice(0, MOST_ROWS);
}

/** Place the lanes that this recording has. @param {number} width @param {number} height
 * @param {Lanes | null} lanes
 * @returns {Layout} */
export function layOut(width, height, lanes) {
  const { first, labels } = report.recordings[state.recording];
  const left = width < 560 ? 64 : 76;
  const motifs = rowsOfMotifs();
  /** @type {[string, number][]} */
  const wanted = [["ruler", 18]];
  if (labels.length || report.live) wanted.push(["label", 22]);
  if (motifs.length)
    wanted.push([
      "motif",
      Math.max(motifs.length, 2) * (height > 230 ? 9 : report.activities.length ? 4.6 : 5.5) + 4,
    ]);
  if (report.activities.length) wanted.push(["activity", 12]);
  if (state.tab === "attention" && hasLooks(state.recording)) wanted.push(["looked at", 14]);
  const curves = [];
  if (report.lanes.surprise > 0) curves.push("surprise");
  curves.push("error", "speed");
  const hasGaps = Boolean(lanes?.observed.some((share) => share < 255));
  const taken = wanted.reduce((sum, [, size]) => sum + size + 3, hasGaps ? 13 : 0);
  const each = Math.min(Math.max((height - taken) / curves.length - 3, 14), 90);
  wanted.push(...curves.map((kind) => /** @type {[string, number]} */ ([kind, each])));
  if (hasGaps) wanted.push(["observed", 8]);
  let y = 0;
  const placed = wanted.map(([kind, size]) => {
    const lane = { kind, y, height: size };
    y += size + 3;
    return lane;
  });
  const [from, to] = state.zoom ?? [first, endOf(state.recording)];
  return {
    left,
    width: Math.max(width - left - 12, 10),
    from,
    to: Math.max(to, from + 1),
    lanes: placed,
    motifs,
  };
}

/** Motif of the row under a place of the lanes, or -1. @param {Layout} layout @param {number} y */
export function motifUnder(layout, y) {
  const lane = layout.lanes.find((one) => one.kind === "motif");
  if (!lane || y < lane.y || y > lane.y + lane.height) return -1;
  const row = (lane.height - 2) / Math.max(layout.motifs.length, 2);
  return layout.motifs[Math.floor((y - lane.y) / row)] ?? -1;
}
