// The page of `htvae explore`: the report's page, and what it can do with the model behind it.
import { byId, make, makeButton, makeSvg } from "./dom.js";
import { startMade } from "./joblist.js";
import { startJudging } from "./judging.js";
import { TABS } from "./link.js";
import { startConnection, tellError } from "./live.js";
import { startLiveLink } from "./livelink.js";
import { startMadeBar } from "./madebar.js";
import { makeMaking } from "./making.js";
import { makeNaming, mergeNamesakes } from "./naming.js";
import { openMoments } from "./places.js";
import { startPainting } from "./painting.js";
import { makeSimilar } from "./similar.js";
import { startSource } from "./source.js";
import { startPage } from "./start.js";
import { makeTuning, shownTuning } from "./tuning.js";

/** A tab after the first one, with its pane. @param {string} name @param {string} text */
function addTab(name, text) {
  const tab = makeButton(text, () => {}, "", "");
  tab.id = `tab-${name}`;
  tab.setAttribute("role", "tab");
  tab.setAttribute("aria-controls", `pane-${name}`);
  byId(`tab-${TABS[0]}`).after(tab);
  const pane = make("div");
  pane.id = `pane-${name}`;
  pane.hidden = true;
  pane.setAttribute("role", "tabpanel");
  pane.setAttribute("aria-labelledby", tab.id);
  byId(`pane-${TABS[0]}`).after(pane);
  TABS.splice(1, 0, name);
}

/** Icons that a report does not need. */
function addIcons() {
  const dice = makeSvg("symbol", { id: "i-dice", viewBox: "0 0 16 16" });
  dice.append(makeSvg("rect", { x: 2.5, y: 2.5, width: 11, height: 11, rx: 2.5, class: "stroke" }));
  for (const place of [5.6, 8, 10.4]) dice.append(makeSvg("circle", { cx: place, cy: place, r: 1.1 }));
  document.querySelector(".symbols")?.append(dice);
}

/** The style of what a report has not; and an empty icon, so that the browser asks for none. */
function addStyle() {
  const icon = make("link");
  Object.assign(icon, { rel: "icon", href: "data:," });
  document.head.append(icon);
  const style = make("link");
  Object.assign(style, { rel: "stylesheet", href: "page/live.css" });
  document.head.append(style);
  return new Promise((done) => {
    style.addEventListener("load", done);
    style.addEventListener("error", done);
  });
}

async function startExploring() {
  await addStyle();
  addIcons();
  startConnection();
  startLiveLink();
  addTab("make", "Make");
  await openMoments().catch(tellError);
  mergeNamesakes();
  startMade();
  startMadeBar();
  startSource();
  startPainting();
  await startPage({
    make: makeMaking,
    latents: makeTuning,
    motifs: makeNaming,
    similar(place) {
      makeSimilar(place);
      startJudging(place);
    },
  });
}

/** For tests. */
Object.assign(globalThis, { htvaeLive: { shownTuning } });
startExploring();
