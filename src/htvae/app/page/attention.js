// The tab Attention: what the chunk of the moment that is shown looked at, in words and moving pictures.
import { goToSpan } from "./actions.js";
import { report } from "./data.js";
import { make, makeEmpty, makeOption } from "./dom.js";
import { chunkAt, followChunk, hasLooks, loadLooks, look, looksOf, sharesOf } from "./looks.js";
import { state, watch } from "./state.js";
import { filmOf, makeCard } from "./thumbs.js";
import { schedule } from "./ticker.js";
import { labelAt, spanText } from "./timebase.js";
import { drawTimeline } from "./timeline.js";

/** Chunks that are shown. */
const MOST_LOOKED_AT = 3;

const perCent = (/** @type {number} */ share) => `${Math.round(100 * share)} %`;

/** Why the lane ends before the recording does; empty where it does not.
 * @param {import("./looks.js").Looks} looks @param {{ chunk: number }[]} chunks of the window */
function sayWindow({ starts, stops }, chunks) {
  if (!chunks.length || chunks.length === starts.length) return "";
  const [first, last] = [chunks[0].chunk, chunks[chunks.length - 1].chunk];
  const span = spanText(state.recording, starts[first], stops[last]);
  return ` The model reads a long recording in windows: of this moment it saw ${span}, so the lane ends there.`;
}

/** @param {HTMLElement} place */
function drawLookedAt(place) {
  const { recording, frame } = state;
  const looks = looksOf(recording);
  if (!looks) {
    const why = hasLooks(recording) ? "It is being read." : "It was left out to keep the file small.";
    place.replaceChildren(makeEmpty("No attention of this recording", why));
    return;
  }
  const chunk = chunkAt(looks, frame);
  const { token, chunks, even } = sharesOf(looks, chunk, look.stage);
  const span = (/** @type {number} */ i) => spanText(recording, looks.starts[i], looks.stops[i]);
  const own = chunks.find((one) => one.chunk === chunk)?.share ?? 0;
  const others = chunks.filter((one) => one.chunk !== chunk).sort((a, b) => b.share - a.share);
  const cards = others.slice(0, MOST_LOOKED_AT).map(({ chunk: other, share }) => {
    const [start, stop] = [looks.starts[other], looks.stops[other]];
    const lines = [perCent(share), span(other), labelAt(recording, (start + stop) / 2)];
    return makeCard(filmOf(recording, start, stop), lines, () => goToSpan(recording, start, stop));
  });
  const what = labelAt(recording, frame);
  place.replaceChildren(
    make(
      "p",
      "part",
      "The chunk (frames that are read as one) of this moment, ",
      make("b", "", span(chunk)),
      `${what ? ` (${what})` : ""}, looks at itself with ${perCent(own)}, at the summary of the whole with ` +
        `${perCent(token)}` +
        (others.length ? `, and beyond that most at these. An even look: ${perCent(even)} each.` : ".") +
        sayWindow(looks, chunks),
    ),
    make("div", "cards", ...cards),
  );
}

/** @param {HTMLElement} place */
export async function makeAttention(place) {
  const { attention } = report;
  if (!attention) {
    place.replaceChildren(
      makeEmpty(
        "No attention",
        "This model's network does not tell what it attends to (an architecture of one's own).",
      ),
    );
    return;
  }
  const select = make("select");
  select.setAttribute("aria-label", "Layers");
  select.append(...attention.stages.map((name, i) => makeOption(name, String(i))));
  const found = make("div");
  const lead = make("p", "", "Looked at in ", select, ", heads averaged. Darker on the timeline: more.");
  const caveat = make(
    "p",
    "lead part",
    "Attention shows where the model looked, not why it answers as it does. How far its latents move when a " +
      "chunk is left out ranks chunks otherwise: htvae attention measures both (docs/analysis/attention.md).",
  );
  place.replaceChildren(make("div", "pane-head", lead), found, caveat);
  const redraw = () => {
    drawLookedAt(found);
    drawTimeline();
  };
  select.addEventListener("change", () => {
    look.stage = Number(select.value);
    schedule(redraw);
  });
  const follow = () => state.tab === "attention" && followChunk(redraw);
  await loadLooks();
  redraw();
  watch(["recording"], () => {
    look.chunk = NaN; // another recording's chunks: draw in any case
    follow();
  });
  watch(["frame", "tab"], follow);
}
