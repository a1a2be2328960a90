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

/** @param {Float64Array} a @param {Float64Array} b */
const dot = (a, b) => a.reduce((sum, value, i) => sum + value * b[i], 0);

/** Similarity (cosine around the mean) of each span of `many` windows to one of them.
 * @param {Sums[]} all @param {{ recording: number, start: number, many: number }} query */
function compareAll(all, { recording, start, many }) {
  const width = 2 * report.windows.features;
  const row = new Float64Array(width);
  const centre = new Float64Array(width);
  const spans = all.filter((own) => own.count >= many);
  let total = 0;
  for (const own of spans) {
    for (let s = 0; s <= own.count - many; s++, total++) {
      describe(own, s, many, row);
      for (let k = 0; k < width; k++) centre[k] += row[k];
    }
  }
  for (let k = 0; k < width; k++) centre[k] /= Math.max(total, 1);
  const wanted = describe(all[recording], start, many, new Float64Array(width)).map(
    (value, k) => value - centre[k],
  );
  const norm = Math.sqrt(dot(wanted, wanted));
  /** @type {{ recording: number, start: number, similarity: number }[]} */
  const found = [];
  for (const own of spans) {
    for (let s = 0; s <= own.count - many; s++) {
      describe(own, s, many, row);
      let [product, square] = [0, 0];
      for (let k = 0; k < width; k++) {
        const value = row[k] - centre[k];
        product += value * wanted[k];
        square += value * value;
      }
      const scale = norm * Math.sqrt(square);
      found.push({ recording: own.recording, start: s, similarity: scale > 0 ? product / scale : 0 });
    }
  }
  return found;
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
  found.sort((a, b) => b.similarity - a.similarity || a.recording - b.recording || a.start - b.start);
  const span = (many - 1) * every + length;
  const taken = [{ recording: query.recording, start }];
  /** @type {Hit[]} */
  const hits = [];
  for (const one of found) {
    if (elsewhere && one.recording === query.recording) continue;
    if (
      taken.some(
        (other) =>
          other.recording === one.recording && Math.abs(other.start - one.start) * every < span - 1e-9,
      )
    )
      continue;
    taken.push(one);
    const { first } = report.recordings[one.recording];
    const unit = hasSeconds(one.recording) ? framesPerSecond(one.recording) : 1;
    const from = Math.round(first + one.start * every * unit);
    hits.push({
      recording: one.recording,
      start: from,
      stop: Math.round(first + (one.start * every + span) * unit),
      distance: 1 - one.similarity,
    });
    if (hits.length >= MOST) break;
  }
  return hits;
}
