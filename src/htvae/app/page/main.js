// The page of `htvae report`: starts its parts, each of which watches the state.
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
import { startGuest } from "./guest.js";
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

async function startPage() {
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
  });
  startKeys();
  await Promise.all([startPlayer(), startTimeline(), startMap()]);
  startLegend();
  startMapInput();
  startSearch();
}

/** For the browser's console, and for tests. */
Object.assign(globalThis, {
  htvaeReport: { report, state, change, searchSimilar, shownPoses, pixelOfMoment },
});

startPage()
  .then(() => {
    document.documentElement.dataset.ready = String(Math.round(performance.now()));
  })
  .catch((error) => {
    byId("status").textContent = `This page could not start: ${error.message}`;
    byId("status").classList.add("shown");
    throw error;
  });
