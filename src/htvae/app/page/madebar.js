// The bar under a guest: how far it has played, and which part of it the model made. It can be dragged.
import { byId, canvasById, fitCanvas, make, pen } from "./dom.js";
import { clipRate, shownGuest } from "./guest.js";
import { change, state, watch } from "./state.js";
import { ink } from "./theme.js";
import { schedule } from "./ticker.js";

/** Free pixels on either side of the bar. */
const SIDE = 12;
const barCanvas = make("canvas");
const barTime = make("span", "made-time");
const bar = make("div", "made-bar", barTime, barCanvas);

/** Share of points at a pose that the model made; 0 where a kind of guests says it otherwise.
 * @param {Partial<LiveClip> & Clip} clip @param {number} pose */
function madeShare({ given, landmarks }, pose) {
  if (!given) return ["made", "generated"].includes(state.guest?.kind ?? "") ? 1 : 0;
  let count = 0;
  for (let i = pose * landmarks; i < (pose + 1) * landmarks; i++) count += given[i];
  return 1 - count / landmarks;
}

function drawBar() {
  const { clip } = shownGuest();
  const size = fitCanvas(barCanvas);
  if (!clip || !size || !state.guest) return;
  const context = pen(barCanvas);
  const { width, height, ratio } = size;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  const long = width - 2 * SIDE;
  const [top, high] = [height / 2 - 4, 8];
  for (let x = 0; x < long; x++) {
    const share = madeShare(clip, Math.min(Math.floor((x / long) * clip.count), clip.count - 1));
    context.fillStyle = ink.ghost;
    context.fillRect(SIDE + x, top, 1.2, high);
    context.fillStyle = ink.c4;
    context.fillRect(SIDE + x, top + high * (1 - share), 1.2, high * share);
  }
  const x = SIDE + (state.guestAt / (clip.count - 1 || 1)) * long;
  context.fillStyle = ink.ink;
  context.fillRect(x - 1, 2, 2, height - 4);
  context.beginPath();
  context.arc(x, height / 2, 5, 0, 7);
  context.fill();
  writeBar(clip);
}

/** @param {Clip} clip */
function writeBar(clip) {
  const rate = clipRate(clip);
  const [now, all] = [state.guestAt / rate, (clip.count - 1) / rate];
  barTime.textContent = `${now.toFixed(1)} / ${all.toFixed(1)} s`;
  if (state.playing) return;
  const share = madeShare(clip, Math.round(state.guestAt));
  const what = share === 1 ? "made by the model" : share ? "partly made by the model" : "";
  for (const [name, value] of Object.entries({ min: 0, max: clip.count - 1, now: Math.round(state.guestAt) }))
    barCanvas.setAttribute(`aria-value${name}`, String(value));
  barCanvas.setAttribute("aria-valuetext", [`${now.toFixed(1)} seconds`, what].filter(Boolean).join(", "));
}

/** Hold the guest at a pose. @param {number} pose */
function holdGuest(pose) {
  const { clip } = shownGuest();
  if (clip) change({ playing: false, guestAt: Math.min(Math.max(pose, 0), clip.count - 1) });
}

/** @param {PointerEvent} event */
function scrubGuest(event) {
  const { clip } = shownGuest();
  if (!clip || !event.buttons) return;
  holdGuest(((event.offsetX - SIDE) / (barCanvas.clientWidth - 2 * SIDE)) * (clip.count - 1));
}

/** @param {KeyboardEvent} event */
function stepGuest(event) {
  const { clip } = shownGuest();
  if (!clip) return;
  const step = event.shiftKey ? 1 : clipRate(clip) / 2;
  const to = {
    ArrowLeft: state.guestAt - step,
    ArrowRight: state.guestAt + step,
    Home: 0,
    End: clip.count - 1,
  }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  holdGuest(to);
}

export function startMadeBar() {
  barCanvas.tabIndex = 0;
  barCanvas.setAttribute("role", "slider");
  barCanvas.setAttribute("aria-label", "Time of the motion that is shown");
  barCanvas.addEventListener("pointerdown", (event) => {
    barCanvas.setPointerCapture(event.pointerId);
    scrubGuest(event);
  });
  barCanvas.addEventListener("pointermove", scrubGuest);
  barCanvas.addEventListener("keydown", stepGuest);
  byId("stage").after(bar);
  const show = () => (bar.hidden = !state.guest);
  watch(["guest"], show);
  show();
  watch(["guest", "guestAt", "theme", "playing"], () => schedule(drawBar));
  new ResizeObserver(() => schedule(drawBar)).observe(canvasById("player"));
}
