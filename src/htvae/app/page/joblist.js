// What the model was asked for, newest first: a bar while it is made, a moving card once it is there.
import { announce, make, makeButton, nameText } from "./dom.js";
import { drawMade } from "./glow.js";
import { addGuests, clipRate } from "./guest.js";
import { isActive, loadResult, stopJob, timeLeft } from "./jobs.js";
import { tellError } from "./live.js";
import { change, state, watch } from "./state.js";
import { makeCard } from "./thumbs.js";

/** @typedef {{ row: HTMLElement, progress: HTMLProgressElement, left: HTMLElement, shown: string }} JobRow */
/** @type {Map<string, JobRow>} */
const jobRows = new Map();

/** @param {Job} job */
const playJob = (job) =>
  change({ guest: { kind: "made", index: state.jobs.findIndex(({ id }) => id === job.id) } });

/** @param {Job} job @returns {JobRow} */
function makeJobRow(job) {
  const progress = make("progress");
  progress.max = 1;
  progress.setAttribute("aria-label", `${job.title}: progress`);
  const left = make("span", "soft");
  const cancel = makeButton("Cancel", () => stopJob(job.id));
  const head = make("div", "job-head", make("b", "", job.title), make("span", "soft job-words", job.words));
  const row = make("div", "job", head, progress, make("div", "job-foot", left, cancel));
  row.dataset.job = job.id;
  return { row, progress, left, shown: "waiting" };
}

/** @param {JobRow} own @param {Job} job */
async function showResult(own, job) {
  try {
    const clip = await loadResult(job.id);
    const film = {
      load: () => loadResult(job.id),
      start: 0,
      stop: ((clip.count - 1) / clipRate(clip)) * 30,
      fps: 30,
      which: /** @type {const} */ ("reconstruction"),
    };
    const seconds = `${((clip.count - 1) / clipRate(clip)).toFixed(1)} s`;
    const [first, ...others] = job.words.split(/ \u00b7 |(?<=\u2192) /);
    const lines = [first, [...others, seconds].join(", ")];
    const card = makeCard(film, [job.title, ...lines], () => playJob(job));
    card.title = `${job.title}: ${job.words}`;
    own.row.classList.add("made");
    own.row.replaceChildren(card);
    markPlaying();
    if (state.tab === "make") playJob(job);
    announce(`${job.title}: ready, it plays in the player.`);
  } catch (error) {
    showEnd(own, job, error instanceof Error ? error.message : String(error));
    tellError(error);
  }
}

/** @param {JobRow} own @param {Job} job @param {string} text */
function showEnd(own, job, text) {
  const close = makeButton("Take off the list", () => own.row.remove(), "close", "button square");
  const title = job.state === "failed" ? "Not made" : job.title;
  const head = make("div", "job-head", make("b", "", title), make("span", "soft job-words", job.words));
  own.row.classList.toggle("failed", job.state === "failed");
  own.row.replaceChildren(head, make("div", "job-foot", make("span", "", text), close));
}

/** @param {JobRow} own @param {Job} job */
function showJob(own, job) {
  if (isActive(job)) {
    if (job.state === "waiting") own.progress.removeAttribute("value");
    else own.progress.value = job.progress;
    own.left.textContent = timeLeft(job);
    return;
  }
  if (own.shown === job.state) return;
  own.shown = job.state;
  if (job.state === "done") showResult(own, job);
  else showEnd(own, job, job.state === "cancelled" ? "Cancelled." : (job.error ?? "It failed."));
}

/** Mark the card that is being played. */
function markPlaying() {
  const id = state.guest?.kind === "made" ? state.jobs[state.guest.index]?.id : "";
  for (const { row } of jobRows.values())
    row.querySelector(".card")?.classList.toggle("played", row.dataset.job === id);
}

/** @param {HTMLElement} active where jobs are shown while they last @param {HTMLElement} list of what they made
 * @param {HTMLElement} empty what stands there before anything was made */
export function startJobList(active, list, empty) {
  const draw = () => {
    for (const job of state.jobs) {
      let own = jobRows.get(job.id);
      if (!own) {
        own = makeJobRow(job);
        jobRows.set(job.id, own);
        active.append(own.row);
      }
      showJob(own, job);
      if (!isActive(job) && active.contains(own.row)) list.prepend(own.row);
    }
    empty.hidden = state.jobs.length > 0;
  };
  watch(["jobs"], draw);
  watch(["guest"], markPlaying);
  draw();
}

/** What was made can be a guest of the player. */
export function startMade() {
  addGuests("made", {
    load: (index) => loadResult(state.jobs[index].id),
    title(index) {
      const { title, words } = state.jobs[index];
      return [nameText(title, "strong"), ` \u00b7 ${words}`];
    },
    foot: (index) =>
      ["generate", "interpolate"].includes(String(state.jobs[index].wish.kind))
        ? "made by the model"
        : "violet: made by the model",
    draw: (context, stage, clip, position) =>
      drawMade(context, stage, /** @type {LiveClip} */ (clip), position),
  });
}
