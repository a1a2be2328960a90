// Light and dark: the style sheet's colours, as canvases need them.
import { byId } from "./dom.js";
import { change, state, watch } from "./state.js";

const NAMES = [
  "paper",
  "panel",
  "well",
  "line",
  "ink",
  "soft",
  "faint",
  "accent",
  "accent-ink",
  "left",
  "right",
  "middle",
  "ghost",
  "warm",
  "other",
  ...Array.from({ length: 9 }, (_, i) => `c${i}`),
];
/** Colours of the style sheet by name, e.g. `ink.left`; changed when the theme is.
 * @type {Record<string, string>} */
export const ink = {};

/** @param {string} hex @returns {[number, number, number]} */
export const toRgb = (hex) => [
  parseInt(hex.slice(1, 3), 16),
  parseInt(hex.slice(3, 5), 16),
  parseInt(hex.slice(5, 7), 16),
];

/** @param {string} from @param {string} to @param {number} share */
export function mixColours(from, to, share) {
  const [a, b] = [toRgb(from), toRgb(to)];
  return `#${a
    .map((v, i) =>
      Math.round(v + (b[i] - v) * share)
        .toString(16)
        .padStart(2, "0"),
    )
    .join("")}`;
}

/** Black or white, whichever is read better on a colour: 4.58 to 1 at least. @param {string} hex */
export function inkOn(hex) {
  const [r, g, b] = toRgb(hex).map((v) =>
    v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4,
  );
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.179 ? "#000000" : "#ffffff";
}

function readInk() {
  const style = getComputedStyle(document.documentElement);
  for (const name of NAMES) ink[name.replace("-i", "I")] = style.getPropertyValue(`--${name}`).trim();
}

const KEPT_THEME = "htvae-theme";

/** What the reader chose before, if this browser lets files remember. */
function rememberedTheme() {
  try {
    return localStorage.getItem(KEPT_THEME);
  } catch {
    return null;
  }
}

export function flipTheme() {
  const theme = state.theme === "dark" ? "light" : "dark";
  try {
    localStorage.setItem(KEPT_THEME, theme);
  } catch {
    // This browser keeps nothing for files: the choice holds until the page is closed.
  }
  change({ theme });
}

/** Dress the page; must come before anything is drawn. */
export function startTheme() {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const wear = () => {
    document.documentElement.dataset.theme = state.theme;
    readInk();
  };
  const chosen = rememberedTheme();
  state.theme = chosen === "dark" || chosen === "light" ? chosen : system.matches ? "dark" : "light";
  wear();
  watch(["theme"], wear);
  system.addEventListener("change", () => change({ theme: system.matches ? "dark" : "light" }));
  byId("theme").addEventListener("click", flipTheme);
}
