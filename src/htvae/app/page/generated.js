// The tab Generated: motion that the model made up, each beside a real one of the same kind.
import { goToSpan } from "./actions.js";
import { report } from "./data.js";
import { make, makeEmpty, nameText } from "./dom.js";
import { loadGenerated } from "./guest.js";
import { change, state, watch } from "./state.js";
import { filmOf, makeCard } from "./thumbs.js";
import { endOf, framesPerSecond, spanText } from "./timebase.js";

/** A real span of the same label and length, from another recording for each sample.
 * @param {Generated} sample
 * @param {number} index @returns {[recording: number, start: number, stop: number] | null} */
function findReal(sample, index) {
  const seconds = sample.count / sample.rate;
  /** @type {[number, number, number][]} */
  const found = [];
  report.recordings.forEach((recording, i) => {
    const long = seconds * framesPerSecond(i);
    const middle = (recording.first + endOf(i)) / 2;
    const span = recording.labels.filter(([a, b, label]) => label === sample.label && b - a > long / 2)[0];
    if (span) found.push([i, span[0], Math.min(span[0] + long, span[1])]);
    else if (sample.label < 0 || recording.label === sample.label) {
      found.push([i, Math.max(recording.first, middle - long / 2), Math.min(endOf(i), middle + long / 2)]);
    }
  });
  const chosen = found[(index * 7 + 3) % Math.max(found.length, 1)];
  return chosen ? [chosen[0], Math.round(chosen[1]), Math.round(chosen[2])] : null;
}

/** @param {Generated} sample @param {number} index */
function makePair(sample, index) {
  const film = {
    load: () => loadGenerated(index),
    start: 0,
    stop: ((sample.count - 1) / sample.rate) * 30,
    fps: 30,
    which: /** @type {const} */ ("reconstruction"),
  };
  const drawn = makeCard(film, ["drawn", "by the model"], () =>
    change({ guest: { kind: "generated", index } }),
  );
  drawn.dataset.guest = String(index);
  const real = findReal(sample, index);
  const head = make("h3", "", nameText(sample.label < 0 ? sample.name : report.labels[sample.label]));
  if (!real) return make("div", "", head, make("div", "pair-cards", drawn));
  const [recording, start, stop] = real;
  const beside = makeCard(
    filmOf(recording, start, stop),
    [nameText(report.recordings[recording].name), `real, ${spanText(recording, start, stop)}`],
    () => goToSpan(recording, start, stop),
  );
  return make("div", "", head, make("div", "pair-cards", drawn, beside));
}

/** @param {HTMLElement} place */
export function makeGenerated(place) {
  if (!report.generated.length) {
    place.replaceChildren(
      makeEmpty(
        "No drawn motion",
        "It is drawn from the prior. This model was trained without (prior_steps 0), or it was left out for size.",
      ),
    );
    return;
  }
  const order = report.generated
    .map((_, i) => i)
    .sort((a, b) => report.generated[a].label - report.generated[b].label || a - b);
  const pairs = make("div", "pairs", ...order.map((i) => makePair(report.generated[i], i)));
  place.replaceChildren(
    make(
      "p",
      "lead",
      "Motion that the model made up, each beside a real span of the same kind. Click to see it large.",
    ),
    pairs,
  );
  const isGenerated = (/** @type {HTMLElement} */ card) =>
    state.guest?.kind === "generated" && state.guest.index === Number(card.dataset.guest);
  watch(["guest"], () => {
    for (const card of /** @type {NodeListOf<HTMLElement>} */ (place.querySelectorAll("[data-guest]"))) {
      card.classList.toggle("played", isGenerated(card));
    }
  });
}
