// What the model is asked to make: each job is begun, watched, and stopped here; `state.jobs` says how they are.
import { askServer, call, readLiveClip, tellError } from "./live.js";
import { change, state } from "./state.js";

/** Time between two looks at a job (ms). */
const LOOK_PAUSE = 300;
/** Results by job, once asked for. @type {Map<string, Promise<LiveClip>>} */
const results = new Map();

/** @param {string} id */
export const jobOf = (id) => state.jobs.find((job) => job.id === id);

/** @param {string} id @param {Partial<Job>} patch */
function changeJob(id, patch) {
  change({ jobs: state.jobs.map((job) => (job.id === id ? { ...job, ...patch } : job)) });
}

/** @param {Job | undefined} job */
export const isActive = (job) => job?.state === "waiting" || job?.state === "running";

/** Look at a job until it ends. @param {string} id */
async function watchJob(id) {
  while (isActive(jobOf(id))) {
    await new Promise((done) => setTimeout(done, LOOK_PAUSE));
    if (!isActive(jobOf(id))) return;
    try {
      const seen = await (await askServer(`api/jobs/${id}`)).json();
      if (isActive(jobOf(id))) changeJob(id, seen);
    } catch (error) {
      changeJob(id, { state: "failed", error: error instanceof Error ? error.message : String(error) });
    }
  }
}

/** Ask for something to be made. @param {Record<string, unknown>} wish @param {string} title
 * @param {string} words what it is made of */
export async function startJob(wish, title, words) {
  try {
    const { id } = await call("api/jobs", wish);
    /** @type {Job} */
    const job = {
      id,
      title,
      words,
      wish,
      state: "waiting",
      progress: 0,
      secondsLeft: null,
      text: "",
      error: null,
    };
    change({ jobs: [...state.jobs, job] });
    await watchJob(id);
  } catch (error) {
    tellError(error);
  }
}

/** @param {string} id */
export async function stopJob(id) {
  changeJob(id, { state: "cancelled" });
  try {
    await askServer(`api/jobs/${id}`, { method: "DELETE" });
  } catch (error) {
    tellError(error);
  }
}

/** What a job made. @param {string} id */
export function loadResult(id) {
  let result = results.get(id);
  if (!result) {
    result = askServer(`api/jobs/${id}/clip`).then(readLiveClip);
    result.catch(() => results.delete(id));
    results.set(id, result);
  }
  return result;
}

/** How long it still takes, in words. @param {Job} job */
export function timeLeft({ state: now, progress, secondsLeft, text }) {
  if (now === "waiting") return "waiting for its turn";
  const share = `${Math.round(100 * progress)} %`;
  if (secondsLeft === null)
    return [text || "working", progress > 0 ? share : ""].filter(Boolean).join(" \u00b7 ");
  const left =
    secondsLeft < 90 ? `${Math.max(1, Math.round(secondsLeft))} s` : `${Math.round(secondsLeft / 60)} min`;
  return `${share} \u00b7 about ${left} left`;
}
