// The first row: whether the model is good, in words; what to mind, and what to try.
import { report } from "./data.js";
import { byId, make, makeIcon } from "./dom.js";
import { gloss, listTerms } from "./glossary.js";

/** @type {Record<string, string>} */
const MARKS = {
  good: "check",
  fair: "mind",
  poor: "fault",
  unknown: "unknown",
  fault: "fault",
  note: "mind",
};

export function startVerdict() {
  const { level, headline, sentence, findings } = report.verdict;
  byId("verdict-headline").replaceChildren(makeIcon(MARKS[level] ?? "unknown"), headline);
  byId("verdict-headline").className = `pill ${level}`;
  byId("verdict-sentence").textContent = sentence;
  byId("verdict-sentence").title = sentence;
  const faults = findings.filter((finding) => finding.level === "fault").length;
  const toMind = findings.filter((finding) => finding.level !== "good").length;
  const button = byId("findings-open");
  const texts = [
    faults ? `${faults} ${faults > 1 ? "faults" : "fault"}` : "",
    toMind > faults ? `${toMind - faults} ${toMind - faults > 1 ? "notes" : "note"}` : "",
  ];
  byId("findings-count").textContent = texts.filter(Boolean).join(", ") || "what was looked at";
  button.className = `pill ${faults ? "poor" : toMind ? "fair" : "good"}`;
  button.hidden = !findings.length && !report.notes.length;
  const order = ["fault", "note", "good"];
  const sorted = [...findings].sort((a, b) => order.indexOf(a.level) - order.indexOf(b.level));
  const list = sorted.map((finding) => {
    const item = make(
      "li",
      finding.level,
      makeIcon(MARKS[finding.level]),
      make("span", "", ...gloss(finding.text)),
    );
    if (finding.advice) item.lastElementChild?.append(make("small", "", finding.advice));
    return item;
  });
  list.unshift(make("li", "whole", make("strong", "", sentence)));
  list.push(...report.notes.map((note) => make("li", "note", makeIcon("mind"), make("span", "", note))));
  const terms = listTerms([sentence, ...findings.map(({ text }) => text)]);
  if (terms.length) list.push(make("li", "terms", make("span", "", ...terms)));
  byId("findings-list").replaceChildren(...list);
  const panel = byId("findings");
  const toggle = (/** @type {boolean} */ open) => {
    panel.hidden = !open;
    button.setAttribute("aria-expanded", String(open));
  };
  button.addEventListener("click", () => toggle(panel.hidden));
  document.addEventListener("pointerdown", (event) => {
    const target = /** @type {Node} */ (event.target);
    if (!panel.contains(target) && !button.contains(target)) toggle(false);
  });
  document.addEventListener("keydown", (event) => event.key === "Escape" && toggle(false));
}
