// The tab Completion: hidden parts of held-out recordings, what the model makes of them, how sure it is.
import { goToSpan } from "./actions.js";
import { makeCurve, moveCurve, saveCurve } from "./curve.js";
import { report } from "./data.js";
import { make, makeButton, makeEmpty, makeOption, nameText } from "./dom.js";
import { drawFilled, loadFilled } from "./filled.js";
import { addGuests } from "./guest.js";
import { change, state, watch } from "./state.js";
import { makeCard } from "./thumbs.js";
import { hasSeconds, spanText } from "./timebase.js";
import { landmarkWords } from "./words.js";

/** Names of coordinates. */
const AXES = ["sideways", "up", "towards the viewer"];
/** The case, landmark and coordinate of the curve. */
const drawnCase = { index: 0, landmark: -1, axis: 0 };

const filledCases = () => report.completion ?? [];

/** How much was hidden, in words: `1 s of everything`. @param {Completion} info */
function holeText({ what, length, recording }) {
  const unit = hasSeconds(recording) ? "s" : "frames";
  return `${Number(length.toFixed(1))} ${unit} of ${what === "everything" ? what : `the ${what}`}`;
}

/** @param {number | null} value */
const figure = (value) => (value === null ? "\u2013" : value.toFixed(2));

/** Shares of hidden points in their 90 % bands, the least and the most over the gaps that were evaluated.
 * @returns {Span | null} */
function usualShares() {
  const scores = report.tables.find((table) => table.name === "scores");
  const name = scores?.columns.indexOf("figure") ?? -1;
  const value = scores?.columns.indexOf("value") ?? -1;
  const shares = (scores?.rows ?? [])
    .filter((row) => /^complete_gap_\d+_coverage$/.test(String(row[name])) && row[value] !== null)
    .map((row) => Number(row[value]));
  return shares.length ? [Math.min(...shares), Math.max(...shares)] : null;
}

/** How much of this part lies in the band, and how much usually does. @param {number | null} inside */
function bandText(inside) {
  if (inside === null) return "";
  const per = (/** @type {number} */ share) => String(Math.round(100 * share));
  const own = ` The 90 % band holds ${per(inside)} % of this one example`;
  const usual = usualShares();
  if (!usual) return `${own}; how many it usually holds, htvae evaluate measures.`;
  const [low, high] = usual.map(per);
  return `${own}; over the evaluation's gaps it holds ${low === high ? low : `${low}\u2013${high}`} %.`;
}

/** The error beside that of linear interpolation, in one sentence. @param {Completion} info */
function verdictOf(info) {
  const { error, linear, inside } = info;
  const better = (error ?? 0) < (linear ?? 0) ? "less" : "no less";
  return (
    `${holeText(info)} hidden: the model is off by ${figure(error)} ${report.body.unit} on average, ` +
    `${better} than linear interpolation (${figure(linear)}).${bandText(inside)}`
  );
}

/** @param {Completion} info @param {number} index @param {() => void} redraw */
function makeCase(info, index, redraw) {
  const film = {
    load: async () => (await loadFilled(index)).clip,
    start: 0,
    stop: ((info.count - 1) / info.rate) * 30,
    fps: 30,
    which: /** @type {const} */ ("reconstruction"),
  };
  const lines = [
    holeText(info),
    nameText(report.recordings[info.recording].name),
    `off ${figure(info.error)}, line ${figure(info.linear)}`,
  ];
  const card = makeCard(film, lines, () => {
    Object.assign(drawnCase, { index, landmark: -1 });
    change({ guest: { kind: "completion", index } });
    redraw();
  });
  card.title = verdictOf(info);
  card.dataset.case = String(index);
  return card;
}

/** The landmark and coordinate that change most where they are hidden.
 * @param {Completion} info @param {Clip} clip */
function liveliest({ landmarks }, clip) {
  const { recording, coordinates, landmarks: numLandmarks, count } = clip;
  let [best, most] = [{ landmark: landmarks[0], axis: 0 }, -1];
  for (const landmark of landmarks) {
    for (let axis = 0; axis < coordinates; axis++) {
      let [low, high] = [Infinity, -Infinity];
      for (let i = 0; i < count; i++) {
        if (!clip.seen?.[i * numLandmarks + landmark]) continue;
        const value = recording?.[(i * numLandmarks + landmark) * coordinates + axis] ?? 0;
        [low, high] = [Math.min(low, value), Math.max(high, value)];
      }
      if (high - low > most) [best, most] = [{ landmark, axis }, high - low];
    }
  }
  return best;
}

/** @param {HTMLElement} place */
async function showCurve(place) {
  const { index } = drawnCase;
  const info = filledCases()[index];
  const filled = await loadFilled(index);
  if (drawnCase.index !== index) return;
  if (drawnCase.landmark < 0) Object.assign(drawnCase, liveliest(info, filled.clip));
  const [landmarks, axes] = [make("select"), make("select")];
  landmarks.setAttribute("aria-label", "Landmark");
  axes.setAttribute("aria-label", "Coordinate");
  for (const one of info.landmarks)
    landmarks.append(
      makeOption(landmarkWords(report.body.landmarks[one]), String(one), one === drawnCase.landmark),
    );
  for (let axis = 0; axis < report.body.coordinates; axis++)
    axes.append(makeOption(AXES[axis], String(axis), axis === drawnCase.axis));
  for (const select of [landmarks, axes]) {
    select.addEventListener("change", () => {
      Object.assign(drawnCase, { landmark: Number(landmarks.value), axis: Number(axes.value) });
      showCurve(place);
    });
  }
  const { recording, hidden } = info;
  const save = makeButton("Save the curve as SVG", () => saveCurve(), "save", "button square");
  place.replaceChildren(
    make("p", "strong part", verdictOf(info)),
    make("div", "pane-head", landmarks, axes, make("span", "push"), save),
    makeCurve(info, filled, drawnCase),
    makeButton(
      `Show ${spanText(recording, hidden[0], hidden[1])} of the recording`,
      () => goToSpan(recording, hidden[0], hidden[1]),
      "",
      "as-text part",
    ),
  );
}

function addFilledGuests() {
  addGuests("completion", {
    load: async (index) => (await loadFilled(index)).clip,
    title: (index) => {
      const info = filledCases()[index];
      return [nameText(report.recordings[info.recording].name, "strong"), ` \u00b7 ${holeText(info)} hidden`];
    },
    foot: () => "violet: made by the model",
    draw: (context, stage, clip, position) => {
      drawFilled(context, stage, clip, position);
      if (drawnCase.index === state.guest?.index) moveCurve(position);
    },
  });
}

/** @param {HTMLElement} place */
export function makeCompletion(place) {
  if (!filledCases().length) {
    place.replaceChildren(
      makeEmpty(
        "No completion",
        "To hide a second and see the model fill it in takes a recording of two seconds at least, " +
          "seen without gaps. There is none.",
      ),
    );
    return;
  }
  addFilledGuests();
  const curve = make("div");
  const redraw = () => void showCurve(curve);
  const cards = make("div", "cards", ...filledCases().map((info, i) => makeCase(info, i, redraw)));
  const lead = make(
    "p",
    "lead",
    "Hidden parts of recordings that training did not see, filled in. Chosen for being lively, not for going well.",
  );
  place.replaceChildren(lead, make("div", "completion", cards, curve));
  redraw();
  watch(["theme"], redraw);
  watch(["guest"], () => {
    for (const card of /** @type {HTMLCollectionOf<HTMLElement>} */ (cards.children)) {
      const { guest } = state;
      card.classList.toggle(
        "played",
        guest?.kind === "completion" && guest.index === Number(card.dataset.case),
      );
    }
  });
}
