// Names of landmarks as words: RIGHT_KNEE is "right knee" in a sentence.
import { report } from "./data.js";

/** @param {string} name */
export const landmarkWords = (name) =>
  /^[A-Z0-9_]+$/.test(name) ? name.toLowerCase().replaceAll("_", " ") : name;

/** A text in which landmarks are words. @param {string} text */
export const inWords = (text) =>
  text.replace(/[A-Z0-9_]{3,}/g, (name) =>
    report.body.landmarks.includes(name) ? landmarkWords(name) : name,
  );

/** What a slider counts in. */
export const USUAL = "1 is the usual difference between moments (a standard deviation).";

/** How much of what differs lies along a direction. @param {number} share */
export const shareOfAll = (share) => `${Math.round(100 * share)} % of all differences`;

/** Names in a row: `a, b and c`. @param {string[]} names */
export const listNames = (names) =>
  names.length > 1 ? `${names.slice(0, -1).join(", ")} and ${names[names.length - 1]}` : (names[0] ?? "");
