// A guest that the model made, its made points told apart from given ones: a glow along edges, hollow dots.
import { cameraOf } from "./camera.js";
import { report } from "./data.js";
import { poseAt } from "./poses.js";
import { drawBody, drawFloor, makeLens } from "./skeleton.js";
import { state } from "./state.js";
import { ink } from "./theme.js";

const numMade = report.body.landmarks.length;
const [madePose, madeCorner] = [0, 1].map(() => new Float32Array(numMade * report.body.coordinates));
const [madePlaced, madeLeast, madeMost] = [0, 1, 2].map(() => new Float32Array(3 * numMade));

/** Where made points may lie. @param {CanvasRenderingContext2D} context @param {import("./skeleton.js").Lens} lens
 * @param {LiveClip} clip @param {number} now @param {number[]} made */
function drawReach(context, lens, { low, high, scale }, now, made) {
  if (!low || !high) return;
  const width = madeCorner.length;
  for (const [values, out] of /** @type {[Int16Array, Float32Array][]} */ ([
    [low, madeLeast],
    [high, madeMost],
  ])) {
    for (let at = 0; at < width; at++) madeCorner[at] = scale * values[now * width + at];
    lens.place(madeCorner, out);
  }
  context.fillStyle = ink.c4;
  context.globalAlpha = 0.18;
  context.beginPath(); // one path: where bands overlap, they are no darker
  for (const point of made) {
    const [x, y] = [0, 1].map((axis) => (madeLeast[3 * point + axis] + madeMost[3 * point + axis]) / 2);
    const [rx, ry] = [madeMost[3 * point] - x, madeMost[3 * point + 1] - y].map((way) =>
      Math.max(Math.abs(way), 1),
    );
    context.moveTo(x + rx, y);
    context.ellipse(x, y, rx, ry, 0, 0, 2 * Math.PI);
  }
  context.fill();
  context.globalAlpha = 1;
}

/** @param {CanvasRenderingContext2D} context @param {number} width @param {Set<number>} made */
function drawGlow(context, width, made) {
  context.strokeStyle = ink.c4;
  context.globalAlpha = 0.3;
  context.lineWidth = width * 3.4;
  context.lineCap = "round";
  context.beginPath();
  for (const [a, b] of report.body.edges) {
    if (!made.has(a) && !made.has(b)) continue;
    context.moveTo(madePlaced[3 * a], madePlaced[3 * a + 1]);
    context.lineTo(madePlaced[3 * b], madePlaced[3 * b + 1]);
  }
  context.stroke();
  context.globalAlpha = 1;
}

/** @param {CanvasRenderingContext2D} context @param {number} width @param {Set<number>} made */
function drawHollow(context, width, made) {
  context.fillStyle = ink.well;
  context.strokeStyle = ink.c4;
  context.lineWidth = Math.max(width * 0.45, 1.4);
  for (const point of made) {
    context.beginPath();
    context.arc(madePlaced[3 * point], madePlaced[3 * point + 1], width * 0.95, 0, 7);
    context.fill();
    context.stroke();
  }
}

/** @param {CanvasRenderingContext2D} context @param {Stage} stage @param {LiveClip} clip @param {number} position */
export function drawMade(context, stage, clip, position) {
  const camera = cameraOf(clip);
  const lens = makeLens(camera, position, stage, state);
  drawFloor(context, camera, position, stage, lens);
  const now = Math.min(Math.round(position), clip.count - 1);
  const { given } = clip;
  const points = given ? [...Array(numMade).keys()].filter((point) => !given[now * numMade + point]) : [];
  const made = new Set(points);
  lens.place(poseAt(clip, "reconstruction", position, madePose), madePlaced);
  const width = Math.max(stage.height * 0.014, 2);
  drawReach(context, lens, clip, now, points);
  drawGlow(context, width, made);
  drawBody(context, madePlaced, { width });
  drawHollow(context, width, made);
}
