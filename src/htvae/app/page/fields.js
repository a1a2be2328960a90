// Fields of the live page's forms: a name, a control, and its value.
import { make, makeButton, makeOption } from "./dom.js";

/** @template T @typedef {{ row: HTMLElement, read: () => T, show: (isShown: boolean) => void }} Field */

let numFields = 0;

/** @template T @param {string} text @param {HTMLElement} control @param {() => T} read
 * @param {...(Node | string)} beside @returns {Field<T>} */
function makeField(text, control, read, ...beside) {
  control.id = `field-${++numFields}`;
  const label = make("label", "", text);
  label.htmlFor = control.id;
  const row = make("div", "field", label, make("span", "field-control", control, ...beside));
  return { row, read, show: (isShown) => (row.hidden = !isShown) };
}

/** @param {string} text @param {{ value: number, min: number, max: number, step: number }} range
 * @param {string} [unit] */
export function makeNumber(text, { value, min, max, step }, unit = "") {
  const input = make("input");
  Object.assign(input, {
    type: "number",
    value: String(value),
    min: String(min),
    max: String(max),
    step: String(step),
  });
  const read = () => {
    const found = input.value === "" ? NaN : Number(input.value);
    return Number.isNaN(found) ? value : Math.min(Math.max(found, min), max);
  };
  input.addEventListener("change", () => (input.value = String(read())));
  const field = makeField(text, input, read, unit && make("span", "soft", unit));
  field.row.classList.add("short");
  return { ...field, input };
}

/** @param {string} text @param {[text: string, value: string][]} choices */
export function makeChoice(text, choices) {
  const select = make("select");
  select.append(...choices.map(([name, value]) => makeOption(name, value)));
  return { ...makeField(text, select, () => select.value), select };
}

/** @param {string} text @param {string} placeholder */
export function makeText(text, placeholder) {
  const input = make("input");
  Object.assign(input, { type: "text", placeholder, maxLength: 500, spellcheck: false });
  return { ...makeField(text, input, () => input.value.trim()), input };
}

/** The seed, and a button for another one. */
export function makeSeed() {
  const field = makeNumber("Seed", { value: 0, min: 0, max: 2 ** 31 - 1, step: 1 });
  const roll = () => (field.input.value = String(Math.floor(Math.random() * 10000)));
  const another = makeButton("Another seed", roll, "dice", "button square");
  field.row.title = "The same seed gives the same motion";
  field.row.lastElementChild?.append(another);
  return field;
}

/** A line of a form that says what is chosen elsewhere on the page. @param {string} text
 * @param {...Node} beside */
export function makeFact(text, ...beside) {
  const value = make("span", "fact");
  const row = make(
    "div",
    "field",
    make("span", "field-name", text),
    make("span", "field-control", value, ...beside),
  );
  return {
    row,
    /** @param {string} said @param {boolean} [isMissing] */
    say(said, isMissing = false) {
      value.textContent = said;
      value.classList.toggle("soft", isMissing);
    },
  };
}
