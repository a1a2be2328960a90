// A part of a recording that was hidden and filled in: its numbers, and how the player shows them.
import { cameraOf } from "./camera.js";
import { readBlock, report } from "./data.js";
import { poseAt, readClip, readRests } from "./poses.js";
import { drawBody, drawFloor, makeLens } from "./skeleton.js";
import { state } from "./state.js";
import { ink } from "./theme.js";

/** `hidden` is 1 where a point (F, L) was hidden; `linear`, `low`, `high` lie apart from the filled poses.
 * @typedef {{ clip: Clip, hidden: Uint8Array, linear: Int16Array, low: Int16Array | null,
 *   high: Int16Array | null }} Filled */
/** Height of the words above the bodies. */
const FILLED_WORDS = 24;
/** @type {WeakMap<Clip, Filled>} */
const filledOf = new WeakMap();
const numPoints = report.body.landmarks.length;
const numAxes = report.body.coordinates;
const [posePut, poseTrue, poseGiven] = [0, 1, 2].map(() => new Float32Array(numPoints * numAxes));
const filledPlaced = new Float32Array(3 * numPoints);

/** @param {Uint8Array} bytes @param {Completion} info @returns {Filled} */
function readFilled(bytes, { count, scale, rate, band }) {
  const width = numPoints * numAxes;
  const clip = readClip(bytes, { count, scale, rate, first: 0, fps: 30 });
  const maskSize = Math.ceil((count * numPoints) / 8);
  let at = 4 * count * width + maskSize;
  const hidden = Uint8Array.from(clip.seen ?? [], (_, i) => (bytes[at + (i >> 3)] >> (i & 7)) & 1);
  at += maskSize;
  const [linear, low, high] = Array.from({ length: band ? 3 : 1 }, (_, i) =>
    readRests(bytes, at + 2 * i * count * width, count, width),
  );
  return { clip, hidden, linear, low: low ?? null, high: high ?? null };
}

/** @param {number} index of report.completion @returns {Promise<Filled>} */
export async function loadFilled(index) {
  const info = /** @type {Completion[]} */ (report.completion)[index];
  const filled = await readBlock(info.block, (bytes) => readFilled(bytes, info));
  filledOf.set(filled.clip, filled);
  return filled;
}

/** Colour of what the model filled in. */
export const filledColour = () => ink.c4;

/** What was given on the left; on the right with what the model filled in, what was there in grey behind.
 * @param {CanvasRenderingContext2D} context @param {Stage} stage @param {Clip} clip
 * @param {number} position */
export function drawFilled(context, { x, y, width, height }, clip, position) {
  const filled = filledOf.get(clip);
  if (!filled) return;
  const now = Math.round(position) * numPoints;
  poseAt(clip, "reconstruction", position, posePut);
  poseAt(clip, "recording", position, poseTrue);
  let numHidden = 0;
  for (let i = 0; i < numPoints; i++) {
    const isHidden = filled.hidden[now + i];
    numHidden += isHidden;
    for (let k = i * numAxes; k < (i + 1) * numAxes; k++) poseGiven[k] = isHidden ? NaN : poseTrue[k];
  }
  const camera = cameraOf(clip);
  [0, 1].forEach((side) => {
    const stage = {
      x: x + (side * width) / 2,
      y: y + FILLED_WORDS,
      width: width / 2,
      height: height - FILLED_WORDS,
    };
    const lens = makeLens(camera, position, stage, state);
    const thick = Math.min(Math.max(Math.min(stage.width, height) * 0.014, 1.8), 6);
    context.save();
    context.beginPath();
    context.rect(stage.x, y, stage.width, height);
    context.clip();
    drawFloor(context, camera, position, stage, lens);
    if (side && numHidden) {
      drawBody(context, lens.place(poseTrue, filledPlaced), { width: thick, colour: ink.ghost });
      drawBody(context, lens.place(posePut, filledPlaced), { width: thick, colour: filledColour() });
    }
    drawBody(context, lens.place(poseGiven, filledPlaced), { width: thick });
    context.fillStyle = ink.soft;
    context.font = "12px system-ui, sans-serif";
    context.textAlign = "left";
    context.textBaseline = "alphabetic";
    const hint = numHidden === numPoints ? "all hidden" : numHidden ? "partly hidden" : "nothing hidden";
    context.fillText(
      side ? "filled in, truth in grey" : `given: ${hint}`,
      stage.x + 10,
      y + 19,
      stage.width - 14,
    );
    context.restore();
  });
  context.fillStyle = ink.line;
  context.fillRect(Math.round(x + width / 2), y, 1, height);
}
