// The tab Latents, live: sliders that the model redraws, for the moment that the player shows.
import { cameraOf, floorAt, widenFor } from "./camera.js";
import { report } from "./data.js";
import { fitCanvas, make, makeButton, makeEmpty, nameText, pen } from "./dom.js";
import { clipRate } from "./guest.js";
import { readLiveClip, send, tellError } from "./live.js";
import { poseAt } from "./poses.js";
import { drawBody, drawFloor, makeLens } from "./skeleton.js";
import { state, watch } from "./state.js";
import { ink } from "./theme.js";
import { isCalm, keepMoving, rest, schedule } from "./ticker.js";
import { spanText, timeText } from "./timebase.js";
import { inWords, shareOfAll, USUAL } from "./words.js";

/** Farthest that a slider goes, in standard deviations of the latents. */
const FARTHEST = 3;
/** The sliders' places; the clips with all at 0 and as they are; of which moment; whether more is to be asked.
 * @type {{ shifts: number[], base: LiveClip | null, moved: LiveClip | null, camera: Camera | null,
 *   recording: number, span: Span,
 *   isAsking: boolean, isStale: boolean, isSeen: boolean }} */
const tuned = {
  shifts: [],
  base: null,
  moved: null,
  camera: null,
  recording: -1,
  span: [0, 0],
  isAsking: false,
  isStale: false,
  isSeen: false,
};
const tunedCanvas = make("canvas");
const tunedWhere = make("p", "lead");
const tunedPose = new Float32Array(report.body.landmarks.length * report.body.coordinates);
const tunedPlaced = new Float32Array(3 * report.body.landmarks.length);

/** What the sliders have made, for tests. */
export const shownTuning = () => ({ ...tuned });

/** @param {number} now */
function drawTuned(now) {
  const { base, moved } = tuned;
  const size = fitCanvas(tunedCanvas);
  if (!size || !base || !moved) return;
  const context = pen(tunedCanvas);
  context.setTransform(size.ratio, 0, 0, size.ratio, 0, 0);
  context.clearRect(0, 0, size.width, size.height);
  const last = Math.min(base.count, moved.count) - 1;
  const position = isCalm() ? last / 2 : ((now / 1000) * clipRate(base)) % (last || 1);
  const stage = { x: 0, y: 0, width: size.width, height: size.height };
  const camera = tuned.camera ?? cameraOf(base);
  const lens = makeLens(camera, position, stage, state);
  drawFloor(context, camera, position, stage, lens, floorAt(cameraOf(moved), position));
  const width = Math.max(size.height * 0.017, 1.8);
  const place = (/** @type {Clip} */ clip) =>
    lens.place(poseAt(clip, "reconstruction", position, tunedPose), tunedPlaced);
  drawBody(context, place(base), { width, colour: ink.ghost });
  drawBody(context, place(moved), { width });
}

function awakeTuned() {
  if (tuned.isSeen && !isCalm()) keepMoving(drawTuned);
  else rest(drawTuned);
  schedule(drawTuned);
}

/** Whether the clips are of the moment that the player shows. */
const isHere = () =>
  tuned.base !== null &&
  tuned.recording === state.recording &&
  state.frame >= tuned.span[0] &&
  state.frame < tuned.span[1];

/** @param {number} recording @param {number} frame @param {number[]} shifts */
const decode = async (recording, frame, shifts) =>
  readLiveClip(await send("api/decode", { recording, frame, shifts }));

/** Source frames of a clip. @param {LiveClip} clip @param {number} recording @param {number} frame that it holds
 * @returns {Span} */
function spanOfClip({ begins, count, perFrame }, recording, frame) {
  const { fps } = report.recordings[recording];
  const long = ((count - 1) / (perFrame * 30)) * (fps || 1);
  return begins === null ? [frame, frame + 1] : [begins, Math.ceil(begins + long) + 1];
}

/** Ask for what the sliders and the moment are now; while an answer is on its way, only the latest wish waits. */
async function retune() {
  tuned.isStale = true;
  if (tuned.isAsking) return;
  tuned.isAsking = true;
  try {
    while (tuned.isStale) {
      tuned.isStale = false;
      const { recording, frame } = state;
      const at = Math.floor(frame);
      if (!isHere()) {
        const base = await decode(
          recording,
          at,
          tuned.shifts.map(() => 0),
        );
        Object.assign(tuned, { base, recording, span: spanOfClip(base, recording, at) });
      }
      const shifts = [...tuned.shifts];
      tuned.moved = shifts.some(Boolean) ? await decode(tuned.recording, at, shifts) : tuned.base;
      tuned.camera = tuned.base && tuned.moved && widenFor(cameraOf(tuned.base), tuned.moved);
      sayWhere();
      schedule(drawTuned);
    }
  } catch (error) {
    tellError(error);
  } finally {
    tuned.isAsking = false;
  }
}

function sayWhere() {
  const { recording, span } = tuned;
  const name = report.recordings[recording].name;
  tunedWhere.replaceChildren(
    "The moment of the player (",
    nameText(name),
    `, ${spanText(recording, ...span)}), decoded anew with its latents moved; ${USUAL} Grey: all at 0.`,
  );
  tunedCanvas.setAttribute(
    "aria-label",
    `${name} at ${timeText(recording, span[0])} as the model draws it with the sliders; in grey, with all at 0`,
  );
}

/** @param {number} index */
function makeTuner(index) {
  const { name, text, share } = /** @type {Sliders} */ (report.sliders).directions[index];
  const input = make("input");
  Object.assign(input, { type: "range", min: -FARTHEST, max: FARTHEST, step: 0.1, value: 0 });
  const value = make("output", "soft", "0.0");
  const say = () => {
    const number = tuned.shifts[index];
    value.textContent = `${number > 0 ? "+" : ""}${number.toFixed(1)}`;
    input.setAttribute("aria-valuetext", `${value.textContent} times the usual difference`);
    if (Number(input.value) !== number) input.value = String(number);
  };
  input.addEventListener("input", () => {
    tuned.shifts[index] = Number(input.value);
    say();
    retune();
  });
  say();
  const words = make("span", "slider-name", make("b", "", name), ` ${inWords(text.split(":")[0])} `);
  words.append(make("span", "soft", shareOfAll(share)));
  return { row: make("label", "slider", words, input, value), say };
}

/** @param {HTMLElement} place */
export function makeTuning(place) {
  const directions = report.sliders?.directions ?? [];
  if (!directions.length) {
    place.replaceChildren(makeEmpty("No sliders", "This model has no chunk latents to slide along."));
    return;
  }
  tuned.shifts = directions.map(() => 0);
  tunedCanvas.setAttribute("role", "img");
  tunedCanvas.setAttribute("aria-label", "The motion that the model makes of the sliders");
  const tuners = directions.map((_, i) => makeTuner(i));
  const reset = makeButton("All to 0", () => {
    tuned.shifts.fill(0);
    for (const { say } of tuners) say();
    retune();
  });
  const list = make("div", "sliders", ...tuners.map(({ row }) => row));
  const head = make("div", "pane-head", tunedWhere, reset);
  place.replaceChildren(head, make("div", "latents", make("div", "slide-place", tunedCanvas), list));
  new IntersectionObserver(([{ isIntersecting }]) => {
    tuned.isSeen = isIntersecting;
    if (isIntersecting && !isHere()) retune();
    awakeTuned();
  }).observe(tunedCanvas);
  watch(["theme", "yaw", "pitch"], () => tuned.isSeen && schedule(drawTuned));
  watch(["frame", "recording"], () => tuned.isSeen && !isHere() && retune());
}
