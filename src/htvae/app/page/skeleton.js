// A body on a canvas: points become pixels, edges become strokes of their side's colour.
import { centreAt, floorAt, pixelsPerUnit } from "./camera.js";
import { report } from "./data.js";
import { ink } from "./theme.js";

const bodyEdges = report.body.edges;
const bodySides = report.body.sides;
const bodyPoints = report.body.landmarks;
const bodyAxes = report.body.coordinates;
const jointless = bodyPoints.map((_, i) => !bodyEdges.some((edge) => edge.includes(i)));
/** Whether the body has a left and a right. */
export const hasSides = bodySides.some((side) => side !== 0);

/** @param {number} side */
const sideColour = (side) => (side > 0 ? ink.left : side < 0 ? ink.right : ink.middle);

/** @param {number} a @param {number} b */
const edgeSide = (a, b) => (bodySides[a] === bodySides[b] ? bodySides[a] : 0);

/** What turns a pose into pixels of a stage: x, y and nearness of each point.
 * @typedef {{ place(pose: Float32Array, out: Float32Array): Float32Array, scale: number }} Lens
 * @param {Camera} camera @param {number} position @param {Stage} stage
 * @param {{ yaw: number, pitch: number }} turn
 * @returns {Lens} */
export function makeLens(camera, position, stage, turn) {
  const scale = pixelsPerUnit(camera, stage);
  const cx = centreAt(camera, position, 0);
  const cy = centreAt(camera, position, 1);
  const cz = bodyAxes > 2 ? centreAt(camera, position, 2) : 0;
  const [left, top] = [stage.x + stage.width / 2, stage.y + stage.height / 2];
  const [sin, cos] = bodyAxes > 2 ? [Math.sin(turn.yaw), Math.cos(turn.yaw)] : [0, 1];
  const [up, flat] = bodyAxes > 2 ? [Math.sin(turn.pitch), Math.cos(turn.pitch)] : [0, 1];
  return {
    scale,
    place(pose, out) {
      for (let i = 0, at = 0; at < pose.length; i += 3, at += bodyAxes) {
        const [x, y, z] = [pose[at] - cx, pose[at + 1] - cy, bodyAxes > 2 ? pose[at + 2] - cz : 0];
        const near = z * cos - x * sin;
        out[i] = left + scale * (x * cos + z * sin);
        out[i + 1] = top - scale * (y * flat - near * up);
        out[i + 2] = near;
      }
      return out;
    },
  };
}

/** @typedef {{ width: number, colour?: string, alpha?: number }} Stroke */

/** Draw placed points and their edges. Returns how many points were there.
 * @param {CanvasRenderingContext2D} context @param {Float32Array} placed @param {Stroke} stroke */
export function drawBody(context, placed, { width, colour, alpha = 1 }) {
  context.globalAlpha = alpha;
  context.lineWidth = width;
  context.lineCap = context.lineJoin = "round";
  if (bodyAxes > 2 && !colour) drawByDepth(context, placed);
  else for (const side of colour ? [null] : [0, -1, 1]) drawEdges(context, placed, side, colour);
  let count = 0;
  for (let i = 0; i < bodyPoints.length; i++) {
    if (Number.isNaN(placed[3 * i])) continue;
    count++;
    if (!bodyEdges.length || jointless[i]) {
      context.fillStyle = colour ?? sideColour(bodySides[i]);
      context.beginPath();
      context.arc(placed[3 * i], placed[3 * i + 1], width * (bodyEdges.length ? 0.8 : 1.5), 0, 7);
      context.fill();
    }
  }
  context.globalAlpha = 1;
  return count;
}

/** @param {CanvasRenderingContext2D} context @param {Float32Array} placed @param {number | null} side
 * @param {string | undefined} colour */
function drawEdges(context, placed, side, colour) {
  context.strokeStyle = colour ?? sideColour(side ?? 0);
  context.beginPath();
  for (const [a, b] of bodyEdges) {
    if (side !== null && edgeSide(a, b) !== side) continue;
    if (Number.isNaN(placed[3 * a]) || Number.isNaN(placed[3 * b])) continue;
    context.moveTo(placed[3 * a], placed[3 * a + 1]);
    context.lineTo(placed[3 * b], placed[3 * b + 1]);
  }
  context.stroke();
}

/** @param {CanvasRenderingContext2D} context @param {Float32Array} placed */
function drawByDepth(context, placed) {
  const nearness = (/** @type {[number, number]} */ [a, b]) => placed[3 * a + 2] + placed[3 * b + 2];
  for (const [a, b] of [...bodyEdges].sort((one, other) => nearness(one) - nearness(other))) {
    if (Number.isNaN(placed[3 * a]) || Number.isNaN(placed[3 * b])) continue;
    context.strokeStyle = sideColour(edgeSide(a, b));
    context.beginPath();
    context.moveTo(placed[3 * a], placed[3 * a + 1]);
    context.lineTo(placed[3 * b], placed[3 * b + 1]);
    context.stroke();
  }
}

/** The floor: a line with a tick every unit of length, or a grid in three dimensions.
 * @param {CanvasRenderingContext2D} context @param {Camera} camera @param {number} position
 * @param {Stage} stage
 * @param {Lens} lens @param {number} [floor] its height */
export function drawFloor(context, camera, position, stage, lens, floor = floorAt(camera, position)) {
  context.strokeStyle = ink.line;
  context.lineWidth = 1;
  context.beginPath();
  const segment = (/** @type {number[]} */ a, /** @type {number[]} */ b) => {
    const ends = lens.place(Float32Array.from([...a, ...b]), new Float32Array(6));
    context.moveTo(ends[0], ends[1]);
    context.lineTo(ends[3], ends[4]);
  };
  const cx = Math.round(centreAt(camera, position, 0));
  if (bodyAxes > 2) {
    const cz = Math.round(centreAt(camera, position, 2));
    for (let k = -3; k <= 3; k++) {
      segment([cx + k, floor, cz - 3], [cx + k, floor, cz + 3]);
      segment([cx - 3, floor, cz + k], [cx + 3, floor, cz + k]);
    }
  } else {
    const reach = Math.ceil(stage.width / lens.scale / 2) + 1;
    const tick = 5 / lens.scale;
    segment([cx - reach, floor], [cx + reach, floor]);
    for (let x = cx - reach; x <= cx + reach; x++) segment([x, floor], [x, floor - tick]);
  }
  context.stroke();
}
