// The connection to `htvae explore`: calls with the page's token, poses as bytes, one sentence where it is gone.
import { blocks, report } from "./data.js";
import { announce, byId, make } from "./dom.js";

/** What the live page has and a report has not. */
export const live = /** @type {Live} */ (report.live);
const LOST = "htvae explore does not answer. What is loaded stays usable; start it again for the rest.";
const badge = make("span", "pill good", "live");

/** @param {boolean} isHere */
function showConnection(isHere) {
  badge.textContent = isHere ? "live" : "not connected";
  badge.className = `pill ${isHere ? "good" : "poor"}`;
  badge.title = isHere ? "The model runs on this machine and answers this page." : LOST;
}

/** Ask the server. What it refuses is thrown in its own words.
 * @param {string} path @param {RequestInit} [wish] */
export async function askServer(path, wish = {}) {
  let answer;
  try {
    answer = await fetch(path, {
      ...wish,
      headers: { "Content-Type": "application/json", "X-HTVAE-Token": live.token },
    });
  } catch {
    showConnection(false);
    throw new Error(LOST);
  }
  showConnection(true);
  if (answer.ok) return answer;
  const { error } = await answer.json().catch(() => ({}));
  throw new Error(error ?? `htvae explore answered ${answer.status}. Load the page again.`);
}

/** @param {string} path @param {unknown} content */
export const send = (path, content) => askServer(path, { method: "POST", body: JSON.stringify(content) });

/** Send, and return the JSON of the answer. @param {string} path @param {unknown} content */
export const call = async (path, content) => (await send(path, content)).json();

/** Say what went wrong. @param {unknown} error */
export const tellError = (error) => announce(error instanceof Error ? error.message : String(error));

/** The poses of an answer: arrays one after the other, as its header X-Clip says.
 * @param {Response} answer @returns {Promise<LiveClip>} */
export async function readLiveClip(answer) {
  const { rate, scale, count, landmarks, coordinates, arrays, first } = JSON.parse(
    answer.headers.get("X-Clip") ?? "{}",
  );
  const bytes = await answer.arrayBuffer();
  /** @type {Record<string, Int16Array | Uint8Array>} */
  const found = {};
  let at = 0;
  for (const name of arrays) {
    const size = count * landmarks * (name === "given" ? 1 : 2 * coordinates);
    const part = bytes.slice(at, at + size);
    found[name] = name === "given" ? new Uint8Array(part) : new Int16Array(part);
    at += size;
  }
  return {
    count,
    scale,
    coordinates,
    landmarks,
    first: 0,
    perFrame: rate / 30,
    reconstruction: /** @type {Int16Array} */ (found.pose),
    recording: null,
    seen: null,
    given: /** @type {Uint8Array | undefined} */ (found.given) ?? null,
    low: /** @type {Int16Array | undefined} */ (found.low) ?? null,
    high: /** @type {Int16Array | undefined} */ (found.high) ?? null,
    begins: first ?? null,
  };
}

/** Blocks come from the server, and the header says whether it is there. */
export function startConnection() {
  blocks.read = async (id) => new Uint8Array(await (await askServer(`blocks/${id}`)).arrayBuffer());
  showConnection(true);
  badge.setAttribute("role", "status");
  byId("copy-link").before(badge);
}
