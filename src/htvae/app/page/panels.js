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

export function startPanels() {
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
