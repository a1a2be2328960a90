// The card beside a point of the map: the body in motion, whose it is, when, and what it does.
import { report } from "./data.js";
import { byId, canvasById, nameText } from "./dom.js";
import { moments } from "./places.js";
import { state } from "./state.js";
import { filmOf, showFilm } from "./thumbs.js";
import { endOf, labelAt, motifName, timeText } from "./timebase.js";

/** What a point of the map is. @param {number} index */
function describePoint(index) {
  if (state.mapView === "recordings") {
    const { first, label, subject, split } = report.recordings[index];
    const words = [
      label >= 0 ? report.labels[label] : "",
      subject >= 0 ? report.subjects[subject] : "",
      split,
    ];
    return { recording: index, start: first, stop: endOf(index), time: timeText(index, endOf(index)), words };
  }
  const all = /** @type {Moments} */ (moments.all);
  const [recording, start, stop] = [all.recording[index], all.start[index], all.stop[index]];
  const label =
    all.label[index] < 255 ? report.labels[all.label[index]] : labelAt(recording, (start + stop) / 2);
  const motif = all.motif[index] < 255 ? motifName(all.motif[index]) : "";
  return { recording, start, stop, time: timeText(recording, start), words: [label, motif] };
}

/** @param {number} index @param {[number, number]} pixel of the point on the map */
export function showCard(index, [x, y]) {
  const card = byId("hover-card");
  const { recording, start, stop, time, words } = describePoint(index);
  byId("hover-name").replaceChildren(nameText(report.recordings[recording].name, "strong"), ` ${time}`);
  byId("hover-words").textContent = words.filter(Boolean).join(" \u00b7 ");
  card.hidden = false;
  const map = canvasById("map-marks").getBoundingClientRect();
  const [width, height] = [card.offsetWidth, card.offsetHeight];
  const left = map.left + x + 18 + width < innerWidth - 8 ? map.left + x + 18 : map.left + x - 18 - width;
  const top = Math.min(Math.max(map.top + y - height / 2, 8), innerHeight - height - 8);
  card.style.left = `${Math.max(left, 8)}px`;
  card.style.top = `${top}px`;
  showFilm(canvasById("hover-film"), filmOf(recording, start, stop));
}

export function hideCard() {
  byId("hover-card").hidden = true;
}
