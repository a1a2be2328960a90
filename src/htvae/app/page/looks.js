// What a chunk of a recording looked at: weights over the chunks of its window, and the lane that shows them.
import { readBlock, report } from "./data.js";
import { schedule } from "./ticker.js";
import { state } from "./state.js";
import { ink, mixColours } from "./theme.js";

/** Chunks of a recording: source frames, first chunk of each row, and a row of bytes each for every stage.
 * @typedef {{ starts: number[], stops: number[], firsts: Uint16Array, width: number,
 *   stages: Uint8Array[] }} Looks */
/** @type {Looks[]} */
let allLooks = [];
/** The stage whose weights are shown, and the chunk that looks. */
export const look = { stage: 0, chunk: -1 };

/** @param {number} recording */
export const hasLooks = (recording) => Boolean(report.attention?.counts[recording]);

/** @param {Uint8Array} bytes @returns {Looks[]} */
function readLooks(bytes) {
  const { counts, widths, stages } = /** @type {Attention} */ (report.attention);
  const total = counts.reduce((sum, count) => sum + count, 0);
  const words = new Uint16Array(bytes.slice(0, 6 * total).buffer);
  let [chunk, at] = [0, 6 * total];
  return counts.map((count, recording) => {
    const part = (/** @type {number} */ i) => words.subarray(i * total + chunk, i * total + chunk + count);
    let start = report.recordings[recording].first;
    const starts = Array.from(part(0), (step) => (start += step));
    const stops = Array.from(part(1), (length, i) => starts[i] + length);
    const firsts = part(2);
    const size = count * widths[recording];
    const rows = stages.map((_, i) => bytes.subarray(at + i * size, at + (i + 1) * size));
    chunk += count;
    at += stages.length * size;
    return { starts, stops, firsts, width: widths[recording], stages: rows };
  });
}

/** Weights of all recordings; once they are read, `looksOf` has them. */
export async function loadLooks() {
  if (report.attention) allLooks = await readBlock(report.attention.block, readLooks);
}

/** @param {number} recording @returns {Looks | null} */
export const looksOf = (recording) => (hasLooks(recording) ? (allLooks[recording] ?? null) : null);

/** The chunk whose middle is nearest to a frame. @param {Looks} looks @param {number} frame */
export function chunkAt({ starts, stops }, frame) {
  let best = 0;
  const away = (/** @type {number} */ i) => Math.abs((starts[i] + stops[i]) / 2 - frame);
  for (let i = 1; i < starts.length; i++) if (away(i) < away(best)) best = i;
  return best;
}

/** Shares of a chunk's attention: that of the token of the whole, and those of chunks by index.
 * @param {Looks} looks @param {number} chunk @param {number} stage */
export function sharesOf({ firsts, width, stages }, chunk, stage) {
  const { step } = /** @type {Attention} */ (report.attention);
  const row = stages[stage].subarray(chunk * width, (chunk + 1) * width);
  const share = (/** @type {number} */ i) => (row[i] * step) / width;
  const chunks = Array.from({ length: width - 1 }, (_, i) => ({
    chunk: firsts[chunk] + i,
    share: share(i + 1),
  }));
  return { token: share(0), chunks, even: 1 / width };
}

/** Each chunk of the window as a box, the darker the more it was looked at; a frame around the one that looks.
 * @param {CanvasRenderingContext2D} context @param {{ y: number, height: number }} lane
 * @param {(frame: number) => number} toPixel */
export function drawLooks(context, { y, height }, toPixel) {
  const looks = looksOf(state.recording);
  if (!looks) return;
  const { starts, stops } = looks;
  const chunk = chunkAt(looks, state.frame);
  const { chunks } = sharesOf(looks, chunk, look.stage);
  const all = chunks.map(({ share }) => share);
  const [least, most] = [Math.min(...all), Math.max(...all)];
  for (const { chunk: other, share } of chunks) {
    const [from, to] = [toPixel(starts[other]), toPixel(starts[other + 1] ?? stops[other])];
    context.fillStyle = mixColours(
      ink.well,
      ink.accent,
      0.12 + (0.88 * (share - least)) / (most - least || 1),
    );
    context.fillRect(from, y, Math.max(to - from - 1, 1), height);
  }
  const [from, to] = [toPixel(starts[chunk]), toPixel(starts[chunk + 1] ?? stops[chunk])];
  context.strokeStyle = ink.ink;
  context.lineWidth = 2;
  context.strokeRect(from + 1, y + 1, Math.max(to - from - 3, 2), height - 2);
}

/** Call `act` whenever another chunk holds the frame. @param {() => void} act */
export function followChunk(act) {
  const looks = looksOf(state.recording);
  const chunk = looks ? chunkAt(looks, state.frame) : -1;
  if (chunk === look.chunk) return;
  look.chunk = chunk;
  schedule(act);
}
