// The tab Latents: a slider for each direction, and the motion that the model makes of it.
import { cameraOf, floorAt } from "./camera.js";
import { readBlock, report } from "./data.js";
import { byId, fitCanvas, make, makeEmpty, pen } from "./dom.js";
import { poseAt, readMotion } from "./poses.js";
import { drawBody, drawFloor, makeLens } from "./skeleton.js";
import { state, watch } from "./state.js";
import { ink } from "./theme.js";
import { isCalm, keepMoving, rest, schedule } from "./ticker.js";
import { inWords, shareOfAll, USUAL } from "./words.js";

/** What the sliders say: one direction at a time, at a place between the steps. */
const slid = { direction: 0, step: 0 };
/** Clips of all directions and steps, one direction after the other. @type {Clip[]} */
let slides = [];
const slidPose = new Float32Array(report.body.landmarks.length * report.body.coordinates);
const nextPose = new Float32Array(slidPose.length);
const slidPlaced = new Float32Array(3 * report.body.landmarks.length);
let isSlideSeen = false;

/** @param {Sliders} sliders */
const middleStep = (sliders) => Math.max(sliders.steps.indexOf(0), 0);

/** The pose at a place between two steps. @param {Sliders} sliders @param {number} step
 * @param {number} position */
function slideTo({ steps }, step, position) {
  const low = Math.min(Math.floor(step), steps.length - 1);
  const high = Math.min(low + 1, steps.length - 1);
  const base = slid.direction * steps.length;
  poseAt(slides[base + low], "reconstruction", position, slidPose);
  poseAt(slides[base + high], "reconstruction", position, nextPose);
  for (let i = 0; i < slidPose.length; i++) slidPose[i] += (nextPose[i] - slidPose[i]) * (step - low);
  return slidPose;
}

/** Height of the floor under the pose that the slider makes. @param {Sliders} sliders @param {number} position */
function floorOfSlide({ steps }, position) {
  const low = Math.min(Math.floor(slid.step), steps.length - 1);
  const [from, to] = [low, Math.min(low + 1, steps.length - 1)].map((step) =>
    floorAt(cameraOf(slides[slid.direction * steps.length + step]), position),
  );
  return from + (to - from) * (slid.step - low);
}

/** @param {number} now */
function drawSlide(now) {
  const { sliders } = report;
  const canvas = /** @type {HTMLCanvasElement} */ (byId("slide"));
  const size = fitCanvas(canvas);
  if (!sliders || !size || !slides.length) return;
  const context = pen(canvas);
  context.setTransform(size.ratio, 0, 0, size.ratio, 0, 0);
  context.clearRect(0, 0, size.width, size.height);
  const position = isCalm()
    ? (sliders.count - 1) / 2
    : ((now / 1000) * sliders.rate) % (sliders.count - 1 || 1);
  const middle = middleStep(sliders);
  const camera = cameraOf(slides[middle]);
  const stage = { x: 0, y: 0, width: size.width, height: size.height };
  const lens = makeLens(camera, position, stage, state);
  drawFloor(context, camera, position, stage, lens, floorOfSlide(sliders, position));
  const width = Math.max(size.height * 0.017, 1.8);
  drawBody(context, lens.place(slideTo(sliders, middle, position), slidPlaced), { width, colour: ink.ghost });
  drawBody(context, lens.place(slideTo(sliders, slid.step, position), slidPlaced), { width });
}

function awakeSlide() {
  if (isSlideSeen && !isCalm()) keepMoving(drawSlide);
  else rest(drawSlide);
  schedule(drawSlide);
}

/** @param {Sliders} sliders @param {number} index @param {HTMLElement} list */
function makeSlider(sliders, index, list) {
  const { name, text, share } = sliders.directions[index];
  const input = make("input");
  Object.assign(input, {
    type: "range",
    min: "0",
    max: String(sliders.steps.length - 1),
    step: "0.05",
    value: String(slid.step),
  });
  const value = make("output", "soft", "0");
  const say = () => {
    const low = Math.floor(Number(input.value));
    const high = Math.min(low + 1, sliders.steps.length - 1);
    const number =
      sliders.steps[low] + (sliders.steps[high] - sliders.steps[low]) * (Number(input.value) - low);
    value.textContent = `${number > 0.04 ? "+" : ""}${number.toFixed(1).replace("-0.0", "0.0")}`;
    input.setAttribute("aria-valuetext", `${value.textContent} times the usual difference`);
  };
  input.addEventListener("input", () => {
    Object.assign(slid, { direction: index, step: Number(input.value) });
    for (const other of list.querySelectorAll("input")) {
      if (other === input) continue;
      other.value = String(middleStep(sliders));
      other.dispatchEvent(new Event("settle"));
    }
    say();
    schedule(drawSlide);
  });
  input.addEventListener("settle", say);
  say();
  return make(
    "label",
    "slider",
    make(
      "span",
      "slider-name",
      make("b", "", name),
      ` ${inWords(text.split("; around")[0])} `,
      make("span", "soft", shareOfAll(share)),
    ),
    input,
    value,
  );
}

/** @param {HTMLElement} place */
export async function makeLatents(place) {
  const { sliders } = report;
  if (!sliders || !sliders.directions.length) {
    place.replaceChildren(
      makeEmpty(
        "No sliders",
        "This model has no chunk latents to slide along, or they were left out to keep the file small.",
      ),
    );
    return;
  }
  slid.step = middleStep(sliders);
  const canvas = make("canvas");
  canvas.id = "slide";
  canvas.setAttribute("role", "img");
  canvas.setAttribute(
    "aria-label",
    "The motion that the model makes of the sliders; in grey, with all sliders at 0",
  );
  const list = make("div", "sliders");
  list.append(...sliders.directions.map((_, i) => makeSlider(sliders, i, list)));
  const beginning = sliders.directions[0].text.split("; around ")[1] ?? "a real moment";
  const lead = make(
    "p",
    "lead",
    `What differs most between moments, around ${beginning}. One slider moves at a time; ${USUAL} Grey: all at 0.`,
  );
  place.replaceChildren(
    make("div", "latents", make("div", "slide-place", canvas), make("div", "", lead, list)),
  );
  slides = await readBlock(sliders.block, (bytes) =>
    Array.from({ length: sliders.directions.length * sliders.steps.length }, (_, i) =>
      readMotion(bytes, sliders, i),
    ),
  );
  new IntersectionObserver(([{ isIntersecting }]) => {
    isSlideSeen = isIntersecting;
    awakeSlide();
  }).observe(canvas);
  watch(["theme", "yaw", "pitch"], () => isSlideSeen && schedule(drawSlide));
}
