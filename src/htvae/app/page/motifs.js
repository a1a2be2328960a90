// The tab Motifs: what recurs, each with a typical example; how often in each group; what follows what.
import { goToSpan } from "./actions.js";
import { quietMotifColour } from "./colours.js";
import { report } from "./data.js";
import { make, makeButton, makeEmpty, makeOption, nameText } from "./dom.js";
import { saveRows } from "./export.js";
import { makeHeat } from "./heat.js";
import { makeActivities } from "./activities.js";
import { drawHeat, makeSaver } from "./plots.js";
import { change, state, watch } from "./state.js";
import { filmOf, makeCard } from "./thumbs.js";
import { motifName } from "./timebase.js";

const percent = (/** @type {number} */ share) =>
  `${share < 0.0995 ? (100 * share).toFixed(1) : Math.round(100 * share)} %`;

const wholeShare = (/** @type {number} */ share) => String(Math.round(100 * share));

/** @param {number} index */
function makeMotif(index) {
  const motif = report.motifs[index];
  const unit = report.recordings.every((recording) => recording.fps) ? "s" : "frames";
  const lift = motif.lift ? `${motif.lift[1].toFixed(1)}\u00d7 in ${report.labels[motif.lift[0]]}` : "";
  const usage = `${motif.bouts}\u00d7 in ${motif.recordings} rec., ${Number(motif.medianSeconds.toFixed(1))} ${unit}`;
  const own = motif.name === motif.id || !motif.name ? "" : motif.name;
  const title = make("span", "", make("i", "dot"), `${motifName(index)} \u00b7 ${percent(motif.share)}`);
  const [recording, start, stop] = motif.clip ?? [0, 0, 1];
  const film = motif.clip ? filmOf(recording, start, stop) : null;
  const card = makeCard(
    film,
    [title, own ? nameText(own) : lift || usage, own && lift ? lift : lift ? usage : ""],
    () => {
      change({ motif: state.motif === index ? -1 : index });
      if (motif.clip && state.motif === index) goToSpan(recording, start, stop);
    },
  );
  const parts = [`${percent(motif.share)} of the time`, usage, lift].filter(Boolean).join("; ");
  card.title = `${motifName(index)} ${motif.name}: ${parts}`;
  /** @type {HTMLElement} */ (title.firstChild).style.background = quietMotifColour(index);
  card.dataset.motif = String(index);
  return card;
}

/** Groups that a share of time can be told by: label, subject, split, columns.
 * @returns {[name: string, read: (recording: Recording) => string][]} */
function groupings() {
  /** @type {[string, (recording: Recording) => string][]} */
  const all = [
    ["label", ({ label }) => (label < 0 ? "" : report.labels[label])],
    ["split", ({ split }) => split],
    ...report.columns.map(
      (name, i) =>
        /** @type {[string, (recording: Recording) => string]} */ ([name, ({ columns }) => columns[i]]),
    ),
    ["subject", ({ subject }) => (subject < 0 ? "" : report.subjects[subject])],
  ];
  return all.filter(([, read]) => {
    const names = new Set(report.recordings.map(read).filter(Boolean));
    return names.size > 1 && names.size <= 12;
  });
}

/** Share of time in each motif by group. @param {(recording: Recording) => string} read */
function usage(read) {
  const names = [...new Set(report.recordings.map(read).filter(Boolean))].sort();
  const totals = names.map(() => 0);
  const times = report.motifs.map(() => names.map(() => 0));
  for (const recording of report.recordings) {
    const group = names.indexOf(read(recording));
    if (group < 0) continue;
    totals[group] += recording.frames / (recording.fps || 1);
    for (const [start, stop, motif] of recording.motifs)
      if (motif >= 0) times[motif][group] += (stop - start) / (recording.fps || 1);
  }
  return { names, shares: times.map((row) => row.map((time, i) => time / (totals[i] || 1))) };
}

/** @param {HTMLElement} place */
function makeUsage(place) {
  const choices = groupings();
  if (!choices.length) return;
  const select = make("select");
  select.setAttribute("aria-label", "Groups");
  select.append(...choices.map(([name], i) => makeOption(name, String(i))));
  const table = make("div", "scroll-x");
  const rows = report.motifs.map((_, i) => motifName(i));
  const plot = () => {
    const { names, shares } = usage(choices[Number(select.value)][1]);
    return /** @type {const} */ ([names, rows, shares, wholeShare, "motif"]);
  };
  const draw = () => table.replaceChildren(makeHeat(...plot()));
  const save = makeButton(
    "Save as CSV",
    () => {
      const [name, read] = choices[Number(select.value)];
      const { names, shares } = usage(read);
      saveRows(
        `motifs_by_${name}.csv`,
        ["motif", ...names],
        shares.map((row, i) => [rows[i], ...row]),
      );
    },
    "save",
    "button square",
  );
  const picture = makeSaver("motifs_usage", () => drawHeat(...plot()));
  select.addEventListener("change", draw);
  draw();
  place.append(
    make(
      "div",
      "pane-head part",
      make("p", "", "Share of time in each motif (per cent), by ", select),
      picture,
      save,
    ),
    table,
  );
}

/** @param {HTMLElement} place */
export function makeMotifs(place) {
  if (!report.motifs.length) {
    place.replaceChildren(
      makeEmpty(
        "No motifs",
        "None were looked for, or the recordings are too few or too short for movements to recur.",
      ),
    );
    return;
  }
  const order = report.motifs
    .map((_, i) => i)
    .sort((a, b) => report.motifs[b].share - report.motifs[a].share);
  const cards = make("div", "cards", ...order.map(makeMotif));
  place.replaceChildren(
    make(
      "p",
      "lead",
      "What recurs, by share of time. Each card moves as a typical example does; click to see it in place. " +
        "\u201c2.0\u00d7 in walk\u201d: that label is twice as frequent here as overall; " +
        "\u201c9\u00d7 in 3 rec., 2.5 s\u201d: nine times in three recordings, for 2.5 s as a rule.",
    ),
    cards,
  );
  makeActivities(place);
  makeUsage(place);
  if (report.transitions?.length) {
    const names = report.motifs.map((_, i) => motifName(i));
    const say = (/** @type {number} */ value) => (value >= 0.005 ? wholeShare(value) : "");
    const plot = /** @type {const} */ ([names, names, report.transitions, say, "from"]);
    const lead = "How often (per cent) the motif of a row is followed by that of a column.";
    const picture = makeSaver("motifs_transitions", () => drawHeat(...plot));
    place.append(
      make("div", "pane-head part", make("p", "", lead), picture),
      make("div", "scroll-x", makeHeat(...plot)),
    );
  }
  const mark = () => {
    for (const card of /** @type {HTMLCollectionOf<HTMLElement>} */ (cards.children)) {
      card.classList.toggle("played", Number(card.dataset.motif) === state.motif);
    }
  };
  const recolour = () => {
    for (const card of /** @type {HTMLCollectionOf<HTMLElement>} */ (cards.children)) {
      const dot = /** @type {HTMLElement} */ (card.querySelector(".dot"));
      dot.style.background = quietMotifColour(Number(card.dataset.motif));
    }
  };
  watch(["motif"], mark);
  watch(["theme", "colour"], recolour);
}
