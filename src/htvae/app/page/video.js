// The source video, chosen from disk. While it plays, it is the clock.
import { leadClock } from "./clock.js";
import { announce, byId, inputById } from "./dom.js";
import { change, state, watch } from "./state.js";
import { keepMoving, rest } from "./ticker.js";
import { clampFrame, endOf, hasSeconds, toFrame, toTime } from "./timebase.js";

/** Most seconds that a paused video may be off. */
const NEAR = 0.02;
let address = "";

const video = () => /** @type {HTMLVideoElement} */ (byId("video"));
/** Seconds of the video at second 0 of the recording. */
const offset = () => Number(inputById("video-offset").value) || 0;

function followVideo() {
  if (!state.playing || video().paused) return;
  const { span, recording } = state;
  const frame = toFrame(recording, video().currentTime - offset());
  if (span && frame >= span[1]) video().currentTime = toTime(recording, span[0]) + offset();
  else if (frame >= endOf(recording) - 1) change({ playing: false });
  else change({ frame: clampFrame(recording, frame) });
}

/** Put the video where the recording is. */
function placeVideo() {
  const wanted = toTime(state.recording, state.frame) + offset();
  if (Math.abs(video().currentTime - wanted) > NEAR) video().currentTime = Math.max(0, wanted);
}

async function playVideo() {
  if (!state.video) return;
  video().playbackRate = state.speed;
  if (!state.playing) {
    video().pause();
    rest(followVideo);
    leadClock(false);
    placeVideo();
    return;
  }
  placeVideo();
  try {
    await video().play();
    leadClock(true);
    keepMoving(followVideo);
  } catch {
    leadClock(false);
  }
}

function closeVideo() {
  video().pause();
  video().removeAttribute("src");
  if (address) URL.revokeObjectURL(address);
  address = "";
  rest(followVideo);
  leadClock(false);
  byId("video-place").hidden = true;
  byId("views").hidden = Boolean(state.guest);
  change({ video: false });
}

/** Show the video at an address beside the recording. @param {string} from @param {number} [late] seconds of the
 * video at second 0 of the recording */
export function openVideo(from, late) {
  if (!hasSeconds(state.recording)) {
    announce("This recording has no frame rate, so no video can be shown in step with it.");
    return;
  }
  closeVideo();
  address = from;
  video().src = address;
  if (late !== undefined) inputById("video-offset").value = String(late);
  byId("video-place").hidden = false;
  byId("views").hidden = true;
  change({ video: true });
}

export function startVideo() {
  const file = inputById("video-file");
  byId("video-open").addEventListener("click", () => file.click());
  file.addEventListener("change", () => {
    const chosen = file.files?.[0];
    if (chosen) openVideo(URL.createObjectURL(chosen));
    file.value = "";
  });
  video().addEventListener("loadeddata", () => playVideo());
  video().addEventListener("error", () => {
    if (!state.video) return;
    closeVideo();
    announce("This browser cannot play this video. Convert it to MP4 (H.264) or WebM.");
  });
  byId("video-close").addEventListener("click", closeVideo);
  inputById("video-offset").addEventListener("input", placeVideo);
  watch(["playing", "speed"], playVideo);
  watch(["frame"], () => state.video && !state.playing && placeVideo());
  watch(["recording", "guest"], () => state.video && closeVideo());
}
