// Similar, live: yes or no to what was found, a search that learns from it, and a detector to keep.
import { call, live, tellError } from "./live.js";
import { announce, make, makeButton, makeOption } from "./dom.js";
import { change, state, watch } from "./state.js";

/** Most examples that a search takes. */
const MOST_EXAMPLES = 500;
/** Answers by span: recording, start, stop, and whether it is one. @type {Map<string, Example>} */
const answers = new Map();
/** @typedef {[recording: number, start: number, stop: number, yes: boolean]} Example */
/** What the server said last, and of which query the answers are.
 * @type {{ text: string, query: Query | null, isAsking: boolean }} */
const judged = { text: "", query: null, isAsking: false };

/** The span that was looked for, and the answers. @returns {Example[]} */
function allExamples() {
  const { query } = state;
  /** @type {Example[]} */
  const own = query ? [[query.recording, ...query.span, true]] : [];
  return [...own, ...answers.values()].slice(0, MOST_EXAMPLES);
}

async function searchAgain() {
  if (judged.isAsking) return;
  judged.isAsking = true;
  drawBarOfAnswers();
  const { query } = state;
  try {
    const { hits, text } = await call("api/find", { examples: allExamples() });
    if (state.query !== query) return;
    judged.text = text;
    change({
      hits: hits.map((/** @type {[number, number, number, number]} */ [recording, start, stop, score]) => ({
        recording,
        start,
        stop,
        distance: 1 - score,
        score,
      })),
    });
  } catch (error) {
    tellError(error);
  } finally {
    judged.isAsking = false;
    drawBarOfAnswers();
    if (document.activeElement === document.body) again.focus(); // the cards that had it are gone
  }
}

const answersBar = make("div", "answers");
const answersText = make("p", "answers-text");
answersText.setAttribute("role", "status");
const answersMore = make(
  "details",
  "answers-more",
  make("summary", "", "More on how sure that is"),
  make("p"),
);
const again = makeButton("Search again", searchAgain, "find", "button primary");
const detectorName = make("input");
const detectorSave = makeButton("Save detector", saveDetector);
const knownDetectors = make("datalist");

/** @param {string} text */
const firstSentence = (text) => text.split(/(?<=\.) /)[0];

/** What stands in the bar, how sure it is with it, and what is folded away. @param {string} text */
function splitSaid(text) {
  const sentences = text.split(/(?<=\.) /);
  const sure = sentences.findIndex((sentence) => sentence.startsWith("Precision"));
  const shown = sentences.filter((_, i) => i === 0 || i === sure || (i === 1 && sure > 1));
  const more = sentences.filter((sentence) => !shown.includes(sentence));
  return [shown, more].map((part) => part.join(" "));
}

async function saveDetector() {
  const name = detectorName.value.trim();
  if (!name) {
    announce("Give the detector a name first, for example squat.");
    detectorName.focus();
    return;
  }
  try {
    const { text } = await call("api/detectors", { name, examples: allExamples() });
    judged.text = text;
    announce(firstSentence(text));
    knownDetectors.append(makeOption(name, name));
  } catch (error) {
    tellError(error);
  }
  drawBarOfAnswers();
}

function drawBarOfAnswers() {
  const all = [...answers.values()];
  const yes = all.filter((example) => example[3]).length;
  const counts = `${yes} yes, ${all.length - yes} no`;
  const [said, more] = splitSaid(judged.text);
  answersMore.hidden = !more;
  /** @type {HTMLElement} */ (answersMore.lastElementChild).textContent = more;
  answersText.textContent = all.length
    ? [counts, said].filter(Boolean).join(" \u00b7 ")
    : "Say yes to some and no to some (keys Y and N on a card); the next search learns from it.";
  again.disabled = !all.length || judged.isAsking;
  detectorSave.disabled = !all.length;
  again.lastChild?.replaceWith(judged.isAsking ? "Searching \u2026" : "Search again");
}

/** @param {string} key @param {boolean} yes @param {HTMLElement} frame */
function answer(key, yes, frame) {
  if (answers.get(key)?.[3] === yes) answers.delete(key);
  else {
    const [recording, start, stop] = key.split(/[:-]/).map(Number);
    answers.set(key, [recording, start, stop, yes]);
  }
  markAnswer(key, frame);
  drawBarOfAnswers();
}

/** @param {string} key @param {HTMLElement} frame */
function markAnswer(key, frame) {
  const said = answers.get(key)?.[3];
  frame.classList.toggle("is-yes", said === true);
  frame.classList.toggle("is-no", said === false);
  for (const button of frame.querySelectorAll("button[data-yes]"))
    button.setAttribute(
      "aria-pressed",
      String(String(said) === /** @type {HTMLElement} */ (button).dataset.yes),
    );
}

/** Put a card into a frame with Yes and No below it. @param {HTMLElement} card */
function frameCard(card) {
  const key = card.dataset.hit ?? "";
  const frame = make("div", "judged");
  card.replaceWith(frame);
  const buttons = [true, false].map((yes) => {
    const button = makeButton(yes ? "Yes" : "No", () => answer(key, yes, frame), yes ? "check" : "fault", "");
    button.dataset.yes = String(yes);
    button.setAttribute(
      "aria-label",
      `${yes ? "Yes" : "No"}: ${card.querySelector(".card-name")?.textContent}`,
    );
    return button;
  });
  frame.append(card, make("div", "yes-no", ...buttons));
  frame.addEventListener("keydown", (event) => {
    const pressed = event.key.toLowerCase();
    if (!["y", "n"].includes(pressed) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    answer(key, pressed === "y", frame);
  });
  markAnswer(key, frame);
}

/** Let what the tab Similar shows be judged. @param {HTMLElement} place */
export function startJudging(place) {
  Object.assign(detectorName, {
    type: "text",
    placeholder: "name of a detector",
    maxLength: 60,
    spellcheck: false,
  });
  detectorName.setAttribute("aria-label", "Name of the detector");
  knownDetectors.id = "known-detectors";
  knownDetectors.append(...live.detectors.map((name) => makeOption(name, name)));
  detectorName.setAttribute("list", knownDetectors.id);
  detectorName.addEventListener("keydown", (event) => event.key === "Enter" && saveDetector());
  answersBar.append(answersText, answersMore, again, detectorName, detectorSave, knownDetectors);
  const dress = () => {
    if (state.query !== judged.query) {
      answers.clear();
      Object.assign(judged, { text: "", query: state.query });
    }
    for (const card of /** @type {NodeListOf<HTMLElement>} */ (place.querySelectorAll(".cards > .card")))
      frameCard(card);
    if (!state.query || !state.hits.length) return;
    place.querySelector(".pane-head")?.after(answersBar);
    drawBarOfAnswers();
  };
  watch(["query", "hits"], dress);
  dress();
}
