// Activities in the tab Motifs: what recordings show for a minute, told by the motifs that alternate in it.
import { goToSpan } from "./actions.js";
import { activityColour } from "./colours.js";
import { report } from "./data.js";
import { make } from "./dom.js";
import { watch } from "./state.js";
import { filmOf, makeCard } from "./thumbs.js";
import { activityName, motifName } from "./timebase.js";

const wholePercent = (/** @type {number} */ share) => `${Math.round(100 * share)} %`;

/** @param {Activity} activity @param {number} index */
function makeActivity({ share, motifs, lift, clip, bouts, recordings }, index) {
  const title = make("span", "", make("i", "dot"), `${activityName(index)} \u00b7 ${wholePercent(share)}`);
  const mixed = motifs.map(([motif, part]) => `${motifName(motif)} ${wholePercent(part)}`).join(", ");
  const usage = `${bouts}\u00d7 in ${recordings} rec.`;
  const film = clip ? filmOf(clip[0], clip[1], clip[2]) : null;
  const last = lift ? `${lift[1].toFixed(1)}\u00d7 in ${report.labels[lift[0]]}` : usage;
  const card = makeCard(
    film,
    [title, `mostly ${motifs.map(([motif]) => motifName(motif)).join(", ")}`, last],
    () => clip && goToSpan(clip[0], clip[1], clip[2]),
  );
  card.title = `${activityName(index)}: ${mixed}; ${usage}`;
  card.dataset.activity = String(index);
  return card;
}

/** @param {HTMLElement} place */
export function makeActivities(place) {
  if (!report.activities.length) return;
  const cards = make("div", "cards", ...report.activities.map(makeActivity));
  const colour = () => {
    for (const card of /** @type {HTMLCollectionOf<HTMLElement>} */ (cards.children)) {
      const dot = /** @type {HTMLElement} */ (card.querySelector(".dot"));
      dot.style.background = activityColour(Number(card.dataset.activity));
    }
  };
  colour();
  watch(["theme"], colour);
  const lead =
    "Activities: half a minute and more in which the same motifs alternate, and which motifs fill them.";
  place.append(make("p", "lead part", lead), cards);
}
