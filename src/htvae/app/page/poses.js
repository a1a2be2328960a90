// Packed poses (htvae/app/packing.py), and poses between them.
import { report, unpackBlock } from "./data.js";

/** Recordings kept unpacked at once. */
const KEPT = 40;
/** @type {Map<number, Promise<Clip>>} */
const clips = new Map();

/** Numbers of `count` poses, coordinate by coordinate: undo split bytes, zigzag, and half of the pose before.
 * @param {Uint8Array} bytes @param {number} offset @param {number} count @param {number} width */
export function readRests(bytes, offset, count, width) {
  const size = count * width;
  const values = new Int16Array(size);
  for (let k = 0, at = offset; k < width; k++) {
    for (let i = k, before = 0; i < size; i += width, at++) {
      const folded = bytes[at] | (bytes[at + size] << 8);
      values[i] = ((folded >>> 1) ^ -(folded & 1)) + (before >> 1);
      before = values[i];
    }
  }
  return values;
}

/** Places of `count` poses: add up moves, and put each landmark where its parent is.
 * @param {Uint8Array} bytes @param {number} offset @param {number} count @param {number} width */
function readMoves(bytes, offset, count, width) {
  const values = readRests(bytes, offset, count, width);
  for (let i = width; i < values.length; i++) values[i] += values[i - width];
  const { parents, coordinates } = report.body;
  for (let i = 0; i < values.length; i += width) {
    for (let k = coordinates; k < width; k++) {
      const parent = parents[Math.floor(k / coordinates)];
      values[i + k] += values[i + parent * coordinates + (k % coordinates)];
    }
  }
  return values;
}

/** Poses without a recording beside them, the clip `number` of a block of several.
 * @param {Uint8Array} bytes @param {{ count: number, scale: number, rate: number }} info
 * @param {number} [number]
 * @returns {Clip} */
export function readMotion(bytes, { count, scale, rate }, number = 0) {
  const { landmarks, coordinates } = report.body;
  const width = landmarks.length * coordinates;
  const reconstruction = readMoves(bytes, number * 2 * count * width, count, width);
  return {
    count,
    scale,
    coordinates,
    landmarks: landmarks.length,
    first: 0,
    perFrame: rate / 30,
    reconstruction,
    recording: null,
    seen: null,
  };
}

/** Poses with a recording beside them, from the beginning of a block. @param {Uint8Array} bytes
 * @param {Pick<Recording, "count" | "scale" | "first" | "rate" | "fps">} info @returns {Clip} */
export function readClip(bytes, info) {
  const { landmarks, coordinates } = report.body;
  const { count, scale, first, rate, fps } = info;
  const width = landmarks.length * coordinates;
  const reconstruction = readMoves(bytes, 0, count, width);
  const recording = readRests(bytes, 2 * count * width, count, width);
  for (let i = 0; i < recording.length; i++) recording[i] += reconstruction[i];
  const bits = bytes.subarray(4 * count * width);
  const seen = new Uint8Array(count * landmarks.length);
  for (let i = 0; i < seen.length; i++) seen[i] = (bits[i >> 3] >> (i & 7)) & 1;
  return {
    count,
    scale,
    coordinates,
    landmarks: landmarks.length,
    first,
    perFrame: fps ? rate / fps : rate,
    reconstruction,
    recording,
    seen,
  };
}

/** The poses of a recording. @param {number} index @returns {Promise<Clip>} */
export function loadClip(index) {
  let clip = clips.get(index);
  clips.delete(index);
  clip ??= unpackBlock(report.recordings[index].poses).then((bytes) =>
    readClip(bytes, report.recordings[index]),
  );
  clips.set(index, clip); // the last one in the map was asked for last
  const [oldest] = clips.keys();
  if (clips.size > KEPT) clips.delete(oldest);
  return clip;
}

/** Where a source frame lies among packed poses. @param {Clip} clip @param {number} frame */
export const positionOf = (clip, frame) =>
  Math.min(Math.max((frame - clip.first) * clip.perFrame, 0), clip.count - 1);

/** Weights of the four poses around a place between two (Catmull-Rom). @param {number} t */
function weights(t) {
  const [t2, t3] = [t * t, t * t * t];
  return [(-t + 2 * t2 - t3) / 2, (2 - 5 * t2 + 3 * t3) / 2, (t + 4 * t2 - 3 * t3) / 2, (-t2 + t3) / 2];
}

/**
 * Write the pose (L, D), in torso lengths, at a position between packed poses; NaN where a point is missing.
 * @param {Clip} clip @param {"recording" | "reconstruction"} which @param {number} position
 * @param {Float32Array} out
 */
export function poseAt(clip, which, position, out) {
  const values = which === "recording" ? (clip.recording ?? clip.reconstruction) : clip.reconstruction;
  const seen = which === "recording" ? clip.seen : null;
  const { landmarks, coordinates, count, scale } = clip;
  const now = Math.min(Math.floor(position), count - 1);
  const t = position - now;
  const places = [Math.max(now - 1, 0), now, Math.min(now + 1, count - 1), Math.min(now + 2, count - 1)];
  const plain = weights(t);
  for (let point = 0; point < landmarks; point++) {
    const [w0, w1, w2, w3] = seen ? seenWeights(seen, places, point, landmarks, t, plain) : plain;
    for (let axis = 0; axis < coordinates; axis++) {
      const at = point * coordinates + axis;
      const width = landmarks * coordinates;
      out[at] =
        scale *
        (w0 * values[places[0] * width + at] +
          w1 * values[places[1] * width + at] +
          w2 * values[places[2] * width + at] +
          w3 * values[places[3] * width + at]);
    }
  }
  return out;
}

const GONE = [NaN, NaN, NaN, NaN];

/** Weights where some of the four poses lack a point: its neighbour stands in, the nearer pose decides.
 * @param {Uint8Array} seen @param {number[]} places @param {number} point @param {number} landmarks
 * @param {number} t
 * @param {number[]} plain */
function seenWeights(seen, places, point, landmarks, t, plain) {
  const [s0, s1, s2, s3] = places.map((place) => seen[place * landmarks + point]);
  if (s0 && s1 && s2 && s3) return plain;
  if (!(t < 0.5 ? s1 : s2)) return GONE;
  if (!s1) return [0, 0, 1, 0];
  if (!s2) return [0, 1, 0, 0];
  return [
    s0 ? plain[0] : 0,
    plain[1] + (s0 ? 0 : plain[0]),
    plain[2] + (s3 ? 0 : plain[3]),
    s3 ? plain[3] : 0,
  ];
}
