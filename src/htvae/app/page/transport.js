// Buttons of the clock: play, steps, speed; and the choice of the recording.
import { findSimilar, goToRecording, seekChange, stepRecording, togglePlaying } from "./actions.js";
import { report } from "./data.js";
import { byId, make, makeOption, selectById } from "./dom.js";
import { change, state, watch } from "./state.js";

/** Recordings under the headings of their labels. @param {HTMLSelectElement} select */
function fillRecordings(select) {
  /** @type {Map<number, HTMLOptionElement[]>} */
  const groups = new Map();
  report.recordings.forEach((recording, i) => {
    const group = groups.get(recording.label) ?? [];
    group.push(makeOption(recording.name, String(i)));
    groups.set(recording.label, group);
  });
  for (const [label, options] of [...groups].sort(([a], [b]) => a - b)) {
    if (groups.size < 2) select.append(...options);
    else {
      const group = make("optgroup", "", ...options);
      group.label = label < 0 ? "no label" : report.labels[label];
      select.append(group);
    }
  }
}

export function startTransport() {
  const recordings = selectById("recording");
  fillRecordings(recordings);
  recordings.addEventListener("change", () => goToRecording(Number(recordings.value)));
  byId("recording-before").addEventListener("click", () => stepRecording(-1));
  byId("recording-after").addEventListener("click", () => stepRecording(1));
  byId("recording-steps").hidden = report.recordings.length < 2;
  byId("play").addEventListener("click", togglePlaying);
  byId("before").addEventListener("click", () => seekChange(-1));
  byId("after").addEventListener("click", () => seekChange(1));
  byId("find").addEventListener("click", findSimilar);
  const speed = selectById("speed");
  speed.addEventListener("change", () => change({ speed: Number(speed.value) }));
  const show = () => {
    recordings.value = String(state.recording);
    speed.value = String(state.speed);
    const text = state.playing ? "Pause" : "Play";
    byId("play").setAttribute("aria-label", text);
    byId("play").title = `${text} (Space)`;
    byId("play").classList.toggle("playing", state.playing);
  };
  watch(["recording", "playing", "speed"], show);
  show();
}
