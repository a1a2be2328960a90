// The tab Groups: what one group does more than another, in words, as effects with intervals.
import { report } from "./data.js";
import { make, makeButton, makeEmpty, makeSvg } from "./dom.js";
import { saveRows } from "./export.js";
import { drawEffects, makeSaver } from "./plots.js";
import { makeScenes } from "./scenes.js";
import { change, state } from "./state.js";
import { inWords, landmarkWords, listNames } from "./words.js";

/** Half the width of the effects' axis at least. */
const LEAST_REACH = 1;
/** Effects that are shown at first. */
const FIRST_EFFECTS = 10;

/** An effect with its interval on a common axis. @param {GroupRow} row @param {number} reach */
function makeInterval({ effect, low, high }, reach) {
  const place = (/** @type {number} */ value) => 50 + (48 * Math.max(-reach, Math.min(reach, value))) / reach;
  const picture = makeSvg(
    "svg",
    { viewBox: "0 0 100 16", preserveAspectRatio: "none", class: "interval", "aria-hidden": "true" },
    makeSvg("line", { x1: 50, x2: 50, y1: 0, y2: 16, class: "axis" }),
  );
  if (low !== null && high !== null)
    picture.append(makeSvg("line", { x1: place(low), x2: place(high), y1: 8, y2: 8, class: "reach" }));
  if (effect !== null)
    picture.append(
      makeSvg("line", { x1: place(effect) - 0.1, x2: place(effect) + 0.1, y1: 8, y2: 8, class: "point" }),
    );
  return picture;
}

/** @param {number | null} value @param {number} [digits] */
const signed = (value, digits = 2) =>
  value === null
    ? "\u2013"
    : `${value > 0 ? "+" : value < 0 ? "\u2212" : ""}${Math.abs(value).toPrecision(digits)}`;

/** @param {GroupRow} row @param {number} reach */
function makeRow(row, reach) {
  const landmark = report.body.landmarks.indexOf(row.landmark);
  const isClear = isSure(row);
  const hasInterval = row.low !== null && row.high !== null;
  const interval = hasInterval ? ` (${signed(row.low)} to ${signed(row.high)})` : "";
  const facts = [`${signed(row.difference)} ${row.unit}`.trim(), `effect ${signed(row.effect)}${interval}`];
  if (row.q !== null) facts.push(`q ${row.q < 0.001 ? "< 0.001" : row.q.toFixed(3)}`);
  if (row.unreliable) facts.push("low reliability");
  const item = make(
    "button",
    isClear ? "effect clear" : "effect",
    make("span", "effect-name", inWords(row.measure), " ", make("span", "soft", row.between)),
    make("span", "effect-facts", facts.join(" \u00b7 ")),
  );
  item.append(makeInterval(row, reach));
  item.type = "button";
  item.disabled = landmark < 0;
  if (landmark >= 0) item.title = `Show ${landmarkWords(row.landmark)} in the player`;
  item.addEventListener("click", () => change({ landmark: state.landmark === landmark ? -1 : landmark }));
  return item;
}

/** @param {GroupRow} row */
const isSure = (row) => row.q !== null && row.q < 0.05;

/** Landmarks that are named. */
const MOST_NAMED = 4;

/** What differs, in plain words. @param {GroupRow[]} sorted the surest first */
function sayMost(sorted) {
  if (!sorted.length) return "";
  const sure = sorted.filter(isSure);
  if (!sure.length) return "No difference between the groups is sure: what is seen below may be chance.";
  const [first] = sure;
  const [one, other] = first.between.split(" minus ");
  const [more, less] = (first.difference ?? 0) < 0 ? [other, one] : [one, other];
  const what = inWords(first.measure);
  const who = other ? `: it is higher in ${more} than in ${less}` : "";
  const names = [...new Set(sure.map((row) => row.landmark).filter(Boolean))].map(landmarkWords);
  const where = names.length ? ` Differences are surest at ${listNames(names.slice(0, MOST_NAMED))}.` : "";
  return `The surest difference is in ${what}${who}.${where}`;
}

/** By q, then the reliable ones first, then by the effect. @param {GroupRow} a @param {GroupRow} b */
function bySureness(a, b) {
  const unsure = Number(a.unreliable) - Number(b.unreliable);
  return (a.q ?? 1) - (b.q ?? 1) || unsure || Math.abs(b.effect ?? 0) - Math.abs(a.effect ?? 0);
}

/** How to get a comparison: which columns there are to compare by. */
function adviseGroups() {
  const kinds = new Set(report.recordings.map(({ label }) => label).filter((label) => label >= 0));
  const columns = [...(kinds.size > 1 ? ["label"] : []), ...report.columns];
  const command = `htvae ${report.live ? "explore" : "report"} --by`;
  if (columns.length)
    return `Start ${command} ${columns[0]}. The columns with two values or more: ${columns.join(", ")}.`;
  const lack = "Add a column of two values or more (group, condition, label) to manifest.csv";
  return `${lack}, then start ${command} with its name.`;
}

/** @param {HTMLElement} place */
export function makeGroups(place) {
  const { groups } = report;
  if (!groups || (!groups.rows.length && !groups.text.length)) {
    place.replaceChildren(makeEmpty("No groups were compared", adviseGroups()));
    return;
  }
  const { rows } = groups;
  const reach = Math.max(
    LEAST_REACH,
    ...rows.flatMap((row) =>
      [row.low, row.high, row.effect].map((value) => Math.abs(value ?? 0)).filter((value) => value < 8),
    ),
  );
  const save = makeButton(
    "Save as CSV",
    () => {
      const columns = /** @type {(keyof GroupRow)[]} */ (Object.keys(rows[0]));
      saveRows(
        `groups_${groups.by}.csv`,
        columns,
        rows.map((row) => columns.map((column) => row[column])),
      );
    },
    "save",
    "button square",
  );
  save.disabled = !rows.length;
  const texts = groups.text.map((text) => make("li", "", inWords(text)));
  const sorted = [...rows].sort(bySureness);
  const most = sayMost(sorted);
  const head = make(
    "div",
    "pane-head",
    make("p", "", "Compared by ", make("b", "", groups.by), ". The surest differences first."),
    ...(rows.length ? [makeSaver(`groups_${groups.by}`, () => drawEffects(shownEffects, reach))] : []),
    save,
  );
  const axis = make(
    "div",
    "effect-axis",
    make("span", "", `\u2212${reach.toPrecision(2)}`),
    make("span", "", "0"),
    make("span", "", `+${reach.toPrecision(2)}`),
  );
  const effects = make("div");
  let shownEffects = sorted;
  const showEffects = (/** @type {number} */ count) => {
    shownEffects = sorted.slice(0, count);
    effects.replaceChildren(...shownEffects.map((row) => makeRow(row, reach)));
    if (count < sorted.length) {
      effects.append(
        makeButton(`Show all ${sorted.length}`, () => showEffects(sorted.length), "", "button part"),
      );
    }
  };
  showEffects(FIRST_EFFECTS);
  const scenes = makeScenes(groups.scenes);
  place.replaceChildren(
    head,
    make("ul", "sentences", ...(most ? [make("li", "strong", most)] : []), ...texts.slice(0, 1)),
    ...scenes.slice(0, 1),
    ...(rows.length ? [axis, effects] : []),
    ...scenes.slice(1),
    make("ul", "sentences part", ...texts.slice(1)),
  );
}
