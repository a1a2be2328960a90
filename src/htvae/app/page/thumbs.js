// Small moving bodies on cards. Only those in sight move; where less motion is asked for, only the one pointed at.
import { cameraOfPart } from "./camera.js";
import { report } from "./data.js";
import { announce, fitCanvas, make, pen } from "./dom.js";
import { loadClip, poseAt, positionOf } from "./poses.js";
import { drawBody, drawFloor, makeLens } from "./skeleton.js";
import { state, watch } from "./state.js";
import { isCalm, keepMoving, rest, schedule } from "./ticker.js";
import { framesPerSecond } from "./timebase.js";

/**
 * @typedef {{ load: () => Promise<Clip>, start: number, stop: number, fps: number,
 *   which: "recording" | "reconstruction", clip: Clip | null, camera: Camera | null, begun: number,
 *   twin?: { begun: number, camera: Camera | null } }} Film
 * Films with one `twin` have its camera and move in step.
 */
/** @type {Map<HTMLCanvasElement, Film>} */
const films = new Map();
/** @type {Set<HTMLCanvasElement>} */
const inSight = new Set();
/** Canvases that the reader points at. @type {Set<HTMLCanvasElement>} */
const pointedAt = new Set();
const pose = new Float32Array(report.body.landmarks.length * report.body.coordinates);
const placed = new Float32Array(3 * report.body.landmarks.length);
/** Least time between two pictures of a thumbnail (ms). */
const THUMB_PAUSE = 30;
let lastPicture = 0;

/** @param {HTMLCanvasElement} canvas @param {Film} film @param {number} frame */
function drawThumb(canvas, film, frame) {
  const size = fitCanvas(canvas);
  if (!size || !film.clip) return;
  const context = pen(canvas);
  context.setTransform(size.ratio, 0, 0, size.ratio, 0, 0);
  context.clearRect(0, 0, size.width, size.height);
  const position = positionOf(film.clip, frame);
  film.camera ??=
    film.twin?.camera ??
    cameraOfPart(film.clip, positionOf(film.clip, film.start), positionOf(film.clip, film.stop));
  const { camera } = film;
  const stage = { x: 0, y: 0, width: size.width, height: size.height };
  const lens = makeLens(camera, position, stage, state);
  drawFloor(context, camera, position, stage, lens);
  poseAt(film.clip, film.which, position, pose);
  drawBody(context, lens.place(pose, placed), { width: Math.max(size.height * 0.017, 1.4) });
}

/** @param {number} now */
function moveThumbs(now) {
  if (now - lastPicture < THUMB_PAUSE) return;
  lastPicture = now;
  const calm = isCalm();
  for (const canvas of inSight) {
    const film = films.get(canvas);
    if (!film || !film.clip || (calm && !pointedAt.has(canvas))) continue;
    if (film.twin) film.begun = film.twin.begun ||= now;
    film.begun ||= now;
    const length = Math.max(film.stop - film.start, 1);
    const way = (((now - film.begun) / 1000) * film.fps) % (length + film.fps * 0.4);
    drawThumb(canvas, film, film.start + Math.min(way, length));
  }
}

function awake() {
  if (inSight.size && (!isCalm() || pointedAt.size)) keepMoving(moveThumbs);
  else rest(moveThumbs);
}

const eyes = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    const canvas = /** @type {HTMLCanvasElement} */ (target);
    if (isIntersecting) {
      inSight.add(canvas);
      showStill(canvas);
    } else inSight.delete(canvas);
  }
  awake();
});

/** Load a film and draw its middle. @param {HTMLCanvasElement} canvas */
async function showStill(canvas) {
  const film = films.get(canvas);
  if (!film) return;
  try {
    film.clip ??= await film.load();
  } catch (error) {
    announce(error instanceof Error ? error.message : String(error));
  }
  schedule(() => drawThumb(canvas, film, isCalm() ? (film.start + film.stop) / 2 : film.start));
}

/** Forget canvases that have left the page. */
function sweepThumbs() {
  for (const canvas of films.keys()) {
    if (canvas.isConnected) continue;
    eyes.unobserve(canvas);
    films.delete(canvas);
    inSight.delete(canvas);
    pointedAt.delete(canvas);
  }
  awake();
}

/** Let a canvas show a film. @param {HTMLCanvasElement} canvas
 * @param {Omit<Film, "clip" | "camera" | "begun">} film */
export function showFilm(canvas, film) {
  films.set(canvas, { ...film, clip: null, camera: null, begun: 0 });
  if (inSight.has(canvas)) showStill(canvas);
  eyes.observe(canvas);
}

/** A film of a span of a recording. @param {number} recording @param {number} start @param {number} stop
 * @param {"recording" | "reconstruction"} [which] */
export function filmOf(recording, start, stop, which = "recording") {
  return { load: () => loadClip(recording), start, stop, fps: framesPerSecond(recording), which };
}

/** A card: a button with a moving body and lines of text.
 * @param {Omit<Film, "clip" | "camera" | "begun"> | null} film @param {(string | Node)[]} lines
 * @param {() => void} act */
export function makeCard(film, lines, act) {
  const canvas = make("canvas");
  canvas.setAttribute("aria-hidden", "true");
  const [first, ...others] = lines;
  const card = make(
    "button",
    "card",
    canvas,
    make("span", "card-name", first),
    ...others.map((line) => make("span", "card-line", line)),
  );
  card.type = "button";
  card.addEventListener("click", act);
  const point = () => {
    pointedAt.add(canvas);
    awake();
  };
  const leave = () => {
    pointedAt.delete(canvas);
    awake();
  };
  card.addEventListener("pointerenter", point);
  card.addEventListener("focus", point);
  card.addEventListener("pointerleave", leave);
  card.addEventListener("blur", leave);
  if (film) showFilm(canvas, film);
  setTimeout(sweepThumbs, 1000);
  return card;
}

export function startThumbs() {
  watch(["theme", "yaw", "pitch"], () => {
    for (const canvas of inSight) showStill(canvas);
  });
}
