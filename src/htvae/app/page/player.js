// The player: the recording beside its reconstruction, or one over the other; or a drawn sample.
import { cameraOf } from "./camera.js";
import { report } from "./data.js";
import { announce, byId, canvasById, fitCanvas, make, nameText, pen } from "./dom.js";
import { loadClip, poseAt, positionOf } from "./poses.js";
import { drawBody, drawFloor, hasSides, makeLens } from "./skeleton.js";
import { change, state, watch } from "./state.js";
import { ink } from "./theme.js";
import { schedule } from "./ticker.js";
import { labelAt, motifAt, timeText } from "./timebase.js";

const numLandmarks = report.body.landmarks.length;
const buffer = () => new Float32Array(numLandmarks * report.body.coordinates);
const poseFound = buffer();
const poseRebuilt = buffer();
const placedFound = new Float32Array(3 * numLandmarks);
const placedRebuilt = new Float32Array(3 * numLandmarks);
/** The clip that is shown, and the recording that it is of.
 * @type {{ clip: Clip | null, recording: number }} */
const shown = { clip: null, recording: -1 };
/** Pixels of the points that were drawn last, for names under the pointer. @type {Float32Array[]} */
let targets = [];

/** Poses (recording, reconstruction) now on the stage. */
export const shownPoses = () => ({ recording: poseFound, reconstruction: poseRebuilt });

/** Mean distance between recording and reconstruction (torso lengths), NaN if no point is there. */
function errorNow() {
  const { coordinates } = report.body;
  let [sum, count] = [0, 0];
  for (let at = 0; at < poseFound.length; at += coordinates) {
    const way = Math.hypot(
      ...Array.from({ length: coordinates }, (_, i) => poseFound[at + i] - poseRebuilt[at + i]),
    );
    if (!Number.isNaN(way)) [sum, count] = [sum + way, count + 1];
  }
  return count ? sum / count : NaN;
}

/** @param {CanvasRenderingContext2D} context @param {string} text @param {Stage} stage */
function writeTitle(context, text, stage) {
  context.fillStyle = ink.soft;
  context.font = "12px system-ui, sans-serif";
  context.textAlign = "left";
  context.fillText(text, stage.x + 10, stage.y + 19);
}

/** @param {CanvasRenderingContext2D} context @param {Stage} stage @param {Lens} lens @param {Camera} camera
 * @param {number} position @param {"recording" | "reconstruction" | "over"} kind
 * @typedef {import("./skeleton.js").Lens} Lens */
function drawStage(context, stage, lens, camera, position, kind) {
  context.save();
  context.beginPath();
  context.rect(stage.x, stage.y, stage.width, stage.height);
  context.clip();
  drawFloor(context, camera, position, stage, lens);
  const width = Math.min(Math.max(Math.min(stage.width, stage.height) * 0.014, 1.8), 6);
  lens.place(poseFound, placedFound);
  lens.place(poseRebuilt, placedRebuilt);
  if (kind === "recording") {
    const count = drawBody(context, placedFound, { width });
    if (!count) {
      context.fillStyle = ink.soft;
      context.textAlign = "center";
      context.fillText("no points in this frame", stage.x + stage.width / 2, stage.y + stage.height / 2);
    }
  } else {
    drawBody(context, placedFound, { width, colour: kind === "over" ? ink.faint : ink.ghost });
    drawBody(context, placedRebuilt, { width });
  }
  targets.push((kind === "recording" ? placedFound : placedRebuilt).slice());
  drawRing(context, kind === "recording" ? placedFound : placedRebuilt);
  writeTitle(
    context,
    kind === "over"
      ? stage.width < 280
        ? "recording in grey"
        : "reconstruction over the recording (grey)"
      : kind,
    stage,
  );
  context.restore();
}

/** A ring around the landmark that a figure speaks of. @param {CanvasRenderingContext2D} context
 * @param {Float32Array} placed */
function drawRing(context, placed) {
  if (state.landmark < 0) return;
  context.strokeStyle = ink.accent;
  context.lineWidth = 2;
  context.beginPath();
  context.arc(placed[3 * state.landmark], placed[3 * state.landmark + 1], 10, 0, 7);
  context.stroke();
}

export function drawPlayer() {
  const canvas = canvasById("player");
  const size = fitCanvas(canvas);
  if (!size || state.guest) return;
  const { width, height, ratio } = size;
  const context = pen(canvas);
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  const { clip } = shown;
  if (!clip) return;
  const position = positionOf(clip, state.frame);
  poseAt(clip, "recording", position, poseFound);
  poseAt(clip, "reconstruction", position, poseRebuilt);
  const camera = cameraOf(clip);
  targets = [];
  const beside = state.playerView === "beside" && !state.video;
  const half = beside ? width / 2 : width;
  /** @type {("recording" | "reconstruction" | "over")[]} */
  const kinds = beside ? ["recording", "reconstruction"] : ["over"];
  kinds.forEach((kind, i) => {
    const stage = { x: i * half, y: 0, width: half, height };
    drawStage(context, stage, makeLens(camera, position, stage, state), camera, position, kind);
  });
  if (beside) {
    context.fillStyle = ink.line;
    context.fillRect(Math.round(half), 0, 1, height);
  }
  writeFoot();
}

function writeFoot() {
  const error = errorNow();
  const mean = report.recordings[shown.recording].error;
  const parts = [];
  if (Number.isNaN(error)) parts.push("no points in this frame");
  else parts.push(`error ${error.toFixed(3)}`);
  if (mean !== null) parts.push(`mean ${mean.toFixed(3)} ${report.body.unit}`);
  byId("player-error").textContent = parts.join(" \u00b7 ");
}

/** What the canvas shows, for those who do not see it. */
export function describePlayer() {
  const { recording, frame } = state;
  const what = [labelAt(recording, frame), motifAt(recording, frame)].filter(Boolean).join(", ");
  canvasById("player").setAttribute(
    "aria-label",
    `Recording ${report.recordings[recording].name} and its reconstruction at ${timeText(recording, frame)}` +
      (what ? `: ${what}` : ""),
  );
}

/** Say whose motion it is. */
export function titlePlayer() {
  const info = report.recordings[state.recording];
  const rest = [
    info.label >= 0 ? report.labels[info.label] : "",
    info.subject >= 0 ? report.subjects[info.subject] : "",
    ...info.columns,
    info.split,
  ].filter((text, i, all) => text && all.indexOf(text) === i && !info.name.startsWith(text));
  const title = byId("player-title");
  title.replaceChildren(
    nameText(info.name, "strong"),
    ...rest.flatMap((text) => [" \u00b7 ", make("bdi", "", text)]),
  );
}

async function showRecording() {
  const { recording } = state;
  titlePlayer();
  try {
    const clip = await loadClip(recording);
    if (state.recording === recording) Object.assign(shown, { clip, recording });
  } catch (error) {
    announce(error instanceof Error ? error.message : String(error));
  }
  schedule(drawPlayer);
}

/** Name the landmark under the pointer. @param {PointerEvent} event */
function namePoint(event) {
  const tip = byId("player-tip");
  let [best, nearest] = [-1, 12];
  for (const placed of targets) {
    for (let i = 0; i < numLandmarks; i++) {
      const way = Math.hypot(placed[3 * i] - event.offsetX, placed[3 * i + 1] - event.offsetY);
      if (way < nearest) [best, nearest] = [i, way];
    }
  }
  tip.hidden = best < 0 || state.playing;
  if (best < 0) return;
  tip.textContent = report.body.landmarks[best];
  tip.style.left = `${Math.min(event.offsetX + 12, canvasById("player").clientWidth - 120)}px`;
  tip.style.top = `${event.offsetY + 12}px`;
}

/** @param {HTMLCanvasElement} canvas */
function turnByHand(canvas) {
  /** @type {{ x: number, y: number, yaw: number, pitch: number } | null} */
  let from = null;
  canvas.addEventListener("pointerdown", (event) => {
    from = { x: event.clientX, y: event.clientY, yaw: state.yaw, pitch: state.pitch };
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!from) return;
    const pitch = Math.min(Math.max(from.pitch + (event.clientY - from.y) * 0.008, -0.3), 1.4);
    change({ yaw: from.yaw + (event.clientX - from.x) * 0.01, pitch });
  });
  for (const end of /** @type {const} */ (["pointerup", "pointercancel"]))
    canvas.addEventListener(end, () => (from = null));
}

export function startPlayer() {
  const canvas = canvasById("player");
  for (const side of ["left", "right"]) byId(`side-${side}`).hidden = !hasSides;
  for (const view of /** @type {const} */ (["beside", "over"])) {
    byId(`view-${view}`).addEventListener("click", () => change({ playerView: view }));
  }
  const turns = /** @type {[string, number, number][]} */ ([
    ["front", 0, 0],
    ["side", Math.PI / 2, 0],
  ]);
  for (const [name, yaw, pitch] of turns) {
    byId(`turn-${name}`).addEventListener("click", () => change({ yaw, pitch }));
  }
  byId("turns").hidden = report.body.coordinates < 3;
  canvas.addEventListener("pointermove", namePoint);
  canvas.addEventListener("pointerleave", () => (byId("player-tip").hidden = true));
  if (report.body.coordinates > 2) turnByHand(canvas);
  const mark = () => {
    for (const view of ["beside", "over"]) {
      byId(`view-${view}`).setAttribute("aria-pressed", String(state.playerView === view));
    }
  };
  watch(["playerView"], mark);
  mark();
  watch(["recording"], showRecording);
  watch(["frame", "playerView", "theme", "yaw", "pitch", "landmark", "guest", "video"], () =>
    schedule(drawPlayer),
  );
  watch(["frame", "recording", "playing"], () => !state.playing && describePlayer());
  new ResizeObserver(() => schedule(drawPlayer)).observe(canvas);
  describePlayer();
  return showRecording();
}
