// Motifs, live: named in place, merged by giving two one name, and saved.
import { forgetMotifColours } from "./colours.js";
import { report } from "./data.js";
import { announce, make, makeButton, makeOption } from "./dom.js";
import { call, tellError } from "./live.js";
import { makeMotifs } from "./motifs.js";
import { moments } from "./places.js";
import { change, state } from "./state.js";
import { motifName } from "./timebase.js";

const motifNames = make("datalist");
motifNames.id = "motif-names";

/** Ids of motifs that became a part of another one, by whose id. @type {Map<string, string>} */
const absorbed = new Map();

/** @param {Motif} motif */
const ownName = (motif) => (motif.name === motif.id ? "" : motif.name);

/** Names that were typed, by motif's id. @param {HTMLElement} place */
function typedNames(place) {
  /** @type {Record<string, string>} */
  const names = {};
  for (const field of /** @type {NodeListOf<HTMLInputElement>} */ (
    place.querySelectorAll("input.motif-name")
  )) {
    const name = field.value.trim();
    if (name) names[field.dataset.id ?? ""] = name;
  }
  return names;
}

/** A name for every motif that the server knows: its own, that of the one it is a part of, or its id.
 * @param {Record<string, string>} names */
function namesOfAll(names) {
  /** @type {Record<string, string>} */
  const all = {};
  for (const { id } of report.motifs) all[id] = names[id] ?? id;
  for (const [gone, kept] of absorbed) all[gone] = all[kept];
  return all;
}

/** Groups of motifs (indices) that bear one name. @param {Record<string, string>} names */
function mergesOf(names) {
  /** @type {Map<string, number[]>} */
  const groups = new Map();
  report.motifs.forEach(({ id }, i) => {
    if (names[id]) groups.set(names[id], [...(groups.get(names[id]) ?? []), i]);
  });
  return [...groups.values()].filter((group) => group.length > 1);
}

/** Say anew, from the recordings' spans, how often each motif is seen and what follows it. */
function recount() {
  const counts = report.motifs.map(() => report.motifs.map(() => 0));
  report.motifs.forEach((motif, i) => {
    const own = report.recordings.map(({ motifs }) => motifs.filter((span) => span[2] === i));
    motif.bouts = own.reduce((sum, spans) => sum + spans.length, 0);
    motif.recordings = own.filter((spans) => spans.length).length;
    const lengths = own.flatMap((spans, r) =>
      spans.map(([a, b]) => (b - a) / (report.recordings[r].fps || 1)),
    );
    motif.medianSeconds = lengths.sort((a, b) => a - b)[Math.floor(lengths.length / 2)] ?? 0;
  });
  for (const { motifs } of report.recordings)
    for (let i = 1; i < motifs.length; i++) {
      const [from, to] = [motifs[i - 1][2], motifs[i][2]];
      if (from >= 0 && to >= 0 && from !== to) counts[from][to]++;
    }
  if (!report.transitions) return;
  report.transitions = counts.map((row) => {
    const all = row.reduce((sum, value) => sum + value, 0);
    return row.map((value) => value / (all || 1));
  });
}

/** Make motif `gone` a part of motif `kept`, wherever the page has it. @param {number} kept @param {number} gone */
function mergeMotif(kept, gone) {
  const renumber = (/** @type {number} */ motif) => {
    if (motif === gone) return kept > gone ? kept - 1 : kept;
    return motif > gone ? motif - 1 : motif;
  };
  for (const recording of report.recordings) {
    /** @type {ClassSpan[]} */
    const joined = [];
    for (const [start, stop, motif] of recording.motifs) {
      const [before, own] = [joined.at(-1), renumber(motif)];
      if (before && before[2] === own && before[1] === start) before[1] = stop;
      else joined.push([start, stop, own]);
    }
    recording.motifs = joined;
  }
  for (const activity of report.activities) {
    /** @type {Map<number, number>} */
    const shares = new Map();
    for (const [motif, share] of activity.motifs)
      shares.set(renumber(motif), (shares.get(renumber(motif)) ?? 0) + share);
    activity.motifs = [...shares].sort((one, other) => other[1] - one[1]);
  }
  const bytes = moments.all?.motif;
  bytes?.forEach((motif, i) => motif < 255 && (bytes[i] = renumber(motif)));
  const [into, from] = [report.motifs[kept].id, report.motifs[gone].id];
  for (const [id, home] of absorbed) if (home === from) absorbed.set(id, into);
  absorbed.set(from, into);
  report.motifs[kept].share += report.motifs[gone].share;
  report.motifs[kept].lift = null;
  report.motifs.splice(gone, 1);
}

/** @param {Record<string, string>} names */
function applyNames(names) {
  for (const motif of report.motifs) motif.name = names[motif.id] ?? motif.id;
  for (const group of mergesOf(names))
    for (const gone of group.slice(1).reverse()) mergeMotif(group[0], gone);
  recount();
  forgetMotifColours();
}

/** Motifs that already bear one name, from an earlier visit to this page, are one. */
export function mergeNamesakes() {
  const names = Object.fromEntries(report.motifs.map(({ id, name }) => [id, name || id]));
  if (mergesOf(names).length) applyNames(names);
}

/** @param {HTMLElement} place @param {string} said what the server said when names were saved */
function dressMotifs(place, said) {
  const text = make("p", "", said || "Type a name below a motif. Two motifs with one name become one.");
  const saveNames = async () => {
    button.disabled = true;
    try {
      const names = typedNames(place);
      const answer = await call("api/motifs", { names: namesOfAll(names) });
      const hadMerges = mergesOf(names).length > 0;
      applyNames(names);
      if (hadMerges) change({ motif: -1 });
      makeNaming(place, answer.text);
      change({ edition: state.edition + 1 });
      announce(answer.text);
    } catch (error) {
      tellError(error);
      button.disabled = false;
    }
  };
  const button = makeButton("Save names", saveNames, "save", "button primary");
  const refresh = () => {
    const names = typedNames(place);
    const merges = mergesOf(names).map((group) => group.map(motifName).join(" and "));
    button.disabled = report.motifs.every((motif) => (names[motif.id] ?? "") === ownName(motif));
    if (merges.length) text.textContent = `${merges.join("; ")} will become one motif.`;
    else if (!button.disabled) text.textContent = "Names that are not saved yet.";
    motifNames.replaceChildren(...[...new Set(Object.values(names))].map((name) => makeOption(name, name)));
  };
  text.setAttribute("role", "status");
  const head = make("div", "pane-head naming", text, button, motifNames);
  for (const card of /** @type {NodeListOf<HTMLElement>} */ (
    place.querySelectorAll(".cards > .card[data-motif]")
  )) {
    const motif = report.motifs[Number(card.dataset.motif)];
    const field = make("input", "motif-name");
    Object.assign(field, { type: "text", value: ownName(motif), placeholder: "name it", maxLength: 60 });
    field.setAttribute("aria-label", `Name of ${motifName(Number(card.dataset.motif))}`);
    field.setAttribute("list", motifNames.id);
    field.dataset.id = motif.id;
    field.addEventListener("input", refresh);
    field.addEventListener("keydown", (event) => event.key === "Enter" && !button.disabled && saveNames());
    const frame = make("div", "named");
    frame.dataset.motif = card.dataset.motif;
    card.replaceWith(frame);
    frame.append(card, field);
  }
  place.querySelector(".lead")?.after(head);
  refresh();
}

/** @param {HTMLElement} place @param {string} [said] */
export function makeNaming(place, said = "") {
  makeMotifs(place);
  if (report.motifs.length) dressMotifs(place, said);
}
