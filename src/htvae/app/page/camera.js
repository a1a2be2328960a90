// The camera of a clip: it follows the body slowly along the axes on which it travels, at one size.
import { poseAt } from "./poses.js";

/** Seconds over which the camera's path is smoothed. */
const SLOWNESS = 1.2;
/** Least way of a body (multiples of its size) at which the camera follows it. */
const TRAVELS = 0.6;
/** @type {WeakMap<Clip, Camera>} */
const cameras = new WeakMap();

/** @param {Float32Array | number[]} values @param {number} share */
function quantile(values, share) {
  const sorted = Float32Array.from(values).filter(Number.isFinite).sort();
  return sorted.length ? sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] : 0;
}

/** Mean over 2 * `reach` + 1 values, three times: close to a Gaussian. @param {Float32Array} values
 * @param {number} reach */
function smooth(values, reach) {
  let from = values;
  const last = values.length - 1;
  for (let round = 0; round < 3; round++) {
    const into = new Float32Array(from.length);
    let sum = 0;
    for (let k = -reach; k <= reach; k++) sum += from[Math.min(Math.max(k, 0), last)];
    for (let i = 0; i <= last; i++) {
      into[i] = sum / (2 * reach + 1);
      sum += from[Math.min(i + reach + 1, last)] - from[Math.max(i - reach, 0)];
    }
    from = into;
  }
  return from;
}

/** Boxes of the body at poses: low and high by axis, NaN where nothing is seen.
 * @param {Clip} clip @param {number} begin @param {number} end */
function boxes(clip, begin, end) {
  const { coordinates, landmarks } = clip;
  const low = new Float32Array((end - begin) * coordinates).fill(NaN);
  const high = low.slice();
  const pose = new Float32Array(landmarks * coordinates);
  for (let i = begin; i < end; i++) {
    poseAt(clip, "reconstruction", i, pose);
    for (let at = 0; at < pose.length; at++) {
      const axis = (i - begin) * coordinates + (at % coordinates);
      if (!(pose[at] >= low[axis])) low[axis] = pose[at];
      if (!(pose[at] <= high[axis])) high[axis] = pose[at];
    }
  }
  return { low, high };
}

/** What `choose` takes of each 2 * `reach` + 1 values. @param {Float32Array} values @param {number} reach
 * @param {(...near: number[]) => number} choose */
const chooseNear = (values, reach, choose) =>
  values.map((_, i) => choose(...values.subarray(Math.max(i - reach, 0), i + reach + 1)));

/** The floor of made motion, whose path may rise or sink: where the feet are, but for jumps of up to a second.
 * @param {Float32Array} low @param {number} reach */
function groundUnder(low, reach) {
  const least = chooseNear(low, 2 * reach, Math.min);
  return smooth(chooseNear(least, 2 * reach, Math.max), reach);
}

/** The camera of poses begin..end. @param {Clip} clip @param {number} begin @param {number} end
 * @returns {Camera} */
function buildCamera(clip, begin, end) {
  const { coordinates } = clip;
  const count = end - begin;
  const { low, high } = boxes(clip, begin, end);
  const pick = (/** @type {Float32Array} */ values, /** @type {number} */ axis) =>
    Float32Array.from({ length: count }, (_, i) => values[i * coordinates + axis]);
  const sizes = Array.from({ length: coordinates }, (_, axis) =>
    quantile(
      pick(high, axis).map((value, i) => value - low[i * coordinates + axis]),
      0.9,
    ),
  );
  const size = Math.max(...sizes, 1e-3);
  const reach = Math.max(1, Math.round((SLOWNESS * clip.perFrame * 30) / 3.4));
  const centre = new Float32Array(count * coordinates);
  const half = new Array(coordinates).fill(0);
  for (let axis = 0; axis < coordinates; axis++) {
    const middle = pick(high, axis).map((value, i) => (value + low[i * coordinates + axis]) / 2);
    let path = smooth(middle, reach);
    if (Math.max(...path) - Math.min(...path) < TRAVELS * size) {
      path = path.fill((quantile(pick(low, axis), 0.01) + quantile(pick(high, axis), 0.99)) / 2);
    }
    for (let i = 0; i < count; i++) centre[i * coordinates + axis] = path[i];
    const away = pick(high, axis).map((value, i) =>
      Math.max(value - path[i], path[i] - low[i * coordinates + axis]),
    );
    half[axis] = Math.max(quantile(away, 0.99), 0.15 * size);
  }
  return {
    begin,
    centre,
    coordinates,
    halfWidth: coordinates > 2 ? Math.max(half[0], half[2]) : half[0],
    halfHeight: half[1],
    floor: quantile(pick(low, 1), 0.05),
    ground: clip.recording ? null : groundUnder(pick(low, 1), reach),
  };
}

/** @param {Clip} clip @returns {Camera} */
export function cameraOf(clip) {
  const known = cameras.get(clip);
  if (known) return known;
  const camera = buildCamera(clip, 0, clip.count);
  cameras.set(clip, camera);
  return camera;
}

/** A camera for a part of a clip: nearer to the body, though not much. @param {Clip} clip
 * @param {number} from
 * @param {number} to positions */
export function cameraOfPart(clip, from, to) {
  const whole = cameraOf(clip);
  const begin = Math.floor(from);
  const part = buildCamera(clip, begin, Math.max(Math.min(Math.ceil(to) + 1, clip.count), begin + 1));
  return {
    ...part,
    floor: whole.floor,
    halfHeight: Math.max(part.halfHeight, 0.6 * whole.halfHeight),
    halfWidth: Math.max(part.halfWidth, 0.6 * whole.halfWidth),
  };
}

/** A camera that holds another clip, too. @param {Camera} camera @param {Clip} clip @returns {Camera} */
export function widenFor(camera, clip) {
  const { low, high } = boxes(clip, 0, clip.count);
  const half = new Array(clip.coordinates).fill(0);
  low.forEach((value, at) => {
    const axis = at % clip.coordinates;
    const centre = centreAt(camera, Math.floor(at / clip.coordinates), axis);
    const away = Math.max(centre - value, high[at] - centre);
    if (away > half[axis]) half[axis] = away;
  });
  return {
    ...camera,
    halfWidth: Math.max(camera.halfWidth, half[0], half[2] ?? 0),
    halfHeight: Math.max(camera.halfHeight, half[1]),
  };
}

/** A path (poses, width) at a position. @param {Float32Array} path @param {number} width @param {number} position
 * @param {number} axis */
function pathAt(path, width, position, axis) {
  const last = path.length / width - 1;
  const at = Math.min(Math.max(position, 0), last);
  const now = Math.floor(at);
  const next = Math.min(now + 1, last);
  return path[now * width + axis] * (1 - at + now) + path[next * width + axis] * (at - now);
}

/** Centre of the picture at a position. @param {Camera} camera @param {number} position
 * @param {number} axis */
export const centreAt = ({ begin, centre, coordinates }, position, axis) =>
  pathAt(centre, coordinates, position - begin, axis);

/** Height of the floor at a position. @param {Camera} camera @param {number} position */
export const floorAt = ({ begin, floor, ground }, position) =>
  ground ? pathAt(ground, 1, position - begin, 0) : floor;

/** Pixels per torso length in a stage. @param {Camera} camera @param {Stage} stage */
export const pixelsPerUnit = (camera, stage) =>
  Math.min((0.47 * stage.width) / camera.halfWidth, (0.455 * stage.height) / camera.halfHeight);
