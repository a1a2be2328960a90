// Where the map's points lie on the canvas, and which of them is under the pointer.
import { loadMoments, report } from "./data.js";
import { state } from "./state.js";

/** Cells of the search grid along each axis. */
const CELLS = 64;
/** Free pixels around the points: left, right, top, bottom (where the map says what it is). */
const MARGIN = { side: 16, top: 16, bottom: 40 };
/** Part of the map that is shown: centre in map units (-1..1), and magnification. */
export const view = { x: 0, y: 0, zoom: 1 };
/** All moments, once unpacked. @type {{ all: Moments | null }} */
export const moments = { all: null };
/** @typedef {{ kind: string, starts: Uint32Array, order: Uint32Array }} Grid */
/** @type {Grid | null} */
let grid = null;

export async function openMoments() {
  if (report.moments.count) moments.all = await loadMoments();
}

/** @param {number} index @returns {[number, number]} */
export function momentPlace(index) {
  const { x, y } = /** @type {Moments} */ (moments.all).places[state.mapKind];
  return [x[index] / 32767, y[index] / 32767];
}

/** @param {number} index @returns {[number, number]} */
export const recordingPlace = (index) => report.recordings[index].maps[state.mapKind] ?? [0, 0];

/** Middle and half the size of what a map fills.
 * @type {Map<string, { x: number, y: number, rx: number, ry: number }>} */
const frames = new Map();

/** @param {Iterable<number>} values @returns {[middle: number, half: number]} */
function reachOf(values) {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) [low, high] = [Math.min(low, value), Math.max(high, value)];
  return low <= high ? [(low + high) / 2, Math.max((high - low) / 2, 1e-3)] : [0, 1];
}

/** The part of the plane that holds all points of this map. */
function frameOf() {
  const key = `${state.mapView} ${state.mapKind}`;
  let frame = frames.get(key);
  if (!frame) {
    const own = state.mapView === "moments" ? moments.all?.places[state.mapKind] : null;
    const places = report.recordings.map((_, i) => recordingPlace(i));
    const [x, rx] = reachOf(own ? own.x : places.map(([px]) => px));
    const [y, ry] = reachOf(own ? own.y : places.map(([, py]) => py));
    const unit = own ? 32767 : 1;
    frame = { x: x / unit, y: y / unit, rx: rx / unit, ry: ry / unit };
    if (own || state.mapView === "recordings") frames.set(key, frame);
  }
  return frame;
}

/** @param {{ width: number, height: number }} size */
export function makeChart({ width, height }) {
  const frame = frameOf();
  const sx = ((width / 2 - MARGIN.side) * view.zoom) / frame.rx;
  const sy = (((height - MARGIN.top - MARGIN.bottom) / 2) * view.zoom) / frame.ry;
  const middle = MARGIN.top + (height - MARGIN.top - MARGIN.bottom) / 2;
  const [x, y] = [frame.x + view.x * frame.rx, frame.y + view.y * frame.ry];
  return {
    sx,
    sy,
    left: width / 2 - x * sx,
    top: middle + y * sy,
    rx: frame.rx,
    ry: frame.ry,
    /** @param {[number, number]} place @returns {[number, number]} */
    toPixel(place) {
      return [this.left + place[0] * sx, this.top - place[1] * sy];
    },
    /** @param {number} px @param {number} py @returns {[number, number]} */
    toPlace(px, py) {
      return [(px - this.left) / sx, (this.top - py) / sy];
    },
  };
}

/** @param {number} value -32767..32767 */
const cellOf = (value) => Math.min(CELLS - 1, Math.max(0, Math.floor(((value + 32768) / 65536) * CELLS)));

/** Moments by cell: those of cell c are order[starts[c]..starts[c + 1]]. @returns {Grid} */
function buildGrid() {
  const { count, places } = /** @type {Moments} */ (moments.all);
  const { x, y } = places[state.mapKind];
  const starts = new Uint32Array(CELLS * CELLS + 1);
  const cells = new Uint16Array(count);
  for (let i = 0; i < count; i++) {
    cells[i] = cellOf(y[i]) * CELLS + cellOf(x[i]);
    starts[cells[i] + 1]++;
  }
  for (let c = 0; c < CELLS * CELLS; c++) starts[c + 1] += starts[c];
  const next = starts.slice();
  const order = new Uint32Array(count);
  for (let i = 0; i < count; i++) order[next[cells[i]]++] = i;
  return { kind: state.mapKind, starts, order };
}

/** Index of the point nearest to a pixel, within `reach` pixels; -1 none.
 * @param {{ width: number, height: number }} size @param {number} px @param {number} py @param {number} reach
 * @param {(index: number) => boolean} counts whether a point can be picked */
export function pickPoint(size, px, py, reach, counts) {
  const chart = makeChart(size);
  let [best, nearest] = [-1, reach * reach];
  const look = (/** @type {number} */ index, /** @type {[number, number]} */ place) => {
    const [x, y] = chart.toPixel(place);
    const way = (x - px) ** 2 + (y - py) ** 2;
    if (way < nearest && counts(index)) [best, nearest] = [index, way];
  };
  if (state.mapView === "recordings") {
    report.recordings.forEach((_, i) => look(i, recordingPlace(i)));
    return best;
  }
  if (!moments.all) return -1;
  if (grid?.kind !== state.mapKind) grid = buildGrid();
  const low = chart.toPlace(px - reach, py + reach).map((v) => cellOf(v * 32767));
  const high = chart.toPlace(px + reach, py - reach).map((v) => cellOf(v * 32767));
  for (let row = low[1]; row <= high[1]; row++) {
    for (let i = grid.starts[row * CELLS + low[0]]; i < grid.starts[row * CELLS + high[0] + 1]; i++) {
      look(grid.order[i], momentPlace(grid.order[i]));
    }
  }
  return best;
}

/** First and last moment of each recording, in order. @type {Map<number, [number, number]>} */
const rangesOf = new Map();

/** First and last moment of a recording; the last before the first where it has none.
 * @param {number} recording @returns {[number, number]} */
export function momentsOf(recording) {
  const { all } = moments;
  if (all && !rangesOf.size) {
    for (let i = 0; i < all.count; i++) {
      const range = rangesOf.get(all.recording[i]);
      if (range) range[1] = i;
      else rangesOf.set(all.recording[i], [i, i]);
    }
  }
  return rangesOf.get(recording) ?? [0, -1];
}

/** Index of the moment whose middle is nearest to a frame of a recording; -1 none.
 * @param {number} recording @param {number} frame */
export function momentAt(recording, frame) {
  const { all } = moments;
  if (!all) return -1;
  const [from, to] = momentsOf(recording);
  let [best, nearest] = [-1, Infinity];
  for (let i = from; i <= to; i++) {
    if (all.recording[i] !== recording) continue;
    const way = Math.abs((all.start[i] + all.stop[i]) / 2 - frame);
    if (way < nearest) [best, nearest] = [i, way];
  }
  return best;
}
