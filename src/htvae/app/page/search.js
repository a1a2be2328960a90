// Find similar: spans of all recordings, nearest first, by the same arithmetic as htvae.app's reference.
import { loadWindows, report } from "./data.js";
import { framesPerSecond, hasSeconds } from "./timebase.js";

/** Most spans that are shown. */
const MOST = 12;

/** Windows of a span: the first one, and how many. @param {Query} query */
export function windowsOf({ recording, span: [a, b] }) {
  const { every, length, counts } = report.windows;
  const { first, fps } = report.recordings[recording];
  const unit = fps || 1;
  const count = counts[recording] ?? 0;
  const many = Math.min(Math.max(Math.floor(((b - a) / unit - length) / every + 0.5) + 1, 1), count);
  const start = Math.floor((a - first) / unit / every + 0.5);
  return { start: Math.min(Math.max(start, 0), count - many), many };
}

/** Sums and sums of squares of features before each window of one recording: (count + 1, K) each.
 * @param {Int8Array} features @param {number} offset @param {number} count @param {number} size */
function sumUp(features, offset, count, size) {
  const Sums = count < 100000 ? Int32Array : Float64Array; // 127 ** 2 * count must fit
  const sums = new Sums((count + 1) * size);
  const squares = new Sums((count + 1) * size);
  for (let i = 0; i < count * size; i++) {
    const value = features[offset * size + i];
    sums[i + size] = sums[i] + value;
    squares[i + size] = squares[i] + value * value;
  }
  return { sums, squares };
}

/** @typedef {Int32Array | Float64Array} Integers */
/** @typedef {{ recording: number, count: number, sums: Integers, squares: Integers }} Sums */
/** @type {Sums[] | null} */
let allSums = null;

/** @param {Int8Array} features @returns {Sums[]} */
function sumAll(features) {
  const { counts, features: size } = report.windows;
  let offset = 0;
  return counts.map((count, recording) => {
    const own = { recording, count, ...sumUp(features, offset, count, size) };
    offset += count;
    return own;
  });
}

/** Mean and spread (2 K) of `many` windows from `start` on. @param {Sums} own @param {number} start
 * @param {number} many
 * @param {Float64Array} out */
function describe({ sums, squares }, start, many, out) {
  const size = report.windows.features;
  for (let k = 0; k < size; k++) {
    const mean = (sums[(start + many) * size + k] - sums[start * size + k]) / many;
    const square = (squares[(start + many) * size + k] - squares[start * size + k]) / many;
    out[k] = mean;
    out[size + k] = Math.sqrt(Math.max(0, square - mean * mean));
  }
  return out;
}

/** Call `act` with each span of `many` windows: its number, recording and start, its mean and spread.
 * @param {Sums[]} all @param {number} many
 * @param {(index: number, recording: number, start: number, row: Float64Array) => void} act */
function eachSpan(all, many, act) {
  const row = new Float64Array(2 * report.windows.features);
  let index = 0;
  for (const own of all) {
    for (let s = 0; s <= own.count - many; s++) act(index++, own.recording, s, describe(own, s, many, row));
  }
  return index;
}

/** Means of all spans of so many windows, kept. @type {Map<number, Float64Array>} */
const centres = new Map();

/** @param {Sums[]} all @param {number} many */
function centreOf(all, many) {
  let centre = centres.get(many);
  if (!centre) {
    const sum = new Float64Array(2 * report.windows.features);
    const count = eachSpan(all, many, (_, _recording, _start, row) => {
      for (let k = 0; k < sum.length; k++) sum[k] += row[k];
    });
    centre = sum.map((value) => value / Math.max(count, 1));
    centres.set(many, centre);
  }
  return centre;
}

/** All spans of `many` windows, and the similarity (cosine around the mean) of each to one of them.
 * @param {Sums[]} all @param {{ recording: number, start: number, many: number }} query */
function compareAll(all, { recording, start, many }) {
  const centre = centreOf(all, many);
  const width = centre.length;
  const wanted = describe(all[recording], start, many, new Float64Array(width));
  for (let k = 0; k < width; k++) wanted[k] -= centre[k];
  const norm = Math.sqrt(wanted.reduce((sum, value) => sum + value * value, 0));
  const total = all.reduce((sum, own) => sum + Math.max(own.count - many + 1, 0), 0);
  const found = {
    recording: new Uint32Array(total),
    start: new Uint32Array(total),
    similarity: new Float64Array(total),
  };
  eachSpan(all, many, (index, from, at, row) => {
    let [product, square] = [0, 0];
    for (let k = 0; k < width; k++) {
      const value = row[k] - centre[k];
      product += value * wanted[k];
      square += value * value;
    }
    const scale = norm * Math.sqrt(square);
    found.recording[index] = from;
    found.start[index] = at;
    found.similarity[index] = scale > 0 ? product / scale : 0;
  });
  return found;
}

/** Leave out spans that overlap one of them. @param {ReturnType<typeof compareAll>} found
 * @param {number} recording @param {number} start @param {number} reach windows */
function leaveOut(found, recording, start, reach) {
  for (let i = 0; i < found.start.length; i++) {
    if (found.recording[i] === recording && Math.abs(found.start[i] - start) < reach) {
      found.similarity[i] = -Infinity;
    }
  }
}

/** Place of the greatest value, the first of equals; -1 where all are left out. @param {Float64Array} values */
function findGreatest(values) {
  let [best, greatest] = [-1, -Infinity];
  for (let i = 0; i < values.length; i++) if (values[i] > greatest) [best, greatest] = [i, values[i]];
  return best;
}

/** Unpack what the search needs, so that the first one is quick. */
export async function prepareSearch() {
  if (report.windows.features) allSums ??= sumAll(await loadWindows());
}

/** The spans nearest to a query, which overlap neither it nor each other.
 * @param {Query} query @param {boolean} [elsewhere] spans of other recordings only
 * @returns {Promise<Hit[]>} */
export async function searchSimilar(query, elsewhere = false) {
  const { every, length, features, counts } = report.windows;
  if (!features || !counts[query.recording]) return [];
  await prepareSearch();
  const all = /** @type {Sums[]} */ (allSums);
  const { start, many } = windowsOf(query);
  const found = compareAll(all, { recording: query.recording, start, many });
  const span = (many - 1) * every + length;
  const reach = (span - 1e-9) / every;
  leaveOut(found, query.recording, start, elsewhere ? Infinity : reach);
  /** @type {Hit[]} */
  const hits = [];
  while (hits.length < MOST) {
    const best = findGreatest(found.similarity);
    if (best < 0) break;
    const [recording, at, distance] = [found.recording[best], found.start[best], 1 - found.similarity[best]];
    leaveOut(found, recording, at, reach);
    const { first } = report.recordings[recording];
    const unit = hasSeconds(recording) ? framesPerSecond(recording) : 1;
    hits.push({
      recording,
      start: Math.round(first + at * every * unit),
      stop: Math.round(first + (at * every + span) * unit),
      distance,
    });
  }
  return hits;
}
