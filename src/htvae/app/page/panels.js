// Panels that can be made wide, and the buttons that save their pictures.
import { byId, canvasById } from "./dom.js";
import { report } from "./data.js";
import { savePicture } from "./export.js";
import { state } from "./state.js";
import { timeText } from "./timebase.js";

/** @param {HTMLElement} toggle @param {HTMLElement} panel */
function letWiden(toggle, panel) {
  const set = (/** @type {boolean} */ isWide) => {
    panel.classList.toggle("wide", isWide);
    toggle.setAttribute("aria-pressed", String(isWide));
  };
  toggle.addEventListener("click", () => set(!panel.classList.contains("wide")));
  panel.addEventListener("keydown", (event) => event.key === "Escape" && set(false));
}

/** The part of the window that the player would cover: its upper half, but for a strip at the top. */
const COVERED = "-48px 0px -50% 0px";

/** On a narrow screen the player stays at the top, but must not cover the map while that is looked at. */
function startPinning() {
  const observer = new IntersectionObserver(
    ([entry]) => document.body.classList.toggle("map-in-view", entry.isIntersecting),
    { rootMargin: COVERED },
  );
  observer.observe(byId("panel-map"));
}

export function startPanels() {
  startPinning();
  for (const toggle of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(".wide-toggle"))) {
    letWiden(toggle, byId(toggle.dataset.panel ?? ""));
  }
  byId("map-save").addEventListener("click", () =>
    savePicture(`map_${state.mapView}_${state.colour}.png`, [canvasById("map"), canvasById("map-marks")]),
  );
  byId("player-save").addEventListener("click", () => {
    const name = report.recordings[state.recording].name;
    savePicture(`${name}_${timeText(state.recording, state.frame)}.png`, [canvasById("player")]);
  });
  byId("lanes-save").addEventListener("click", () =>
    savePicture(`${report.recordings[state.recording].name}_timeline.png`, [
      canvasById("lanes"),
      canvasById("head"),
    ]),
  );
}
