// Scripts as people type them, "walk, squat" or "walk 3 then squat 4", turned into "walk:3s,squat:4s".
import { report } from "./data.js";
import { live } from "./live.js";

/** What a script says: in the server's form, its seconds (NaN where frames are given), what is wrong with it.
 * @typedef {{ text: string, seconds: number, isRead: boolean, lack: string }} Script */

/** What stands between two parts. */
const BETWEEN = /^(?:[\s,;]|->|\u2192|and\b|then\b)+/i;
/** How long a part lasts. */
const LENGTH = /^\s*[:=]?\s*(?:for\s+)?(\d+(?:\.\d+)?)\s*(?:(s|secs?|seconds?)|(f|frames?))?(?![\w.])/i;

const countsSeconds = () => report.recordings.some(({ fps }) => fps);
/** Length of a part for which nothing gives one. */
const usualLength = () => (countsSeconds() ? "3s" : "90f");

export const scriptHint = () =>
  live.scripted.length
    ? `optional, like ${live.scripted[0]} ${usualLength()}, ${live.scripted.at(-1)} ${usualLength()}`
    : "";

/** The longest label that a text begins with. @param {string} text */
function labelAhead(text) {
  const small = text.toLowerCase();
  return live.scripted
    .filter((name) => small.startsWith(name.toLowerCase()) && !/^[\w-]/.test(text.slice(name.length)))
    .sort((a, b) => b.length - a.length)[0];
}

/** @param {string} typed @param {string} lack @returns {Script} */
const refuse = (typed, lack) => ({ text: typed.trim(), seconds: NaN, isRead: false, lack });

/** @param {string} typed @returns {Script} */
export function readScript(typed) {
  let rest = typed.trim().replace(BETWEEN, "");
  /** @type {string[]} */
  const parts = [];
  let seconds = 0;
  while (rest) {
    const label = labelAhead(rest);
    if (!label) {
      const faulty = rest.split(/[,;:]/)[0].trim() || rest;
      const known = `Those are: ${live.scripted.join(", ")}.`;
      return refuse(typed, `\u201c${faulty}\u201d is not one of the labels that a script can have. ${known}`);
    }
    rest = rest.slice(label.length);
    const [all, number, inSeconds, inFrames] = LENGTH.exec(rest) ?? [""];
    const isInFrames = inFrames || (!inSeconds && !countsSeconds());
    const length = all ? `${number}${isInFrames ? "f" : "s"}` : usualLength();
    if (!parseFloat(length)) return refuse(typed, `The script gives \u201c${label}\u201d no time.`);
    seconds += length.endsWith("s") ? parseFloat(length) : NaN;
    parts.push(`${label}:${length}`);
    rest = rest.slice(all.length).replace(BETWEEN, "");
  }
  return { text: parts.join(","), seconds, isRead: parts.length > 0 && !Number.isNaN(seconds), lack: "" };
}
