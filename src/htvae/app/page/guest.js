// Motion in the place of the recording in the player: it plays by itself in a loop. Each kind says how.
import { cameraOf } from "./camera.js";
import { readBlock, report } from "./data.js";
import { byId, canvasById, fitCanvas, nameText, pen } from "./dom.js";
import { drawPlayer, titlePlayer } from "./player.js";
import { poseAt, readMotion } from "./poses.js";
import { drawBody, drawFloor, makeLens } from "./skeleton.js";
import { change, state, watch } from "./state.js";
import { isCalm, keepMoving, rest, schedule } from "./ticker.js";

/** How guests of a kind are read, told of and drawn; `draw` gets a stage and a position among poses.
 * @typedef {{ pace: (index: number) => { count: number, rate: number },
 *   load: (index: number) => Promise<Clip>, title: (index: number) => (Node | string)[],
 *   foot: (index: number) => string,
 *   draw: (context: CanvasRenderingContext2D, stage: Stage, clip: Clip, position: number) => void
 * }} GuestKind */
/** @type {Record<string, GuestKind>} */
const guestKinds = {};

/** @param {string} name @param {GuestKind} kind */
export function addGuests(name, kind) {
  guestKinds[name] = kind;
}

/** The poses of a drawn sample. @param {number} index @returns {Promise<Clip>} */
export function loadGenerated(index) {
  const sample = report.generated[index];
  return readBlock(sample.poses, (bytes) => readMotion(bytes, sample));
}

/** @type {{ clip: Clip | null, begun: number }} */
const guest = { clip: null, begun: 0 };
const guestPose = new Float32Array(report.body.landmarks.length * report.body.coordinates);
const guestPlaced = new Float32Array(3 * report.body.landmarks.length);

/** @type {GuestKind["draw"]} */
function drawAlone(context, stage, clip, position) {
  const camera = cameraOf(clip);
  const lens = makeLens(camera, position, stage, state);
  drawFloor(context, camera, position, stage, lens);
  poseAt(clip, "reconstruction", position, guestPose);
  drawBody(context, lens.place(guestPose, guestPlaced), { width: Math.max(stage.height * 0.014, 2) });
}

/** @param {number} now */
function drawGuest(now) {
  const canvas = canvasById("player");
  const size = fitCanvas(canvas);
  if (!size || !guest.clip || !state.guest) return;
  const context = pen(canvas);
  context.setTransform(size.ratio, 0, 0, size.ratio, 0, 0);
  context.clearRect(0, 0, size.width, size.height);
  guest.begun ||= now;
  const kind = guestKinds[state.guest.kind];
  const { count, rate } = kind.pace(state.guest.index);
  const position = isCalm()
    ? (count - 1) / 2
    : (((now - guest.begun) / 1000) * rate * state.speed) % (count - 1 || 1);
  kind.draw(context, { x: 0, y: 0, width: size.width, height: size.height }, guest.clip, position);
}

async function receiveGuest() {
  const asked = state.guest;
  byId("guest-close").hidden = !asked;
  byId("views").hidden = Boolean(asked);
  for (const name of ["video-open", "player-gif"]) byId(name).hidden = Boolean(asked);
  rest(drawGuest);
  Object.assign(guest, { clip: null, begun: 0 });
  if (!asked) {
    titlePlayer();
    schedule(drawPlayer);
    return;
  }
  change({ playing: false });
  const kind = guestKinds[asked.kind];
  byId("player-title").replaceChildren(...kind.title(asked.index));
  byId("player-error").textContent = kind.foot(asked.index);
  const clip = await kind.load(asked.index);
  if (state.guest !== asked) return;
  guest.clip = clip;
  if (isCalm()) schedule(drawGuest);
  else keepMoving(drawGuest);
}

export function startGuest() {
  addGuests("generated", {
    pace: (index) => report.generated[index],
    load: loadGenerated,
    title: (index) => {
      const { name, label } = report.generated[index];
      const kind = label < 0 ? "" : `, as ${report.labels[label]}`;
      return [nameText(name, "strong"), " \u00b7 drawn by the model", kind];
    },
    foot: () => "no recording: this motion was made up by the model",
    draw: drawAlone,
  });
  watch(["guest"], receiveGuest);
  watch(["theme", "yaw", "pitch"], () => state.guest && schedule(drawGuest));
  byId("guest-close").addEventListener("click", () => change({ guest: null }));
}
