// Terms of the field that a reader may not know, and what they mean: shown where they stand, and below.
import { make } from "./dom.js";

/** A term as texts have it, and its meaning.
 * @type {[term: RegExp, name: string, meaning: string][]} */
const TERMS = [
  [
    /excess Frechet distance/,
    "Excess Frechet distance",
    "how far a set of motion is from real motion, beyond what two sets of real motion differ by; 0 is as near as real",
  ],
  [/\bnats?\b/, "Nat", "a unit of information, 1.44 bits"],
  [/\bKL\b/, "KL", "how much a number of the latents says; 0 says nothing"],
  [
    /\bPCA\b/,
    "PCA",
    "the best linear compression of poses, with as many numbers as the model has: what it must beat",
  ],
  [/\bjerk\b/, "Jerk", "how abruptly motion changes: trembling has much, smoothed motion little"],
  [/\bspreads\b/, "Spreads", "standard deviations of the training recordings' latents"],
  [/features\^2/, "Features^2", "squared distance between numbers that describe motion, such as speeds"],
  [/balanced accuracy/, "Balanced accuracy", "share told right, each label counting alike"],
];

/** A text whose terms say what they mean when pointed at. @param {string} text @returns {(Node | string)[]} */
export function gloss(text) {
  let first = text.length;
  /** @type {{ term: string, meaning: string } | null} */
  let found = null;
  for (const [pattern, , meaning] of TERMS) {
    const match = pattern.exec(text);
    if (match && match.index < first) [first, found] = [match.index, { term: match[0], meaning }];
  }
  if (!found) return [text];
  const word = make("abbr", "", found.term);
  word.title = found.meaning;
  return [text.slice(0, first), word, ...gloss(text.slice(first + found.term.length))];
}

/** The meanings of all terms of some texts, a line each. @param {string[]} texts */
export const listTerms = (texts) =>
  TERMS.filter(([pattern]) => texts.some((text) => pattern.test(text))).map(([, name, meaning]) =>
    make("p", "term", make("b", "", name), `: ${meaning}.`),
  );
