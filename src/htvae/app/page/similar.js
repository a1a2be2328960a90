// The tab Similar: what is like the chosen span, nearest first, each a moving card.
import { findSimilar, goToSpan } from "./actions.js";
import { report } from "./data.js";
import { announce, byId, make, makeButton, makeEmpty, makeOption, nameText } from "./dom.js";
import { saveRows } from "./export.js";
import { prepareSearch, searchSimilar } from "./search.js";
import { change, state, watch } from "./state.js";
import { filmOf, makeCard } from "./thumbs.js";
import { labelAt, spanText, toTime } from "./timebase.js";

/** @param {Hit} hit */
function makeHit(hit) {
  const { recording, start, stop, distance, score } = hit;
  const words = [spanText(recording, start, stop), labelAt(recording, (start + stop) / 2)]
    .filter(Boolean)
    .join(" \u00b7 ");
  const card = makeCard(
    filmOf(recording, start, stop),
    [
      nameText(report.recordings[recording].name),
      words,
      make(
        "span",
        "soft",
        score === undefined ? `distance ${distance.toFixed(2)}` : `score ${score.toFixed(2)}`,
      ),
    ],
    () => goToSpan(recording, start, stop),
  );
  card.dataset.hit = `${recording}:${start}-${stop}`;
  return card;
}

function saveHits() {
  const isTaught = state.hits.some(({ score }) => score !== undefined);
  const rows = state.hits.map(({ recording, start, stop, distance, score }) => [
    report.recordings[recording].name,
    start,
    stop,
    toTime(recording, start),
    toTime(recording, stop),
    score ?? distance,
  ]);
  const columns = ["recording", "start_frame", "stop_frame", "start_s", "stop_s"];
  saveRows("similar.csv", [...columns, isTaught ? "score" : "distance"], rows);
}

/** What was found, and in which order it stands. @param {Hit[]} hits @param {HTMLElement} query
 * @returns {(Node | string)[]} */
function sayOrder(hits, query) {
  if (hits.some(({ score }) => score !== undefined))
    return [
      `The ${hits.length} spans that score highest by your answers; the search began with `,
      query,
      ".",
    ];
  return [`${hits.length || "No"} spans most like `, query, hits.length ? ", nearest first." : "."];
}

/** Which recordings are searched: a choice where there are others. @returns {Node | string} */
function makeScope() {
  const taught = state.hits.some((hit) => hit.score !== undefined);
  if (report.recordings.length < 2 || taught) return "";
  const select = make("select");
  select.setAttribute("aria-label", "Recordings to search");
  select.append(
    makeOption("all recordings", "", !state.elsewhere),
    makeOption("other recordings", "others", state.elsewhere),
  );
  select.addEventListener("change", () => change({ elsewhere: select.value === "others" }));
  return make("span", "scope", "in ", select);
}

/** @param {HTMLElement} place */
function drawHits(place) {
  const { query, hits } = state;
  if (!report.windows.features) {
    place.replaceChildren(
      makeEmpty(
        "No search in this report",
        "It holds no features of recordings: they are shorter than a window, or it was left out for size.",
      ),
    );
    return;
  }
  if (!query) {
    const button = makeButton("Find what is like this moment", findSimilar, "find", "button primary");
    place.replaceChildren(
      makeEmpty(
        "Find more like this",
        "Drag across the timeline to choose a span. The twelve that move most like it appear here.",
      ),
    );
    place.firstElementChild?.append(button);
    return;
  }
  const name = nameText(report.recordings[query.recording].name);
  const back = make("button", "as-text", name, ` ${spanText(query.recording, ...query.span)}`);
  back.type = "button";
  back.title = "Go back to the span that was looked for";
  back.addEventListener("click", () => goToSpan(query.recording, ...query.span));
  const head = make(
    "div",
    "pane-head",
    make("p", "", ...sayOrder(hits, back)),
    makeScope(),
    makeButton("Save as CSV", saveHits, "save", "button square"),
    makeButton("Forget these", () => change({ query: null }), "close", "button square"),
  );
  const cards = make("div", "cards", ...hits.map(makeHit));
  place.replaceChildren(
    head,
    hits.length
      ? cards
      : makeEmpty(
          "Nothing found",
          state.elsewhere
            ? "No other recording holds a span of this length. Search all recordings, or choose a shorter one."
            : "Every other span of this length overlaps the one that was looked for. Choose a shorter one.",
        ),
  );
}

/** Mark the card that is being played. @param {HTMLElement} place */
function markPlayed(place) {
  const { recording, span } = state;
  const key = span ? `${recording}:${span[0]}-${span[1]}` : "";
  for (const card of /** @type {NodeListOf<HTMLElement>} */ (place.querySelectorAll(".card"))) {
    card.classList.toggle("played", card.dataset.hit === key);
  }
}

async function runQuery() {
  const { query, elsewhere } = state;
  const hits = query ? await searchSimilar(query, elsewhere) : [];
  if (state.query !== query || state.elsewhere !== elsewhere) return;
  change({ hits });
  if (query) announceHits(hits.length);
}

/** @param {number} count */
function announceHits(count) {
  byId("said").textContent = count ? `${count} similar spans found` : "Nothing similar found";
}

/** Search also while another tab is open, since the map marks what was found. */
export function startSearch() {
  const run = () => runQuery().catch((error) => announce(String(error.message ?? error)));
  watch(["query", "elsewhere"], run);
  run();
  setTimeout(() => prepareSearch().catch(() => {}), 400);
}

/** @param {HTMLElement} place */
export function makeSimilar(place) {
  const redraw = () => {
    drawHits(place);
    markPlayed(place);
  };
  watch(["query", "hits", "elsewhere"], redraw);
  watch(["span", "recording"], () => markPlayed(place));
  redraw();
}
