// What only the server can give of the source: its video, and the chosen frames as CSV.
import { report } from "./data.js";
import { byId, makeButton } from "./dom.js";
import { saveFile } from "./export.js";
import { live, send, tellError } from "./live.js";
import { state, watch } from "./state.js";
import { openVideo } from "./video.js";

/** @param {Event} event */
function openSource(event) {
  const { recording } = state;
  if (!live.video[recording]) return; // then it is chosen from disk, as in a report
  event.stopImmediatePropagation();
  openVideo(`video/${recording}?token=${encodeURIComponent(live.token)}`, live.offsets[recording] ?? 0);
}

async function saveSpan() {
  const { recording, span } = state;
  if (!span) return;
  const [start, stop] = span;
  try {
    const answer = await send("api/export", { spans: [[recording, start, stop]] });
    saveFile(`${report.recordings[recording].name}_${start}-${stop}.csv`, await answer.blob());
  } catch (error) {
    tellError(error);
  }
}

export function startSource() {
  const open = byId("video-open");
  open.addEventListener("click", openSource, { capture: true });
  const save = makeButton("Save frames", saveSpan);
  save.title = "Save the frames of the chosen span as a table (CSV), in the coordinates of the file itself";
  save.setAttribute("aria-label", "Save frames of the chosen span as CSV");
  save.id = "span-csv";
  byId("span-clear").after(save);
  const show = () => {
    save.hidden = !state.span;
    const text = live.video[state.recording]
      ? "Play the source video in step"
      : "Open the source video from your disk";
    open.title = text;
    open.setAttribute("aria-label", text);
  };
  watch(["span", "recording"], show);
  show();
}
