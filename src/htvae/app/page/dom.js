// Elements: found by id, made without HTML text, so that no name in the data can become markup.

/** @param {string} id @returns {HTMLElement} */
export function byId(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`index.html must hold #${id}.`);
  return element;
}

/** @param {string} id @returns {HTMLCanvasElement} */
export const canvasById = (id) => /** @type {HTMLCanvasElement} */ (byId(id));

/** @param {string} id @returns {HTMLSelectElement} */
export const selectById = (id) => /** @type {HTMLSelectElement} */ (byId(id));

/** @param {string} id @returns {HTMLInputElement} */
export const inputById = (id) => /** @type {HTMLInputElement} */ (byId(id));

/**
 * Make an element. Strings among `children` become text.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {string} [classes]
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function make(tag, classes = "", ...children) {
  const element = document.createElement(tag);
  if (classes) element.className = classes;
  element.append(...children);
  return element;
}

/** Text in its own direction, so that a right-to-left name does not turn its line around.
 * @param {string} text @param {string} [classes] */
export function nameText(text, classes = "") {
  const element = make("bdi", classes, text);
  element.title = text;
  return element;
}

export const SVG = "http://www.w3.org/2000/svg";

/** @param {string} tag @param {Record<string, string | number>} attributes @param {...Node} children
 * @returns {SVGElement} */
export function makeSvg(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.append(...children);
  return element;
}

/** One of the icons of index.html. @param {string} name */
export const makeIcon = (name) =>
  makeSvg(
    "svg",
    { class: "icon", viewBox: "0 0 16 16", "aria-hidden": "true" },
    makeSvg("use", { href: `#i-${name}` }),
  );

/** @param {string} text @param {() => void} action @param {string} [icon] @param {string} [classes] */
export function makeButton(text, action, icon = "", classes = "button") {
  const button = make("button", classes);
  button.type = "button";
  if (icon) button.append(makeIcon(icon));
  if (icon && classes.includes("square")) {
    button.setAttribute("aria-label", text);
    button.title = text;
  } else button.append(text);
  button.addEventListener("click", action);
  return button;
}

/** @param {string} text @param {string} value @param {boolean} [chosen] */
export function makeOption(text, value, chosen = false) {
  const option = make("option", "", text);
  option.value = value;
  option.selected = chosen;
  return option;
}

/** What stands where a part of the report is empty. @param {string} title @param {string} why */
export const makeEmpty = (title, why) => make("div", "empty", make("strong", "", title), make("p", "", why));

/** Say something to a screen reader, and for a moment on the page. @param {string} text */
export function announce(text) {
  const place = byId("status");
  place.textContent = text;
  place.classList.add("shown");
  clearTimeout(Number(place.dataset.timer));
  place.dataset.timer = String(
    setTimeout(() => place.classList.remove("shown"), Math.max(2600, 50 * text.length)),
  );
}

/** Size a canvas to its place on the page; false where it has none.
 * @param {HTMLCanvasElement} canvas @returns {{ width: number, height: number, ratio: number } | null} */
export function fitCanvas(canvas) {
  const width = canvas.clientWidth;
  const height = canvas.clientHeight;
  if (width < 2 || height < 2) return null;
  const ratio = Math.min(globalThis.devicePixelRatio || 1, 3);
  const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== w || canvas.height !== h) [canvas.width, canvas.height] = [w, h];
  return { width, height, ratio };
}

/** @param {HTMLCanvasElement} canvas @returns {CanvasRenderingContext2D} */
export function pen(canvas) {
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) throw new Error("This browser draws no canvas.");
  return context;
}
