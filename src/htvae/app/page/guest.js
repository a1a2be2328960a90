// Motion in the place of the recording in the player: it plays in a loop. Each kind of guests says how.
import { cameraOf } from "./camera.js";
import { readBlock, report } from "./data.js";
import { announce, byId, canvasById, fitCanvas, nameText, pen } from "./dom.js";
import { describePlayer, drawPlayer, titlePlayer } from "./player.js";
import { poseAt, readMotion } from "./poses.js";
import { drawBody, drawFloor, makeLens } from "./skeleton.js";
import { change, state, watch } from "./state.js";
import { isCalm, keepMoving, rest, schedule } from "./ticker.js";

/** How guests of a kind are read, told of and drawn; `draw` gets a stage and a position among poses.
 * @typedef {{ load: (index: number) => Promise<Clip>, title: (index: number) => (Node | string)[],
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

/** @type {{ clip: Clip | null, now: number }} */
const guest = { clip: null, now: 0 };
const guestPose = new Float32Array(report.body.landmarks.length * report.body.coordinates);
const guestPlaced = new Float32Array(3 * report.body.landmarks.length);

/** Poses per second of a clip that stands for itself. @param {Clip} clip */
export const clipRate = (clip) => clip.perFrame * 30;

/** The guest's clip, and its pose that is shown. */
export function shownGuest() {
  if (guest.clip) poseAt(guest.clip, "reconstruction", state.guestAt, guestPose);
  return { clip: guest.clip, pose: guestPose };
}

/** @type {GuestKind["draw"]} */
function drawAlone(context, stage, clip, position) {
  const camera = cameraOf(clip);
  const lens = makeLens(camera, position, stage, state);
  drawFloor(context, camera, position, stage, lens);
  poseAt(clip, "reconstruction", position, guestPose);
  drawBody(context, lens.place(guestPose, guestPlaced), { width: Math.max(stage.height * 0.014, 2) });
}

export function drawGuest() {
  const canvas = canvasById("player");
  const size = fitCanvas(canvas);
  if (!size || !guest.clip || !state.guest) return;
  const context = pen(canvas);
  context.setTransform(size.ratio, 0, 0, size.ratio, 0, 0);
  context.clearRect(0, 0, size.width, size.height);
  const stage = { x: 0, y: 0, width: size.width, height: size.height };
  guestKinds[state.guest.kind].draw(context, stage, guest.clip, state.guestAt);
}

/** @param {number} now */
function moveGuest(now) {
  const passed = Math.max(0, now - guest.now) / 1000;
  guest.now = now;
  if (!guest.clip) return;
  const last = guest.clip.count - 1 || 1;
  change({ guestAt: (state.guestAt + passed * clipRate(guest.clip) * state.speed) % last });
}

function setGuestClock() {
  guest.now = performance.now();
  if (state.guest && state.playing) keepMoving(moveGuest);
  else rest(moveGuest);
}

async function receiveGuest() {
  const asked = state.guest;
  byId("guest-close").hidden = !asked;
  byId("views").hidden = Boolean(asked);
  byId("video-open").hidden = Boolean(asked);
  guest.clip = null;
  const title = byId("player-title");
  title.title = "";
  if (!asked) {
    titlePlayer();
    describePlayer();
    schedule(drawPlayer);
    return;
  }
  change({ playing: false, guestAt: 0 });
  const kind = guestKinds[asked.kind];
  title.replaceChildren(...kind.title(asked.index));
  title.title = title.textContent ?? "";
  byId("player-error").textContent = kind.foot(asked.index);
  canvasById("player").setAttribute("aria-label", `${title.title}; ${kind.foot(asked.index)}`);
  try {
    const clip = await kind.load(asked.index);
    if (state.guest !== asked) return;
    guest.clip = clip;
    change({ guestAt: isCalm() ? (clip.count - 1) / 2 : 0, playing: !isCalm() });
    schedule(drawGuest);
  } catch (error) {
    announce(error instanceof Error ? error.message : String(error));
  }
}

export function startGuest() {
  addGuests("generated", {
    load: loadGenerated,
    title: (index) => {
      const { name, label } = report.generated[index];
      const kind = label < 0 || name.startsWith(report.labels[label]) ? "" : `, as ${report.labels[label]}`;
      return [nameText(name, "strong"), " \u00b7 drawn by the model", kind];
    },
    foot: () => "made up by the model",
    draw: drawAlone,
  });
  watch(["guest"], receiveGuest);
  watch(["guest", "playing"], setGuestClock);
  watch(["theme", "yaw", "pitch", "guestAt"], () => state.guest && schedule(drawGuest));
  new ResizeObserver(() => state.guest && schedule(drawGuest)).observe(canvasById("player"));
  byId("guest-close").addEventListener("click", () => change({ guest: null, playing: false }));
}
