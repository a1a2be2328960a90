// Which points of the body are meant: all, one side, or those that are chosen one by one.
import { report } from "./data.js";
import { make, makeButton } from "./dom.js";
import { hasSides } from "./skeleton.js";

let numChoices = 0;

/** A name as people write it: LEFT_WRIST becomes left wrist. @param {string} name */
const plainName = (name) => (/^[A-Z_0-9]+$/.test(name) ? name.toLowerCase().replaceAll("_", " ") : name);

/** The row of a form with a chip for each point; all are chosen at first. */
export function pointChoice() {
  const { landmarks, sides } = report.body;
  const chosen = new Set(landmarks.keys());
  const chips = landmarks.map((name, i) => {
    const chip = makeButton(plainName(name), () => set([i], !chosen.has(i)), "", "point-chip");
    return chip;
  });
  const summary = make("span", "fact");
  const mark = () => {
    chips.forEach((chip, i) => chip.setAttribute("aria-pressed", String(chosen.has(i))));
    summary.textContent = chosen.size === landmarks.length ? "all" : `${chosen.size} of ${landmarks.length}`;
    list.dispatchEvent(new Event("input", { bubbles: true }));
  };
  /** @param {Iterable<number>} points @param {boolean} isChosen */
  function set(points, isChosen) {
    for (const point of points) {
      if (isChosen) chosen.add(point);
      else chosen.delete(point);
    }
    mark();
  }
  /** @param {(point: number) => boolean} test */
  const only = (test) => {
    chosen.clear();
    set([...landmarks.keys()].filter(test), true);
  };
  const quick = [
    makeButton("All", () => only(() => true)),
    ...(hasSides
      ? [
          makeButton("Left", () => only((i) => sides[i] > 0)),
          makeButton("Right", () => only((i) => sides[i] < 0)),
        ]
      : []),
    makeButton("None", () => only(() => false)),
  ];
  const list = make("div", "point-chips", ...chips);
  list.setAttribute("role", "group");
  list.setAttribute("aria-label", "Points that are filled");
  list.id = `points-${++numChoices}`;
  const open = makeButton("Choose", () => {
    list.hidden = !list.hidden;
    open.setAttribute("aria-expanded", String(!list.hidden));
  });
  open.setAttribute("aria-controls", list.id);
  open.setAttribute("aria-expanded", "false");
  list.prepend(make("div", "point-quick", ...quick));
  list.hidden = true;
  const row = make(
    "div",
    "field",
    make("span", "field-name", "Points"),
    make("span", "field-control", summary, open),
    list,
  );
  mark();
  return {
    row,
    lack: () => (chosen.size ? "" : "Choose at least one point to fill."),
    read: () => (chosen.size === landmarks.length ? null : [...chosen].sort((a, b) => a - b)),
    words: () => (chosen.size === landmarks.length ? "all points" : `${chosen.size} points`),
  };
}
