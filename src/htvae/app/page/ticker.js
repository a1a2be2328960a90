// One animation loop for the page. It runs only while something moves or waits to be drawn.

/** @type {Set<(now: number) => void>} */
const waiting = new Set();
/** @type {Set<(now: number) => void>} */
const moving = new Set();
let asked = 0;

/** @param {number} now */
function turn(now) {
  asked = 0;
  for (const act of [...moving]) act(now);
  const due = [...waiting];
  waiting.clear();
  for (const act of due) act(now);
  if (moving.size || waiting.size) ask();
}

function ask() {
  if (!asked) asked = requestAnimationFrame(turn);
}

/** Call `act` once before the next picture, however often it is asked for.
 * @param {(now: number) => void} act */
export function schedule(act) {
  waiting.add(act);
  ask();
}

/** Call `act` before every picture, until `rest`. @param {(now: number) => void} act */
export function keepMoving(act) {
  moving.add(act);
  ask();
}

/** @param {(now: number) => void} act */
export function rest(act) {
  moving.delete(act);
}

/** Whether the reader asked the system for less motion. */
export const isCalm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
