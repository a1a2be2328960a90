// The legend under the map: what each colour is; a click leaves only that one bright.
import { report } from "./data.js";
import { byId, make, makeSvg } from "./dom.js";
import { scheme, shapeOf } from "./map.js";
import { change, state, watch } from "./state.js";
import { ink } from "./theme.js";
import { schedule } from "./ticker.js";

/** @type {Record<string, string>} */
const PATHS = {
  square: "M1.5 1.5h9v9h-9z",
  triangle: "M6 .5 11.8 11H.2z",
  down: "M6 11.5.2 1h11.6z",
  diamond: "M6 0l6 6-6 6-6-6z",
  cross: "M0 3 3 0l3 3 3-3 3 3-3 3 3 3-3 3-3-3-3 3-3-3 3-3z",
  plus: "M4 0h4v4h4v4H8v4H4V8H0V4h4z",
  ring: "M6 0a6 6 0 100 12A6 6 0 006 0zm0 3.4a2.6 2.6 0 110 5.2 2.6 2.6 0 010-5.2z",
  disc: "M6 .5a5.5 5.5 0 100 11 5.5 5.5 0 000-11z",
};

/** @param {number} category */
function swatch(category) {
  const shape = state.mapView === "recordings" ? shapeOf(category) : "disc";
  return makeSvg(
    "svg",
    { class: "swatch", viewBox: "0 0 12 12", "aria-hidden": "true" },
    makeSvg("path", { d: PATHS[shape], fill: scheme.now.colours[category] }),
  );
}

/** Points of each category in this view. */
function countCategories() {
  if (state.mapView === "moments") return scheme.now.counts;
  const counts = scheme.now.names.map(() => 0);
  report.recordings.forEach((_, i) => counts[scheme.now.ofRecording(i)]++);
  return counts;
}

/** Leave one category bright, or add it to those that are, or take it away. @param {number} category
 * @param {number[]} shown */
function toggle(category, shown) {
  const muted = new Set(state.muted.size ? state.muted : shown);
  if (muted.has(category)) muted.delete(category);
  else muted.add(category);
  change({ muted: shown.every((one) => muted.has(one)) ? new Set() : muted });
}

function drawLegend() {
  const { names, ramp, colours } = scheme.now;
  const counts = countCategories();
  /** Those with a colour of their own first, none last. @param {number} i */
  const order = (i) => (i === names.length - 1 ? 2 : colours[i] === ink.other ? 1 : 0);
  const shown = names.map((_, i) => i).filter((i) => ramp || counts[i] > 0);
  if (!ramp) shown.sort((a, b) => order(a) - order(b) || counts[b] - counts[a]);
  byId("legend").replaceChildren(
    ...shown.map((category) => {
      const chip = make("button", "chip", swatch(category), make("bdi", "", names[category]));
      if (!ramp) chip.append(make("span", "count", counts[category].toLocaleString("en")));
      chip.type = "button";
      chip.classList.toggle("off", state.muted.has(category));
      chip.setAttribute("aria-pressed", String(state.muted.size > 0 && !state.muted.has(category)));
      chip.title = `${names[category]}: only this one`;
      chip.addEventListener("click", () => {
        toggle(category, shown);
        /** @type {HTMLElement | undefined} */ (
          [...byId("legend").children].at(shown.indexOf(category))
        )?.focus();
      });
      return chip;
    }),
  );
  byId("legend").classList.toggle("many", colours.length > 12);
}

export function startLegend() {
  watch(["colour", "theme", "mapView", "muted"], drawLegend);
  watch(["edition"], () => schedule(drawLegend));
  drawLegend();
}
