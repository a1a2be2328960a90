// The clock: while the page plays, the frame follows the time that has passed, not the pictures drawn.
import { report } from "./data.js";
import { change, state, watch } from "./state.js";
import { keepMoving, rest } from "./ticker.js";
import { endOf, framesPerSecond } from "./timebase.js";

/** When the clock was last set, and to which frame. */
const anchor = { now: 0, frame: 0 };
let isOwn = false;
/** Whether something else (a video) says what time it is. */
let isLed = false;

function setClock() {
  anchor.now = performance.now();
  anchor.frame = state.frame;
}

/** Show a frame without setting the clock anew. @param {number} frame @param {boolean} [playing] */
function show(frame, playing = true) {
  isOwn = true;
  change({ frame, playing });
  isOwn = false;
}

/** @param {number} now */
function advance(now) {
  if (isLed || state.guest) return;
  const way = (Math.max(0, now - anchor.now) / 1000) * state.speed * framesPerSecond(state.recording);
  const frame = anchor.frame + way;
  const { span, recording } = state;
  const last = endOf(recording) - 1;
  if (span) {
    const length = Math.max(Math.min(span[1], last + 1) - span[0], 1);
    show(frame < span[1] ? Math.min(frame, last) : Math.min(span[0] + ((frame - span[0]) % length), last));
  } else if (frame >= last) show(Math.max(last, report.recordings[recording].first), false);
  else show(frame);
}

/** Let a video lead the clock, or the clock run by itself. @param {boolean} led */
export function leadClock(led) {
  isLed = led;
  setClock();
}

export function startClock() {
  watch(["frame", "recording", "span", "speed", "playing", "guest"], (changed) => {
    if (!isOwn || changed.has("playing")) setClock();
    if (state.playing) keepMoving(advance);
    else rest(advance);
  });
}
