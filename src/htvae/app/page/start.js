// What the report and the live page both start: parts that watch the state.
import { makeAttention } from "./attention.js";
import { startBrush } from "./brush.js";
import { startClock } from "./clock.js";
import { colourChoices } from "./colours.js";
import { makeCompletion } from "./completion.js";
import { report } from "./data.js";
import { announce, byId } from "./dom.js";
import { makeFigures } from "./figures.js";
import { makeGenerated } from "./generated.js";
import { makeGroups } from "./groups.js";
import { startGif } from "./gif.js";
import { shownGuest, startGuest } from "./guest.js";
import { startKeys } from "./keys.js";
import { makeLatents } from "./latents.js";
import { startLegend } from "./legend.js";
import { startLink } from "./link.js";
import { startMap } from "./map.js";
import { pixelOfMoment, startMapInput } from "./mapinput.js";
import { makeMethod } from "./method.js";
import { makeMotifs } from "./motifs.js";
import { startPanels } from "./panels.js";
import { shownPoses, startPlayer } from "./player.js";
import { searchSimilar } from "./search.js";
import { makeSimilar, startSearch } from "./similar.js";
import { change, state } from "./state.js";
import { startTabs } from "./tabs.js";
import { startTheme } from "./theme.js";
import { startThumbs } from "./thumbs.js";
import { startTimeline } from "./timeline.js";
import { startTransport } from "./transport.js";
import { startVerdict } from "./verdict.js";
import { startVideo } from "./video.js";

/** @typedef {Record<string, (place: HTMLElement) => void>} Makers */

/** @param {Makers} makers of tabs that stand in the place of the report's, or beside them */
async function startParts(makers) {
  startTheme();
  document.title = report.title;
  byId("title").textContent = report.title;
  byId("subtitle").textContent = report.subtitle;
  startVerdict();
  if (!report.recordings.length) {
    announce("This report holds no recordings.");
    return;
  }
  startLink(colourChoices().map(([value]) => value));
  startClock();
  startTransport();
  startBrush();
  startThumbs();
  startGuest();
  startVideo();
  startPanels();
  startGif();
  startTabs({
    similar: makeSimilar,
    motifs: makeMotifs,
    groups: makeGroups,
    latents: makeLatents,
    generated: makeGenerated,
    completion: makeCompletion,
    attention: makeAttention,
    figures: makeFigures,
    method: makeMethod,
    ...makers,
  });
  startKeys();
  await Promise.all([startPlayer(), startTimeline(), startMap()]);
  startLegend();
  startMapInput();
  startSearch();
}

/** Start the page, and say when it is ready or why it could not start. @param {Makers} [makers] */
export async function startPage(makers = {}) {
  /** For the browser's console, and for tests. */
  Object.assign(globalThis, {
    htvaeReport: { report, state, change, searchSimilar, shownPoses, shownGuest, pixelOfMoment },
  });
  try {
    await startParts(makers);
    document.documentElement.dataset.ready = String(Math.round(performance.now()));
  } catch (error) {
    byId("status").textContent =
      `This page could not start: ${error instanceof Error ? error.message : error}`;
    byId("status").classList.add("shown");
    throw error;
  }
}
