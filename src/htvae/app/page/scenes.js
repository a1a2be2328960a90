// Differences between groups as motion: two bodies in step, one of either group, seen by one camera.
import { cameraOf } from "./camera.js";
import { readBlock, report } from "./data.js";
import { make, nameText } from "./dom.js";
import { addGuests } from "./guest.js";
import { poseAt, readMotion } from "./poses.js";
import { drawBody, drawFloor, makeLens } from "./skeleton.js";
import { change, state, watch } from "./state.js";
import { ink } from "./theme.js";
import { makeCard } from "./thumbs.js";
import { inWords } from "./words.js";

/** Height of the words above two bodies. */
const TWIN_WORDS = 38;
/** @typedef {{ clips: Clip[], camera: Camera }} Twins */
/** All pairs of bodies, and the scene of each. @type {{ scene: GroupScene, bodies: Bodies }[]} */
const twins = (report.groups?.scenes ?? []).flatMap((scene) =>
  scene.bodies.map((bodies) => ({ scene, bodies })),
);
/** @type {WeakMap<Clip, Twins & { index: number }>} */
const twinsOf = new WeakMap();
const [poseFirst, poseSecond] = [0, 1].map(
  () => new Float32Array(report.body.landmarks.length * report.body.coordinates),
);
const twinPlaced = new Float32Array(3 * report.body.landmarks.length);

/** @param {number} index @returns {Promise<Twins>} */
async function loadTwins(index) {
  const { bodies } = twins[index];
  const found = await readBlock(bodies.block, (bytes) => {
    const clips = [0, 1].map((number) => readMotion(bytes, bodies, number));
    const all = new Int16Array(clips.flatMap((clip) => Array.from(clip.reconstruction)));
    const both = cameraOf({ ...clips[0], count: 2 * bodies.count, reconstruction: all });
    return { clips, camera: { ...both, ground: null } };
  });
  for (const clip of found.clips) twinsOf.set(clip, { ...found, index });
  return found;
}

/** The first group on the left; on the right the second one, with the first in grey behind.
 * @param {CanvasRenderingContext2D} context @param {Stage} stage @param {Clip} clip
 * @param {number} position */
function drawTwins(context, { x, y, width, height }, clip, position) {
  const found = twinsOf.get(clip);
  if (!found) return;
  const { clips, camera, index } = found;
  const { scene, bodies } = twins[index];
  poseAt(clips[0], "reconstruction", position, poseFirst);
  poseAt(clips[1], "reconstruction", position, poseSecond);
  [poseFirst, poseSecond].forEach((pose, side) => {
    const stage = {
      x: x + (side * width) / 2,
      y: y + TWIN_WORDS,
      width: width / 2,
      height: height - TWIN_WORDS,
    };
    const lens = makeLens(camera, 0, stage, state);
    const thick = Math.min(Math.max(Math.min(stage.width, height) * 0.014, 1.8), 6);
    context.save();
    context.beginPath();
    context.rect(stage.x, y, stage.width, height);
    context.clip();
    drawFloor(context, camera, 0, stage, lens);
    if (side) drawBody(context, lens.place(poseFirst, twinPlaced), { width: thick, colour: ink.ghost });
    drawBody(context, lens.place(pose, twinPlaced), { width: thick });
    context.strokeStyle = ink.accent;
    context.lineWidth = 2;
    for (const landmark of scene.landmarks) {
      context.beginPath();
      context.arc(twinPlaced[3 * landmark], twinPlaced[3 * landmark + 1], 8, 0, 7);
      context.stroke();
    }
    context.fillStyle = ink.soft;
    context.font = "12px system-ui, sans-serif";
    context.textAlign = "left";
    context.textBaseline = "alphabetic";
    context.fillText(scene.names[side], stage.x + 10, y + 19, stage.width - 14);
    context.fillText(bodies.captions[side], stage.x + 10, y + 34, stage.width - 14);
    context.restore();
  });
  context.fillStyle = ink.line;
  context.fillRect(Math.round(x + width / 2), y, 1, height);
}

/** Two cards, one of either group. @param {number} index of `twins` */
function makeTwins(index) {
  const { scene, bodies } = twins[index];
  /** @type {{ begun: number, camera: Camera | null }} */
  const twin = { begun: 0, camera: null };
  const cards = scene.names.map((name, side) => {
    const load = async () => {
      const { clips, camera } = await loadTwins(index);
      twin.camera = camera;
      return clips[side];
    };
    const stop = ((bodies.count - 1) / bodies.rate) * 30;
    const film = { load, start: 0, stop, fps: 30, which: /** @type {const} */ ("reconstruction"), twin };
    const card = makeCard(film, [nameText(name), bodies.captions[side]], () =>
      change({ guest: { kind: "scene", index } }),
    );
    card.dataset.scene = String(index);
    return card;
  });
  return make("div", "pair-cards", ...cards);
}

/** A part of the tab for each scene. @param {GroupScene[]} scenes @returns {HTMLElement[]} */
export function makeScenes(scenes) {
  if (!scenes.length) return [];
  addGuests("scene", {
    load: async (index) => (await loadTwins(index)).clips[0],
    title: (index) => [
      make("b", "", twins[index].scene.names.join(" | ")),
      ` ${inWords(twins[index].scene.title)}`,
    ],
    foot: (index) => `grey: ${twins[index].scene.names[0]}`,
    draw: drawTwins,
  });
  let index = 0;
  const parts = scenes.map((scene) => {
    const pairs = scene.bodies.map(() => makeTwins(index++));
    const far =
      scene.distance === null ? "" : ` At most ${scene.distance.toFixed(2)} ${report.body.unit} apart.`;
    return make(
      "div",
      "scene",
      make("h3", "", `${inWords(scene.title)}: ${scene.names.join(" and ")}`),
      make("p", "lead", `${scene.note}${far}`),
      ...pairs,
    );
  });
  watch(["guest"], () => {
    for (const card of parts.flatMap((part) => Array.from(part.querySelectorAll("[data-scene]")))) {
      const { guest } = state;
      card.classList.toggle(
        "played",
        guest?.kind === "scene" && guest.index === Number(card.getAttribute("data-scene")),
      );
    }
  });
  return parts;
}
