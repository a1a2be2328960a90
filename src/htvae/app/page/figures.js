// The tab Figures: all tables of the report; they can be searched, sorted and taken out.
import { goToRecording, goToSpan } from "./actions.js";
import { report } from "./data.js";
import { make, makeButton, makeEmpty, makeOption } from "./dom.js";
import { saveRows } from "./export.js";
import { gloss, listTerms } from "./glossary.js";
import { change, state, watch } from "./state.js";
import { toFrame } from "./timebase.js";

/** Most rows that are drawn at once. */
const MOST_LINES = 400;
/** Letters from which a cell takes several lines. */
const LONG = 14;
/** Column that the table is sorted by, and whether the largest comes first. */
const sorting = { table: -1, column: -1, down: false };

/** @param {Cell} cell */
function cellText(cell) {
  if (cell === null || cell === "") return "\u2013";
  if (typeof cell === "boolean") return cell ? "yes" : "no";
  if (typeof cell !== "number") return cell;
  if (Number.isInteger(cell)) return cell.toLocaleString("en");
  return Math.abs(cell) < 1e-3 || Math.abs(cell) >= 1e5
    ? cell.toExponential(2)
    : String(Number(cell.toPrecision(4)));
}

/** Whether a cell may take several lines. @param {Cell} cell */
const isLong = (cell) => typeof cell === "string" && cell.length > LONG;

/** @param {Cell} a @param {Cell} b */
function compareCells(a, b) {
  if (typeof a === "number" && typeof b === "number") return a - b;
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  return String(a).localeCompare(String(b), undefined, { numeric: true });
}

/** Rows that hold all words that are looked for, in the order asked for. @param {Table} table */
function chosenRows(table) {
  const words = state.search.toLowerCase().split(/\s+/).filter(Boolean);
  const rows = table.rows.filter((row) => {
    const text = row.map(cellText).join(" ").toLowerCase();
    return words.every((word) => text.includes(word));
  });
  if (sorting.table === state.table && sorting.column >= 0) {
    rows.sort((a, b) => (sorting.down ? -1 : 1) * compareCells(a[sorting.column], b[sorting.column]));
  }
  return rows;
}

/** What a click on a row opens: its recording, and its span if it has one. @param {Table} table
 * @param {Cell[]} row */
function rowTarget({ columns }, row) {
  const cell = (/** @type {string[]} */ ...names) =>
    row[columns.findIndex((column) => names.includes(column))];
  const recording = report.recordings.findIndex(({ name }) => name === cell("recording", "name", "file"));
  if (recording < 0) return null;
  const frames = [cell("start_frame", "start"), cell("stop_frame", "stop")];
  const seconds = [cell("start_s", "start_seconds"), cell("stop_s", "stop_seconds")].map((value) =>
    typeof value === "number" ? toFrame(recording, value) : value,
  );
  const [a, b] = frames.every((value) => typeof value === "number") ? frames : seconds;
  if (typeof a === "number" && typeof b === "number" && b > a) return () => goToSpan(recording, a, b);
  return () => goToRecording(recording);
}

/** @param {Table} table @param {() => void} redraw */
function makeHead(table, redraw) {
  return make(
    "tr",
    "",
    ...table.columns.map((name, column) => {
      const isSorted = sorting.table === state.table && sorting.column === column;
      const button = makeButton(
        `${name}${isSorted ? (sorting.down ? " \u2193" : " \u2191") : ""}`,
        () => {
          Object.assign(sorting, {
            table: state.table,
            column,
            down: isSorted ? !sorting.down : typeof table.rows[0]?.[column] === "number",
          });
          redraw();
        },
        "",
        "sorter",
      );
      const cell = make("th", "", button);
      cell.setAttribute("aria-sort", isSorted ? (sorting.down ? "descending" : "ascending") : "none");
      return cell;
    }),
  );
}

/** @param {Table} table @param {Cell[]} row */
function makeLine(table, row) {
  const target = rowTarget(table, row);
  const line = make(
    "tr",
    "",
    ...row.map((cell, i) => {
      const isNumber = typeof cell === "number";
      const isLink =
        target &&
        table.columns[i] === table.columns.find((name) => ["recording", "name", "file"].includes(name));
      const content = isLink
        ? makeButton(cellText(cell), target, "", "as-text")
        : make("bdi", "", ...gloss(cellText(cell)));
      const place = make("td", isNumber ? "number" : isLong(cell) ? "words" : "", content);
      if (isNumber) place.title = String(cell);
      return place;
    }),
  );
  return line;
}

/** @param {HTMLElement} place */
export function makeFigures(place) {
  const { tables } = report;
  if (!tables.length) {
    place.replaceChildren(makeEmpty("No tables", "This report was made without figures."));
    return;
  }
  const select = make("select", "push-out");
  select.setAttribute("aria-label", "Table");
  select.append(...tables.map(({ title, name }, i) => makeOption(title || name, String(i))));
  const search = make("input");
  Object.assign(search, { type: "search", placeholder: "search rows", id: "figures-search" });
  search.setAttribute("aria-label", "Search rows");
  const note = make("p", "soft lead");
  const body = make("div", "scroll-x");
  const terms = make("div", "terms part");
  const redraw = () => {
    const table = tables[state.table] ?? tables[0];
    select.value = String(state.table);
    const rows = chosenRows(table);
    const cut = rows.length > MOST_LINES ? `; the first ${MOST_LINES} are shown, the CSV has all` : "";
    terms.replaceChildren(...listTerms(rows.slice(0, MOST_LINES).flatMap((row) => row.map(cellText))));
    note.textContent = `${rows.length} of ${table.rows.length} rows${cut}`;
    body.replaceChildren(
      make(
        "table",
        "figures",
        make("thead", "", makeHead(table, redraw)),
        make("tbody", "", ...rows.slice(0, MOST_LINES).map((row) => makeLine(table, row))),
      ),
    );
  };
  const save = makeButton(
    "Save as CSV",
    () => {
      const table = tables[state.table];
      saveRows(`${table.name}.csv`, table.columns, chosenRows(table));
    },
    "save",
    "button square",
  );
  select.addEventListener("change", () => change({ table: Number(select.value) }));
  search.addEventListener("input", () => change({ search: search.value }));
  watch(["table", "search"], redraw);
  place.replaceChildren(make("div", "pane-head", select, search, save), note, body, terms);
  redraw();
}
