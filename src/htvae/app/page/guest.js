// A drawn sample in the player, in the place of the recording: it plays by itself in a loop.
import { cameraOf } from "./camera.js";
import { readBlock, report } from "./data.js";
import { byId, canvasById, fitCanvas, nameText, pen } from "./dom.js";
import { drawPlayer, titlePlayer } from "./player.js";
import { poseAt, readMotion } from "./poses.js";
import { drawBody, drawFloor, makeLens } from "./skeleton.js";
import { change, state, watch } from "./state.js";
import { isCalm, keepMoving, rest, schedule } from "./ticker.js";

/** The poses of a drawn sample. @param {number} index @returns {Promise<Clip>} */
export function loadGenerated(index) {
  const sample = report.generated[index];
  return readBlock(sample.poses, (bytes) => readMotion(bytes, sample));
}

/** @type {{ clip: Clip | null, begun: number }} */
const guest = { clip: null, begun: 0 };
const guestPose = new Float32Array(report.body.landmarks.length * report.body.coordinates);
const guestPlaced = new Float32Array(3 * report.body.landmarks.length);

/** @param {number} now */
function drawGuest(now) {
  const canvas = canvasById("player");
  const size = fitCanvas(canvas);
  if (!size || !guest.clip || !state.guest) return;
  const context = pen(canvas);
  context.setTransform(size.ratio, 0, 0, size.ratio, 0, 0);
  context.clearRect(0, 0, size.width, size.height);
  guest.begun ||= now;
  const sample = report.generated[state.guest.index];
  const position = isCalm()
    ? (sample.count - 1) / 2
    : (((now - guest.begun) / 1000) * sample.rate * state.speed) % (sample.count - 1 || 1);
  const stage = { x: 0, y: 0, width: size.width, height: size.height };
  const camera = cameraOf(guest.clip);
  const lens = makeLens(camera, position, stage, state);
  drawFloor(context, camera, position, stage, lens);
  poseAt(guest.clip, "reconstruction", position, guestPose);
  drawBody(context, lens.place(guestPose, guestPlaced), { width: Math.max(size.height * 0.014, 2) });
}

async function receiveGuest() {
  const isHere = Boolean(state.guest);
  byId("guest-close").hidden = !isHere;
  byId("views").hidden = isHere;
  for (const name of ["video-open", "player-gif"]) byId(name).hidden = isHere;
  rest(drawGuest);
  Object.assign(guest, { clip: null, begun: 0 });
  if (!state.guest) {
    titlePlayer();
    schedule(drawPlayer);
    return;
  }
  change({ playing: false });
  const { index } = state.guest;
  const { name, label } = report.generated[index];
  byId("player-title").replaceChildren(
    nameText(name, "strong"),
    " \u00b7 drawn by the model",
    label < 0 ? "" : `, as ${report.labels[label]}`,
  );
  byId("player-error").textContent = "no recording: this motion was made up by the model";
  const clip = await loadGenerated(index);
  if (state.guest?.index !== index) return;
  guest.clip = clip;
  if (isCalm()) schedule(drawGuest);
  else keepMoving(drawGuest);
}

export function startGuest() {
  watch(["guest"], receiveGuest);
  watch(["theme", "yaw", "pitch"], () => state.guest && schedule(drawGuest));
  byId("guest-close").addEventListener("click", () => change({ guest: null }));
}
