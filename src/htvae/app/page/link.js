// The link: all that the page shows stands behind the # of its address, so that a copied link restores it.
import { report } from "./data.js";
import { announce, byId } from "./dom.js";
import { change, state, watch } from "./state.js";
import { clampFrame, endOf, hasSeconds, toFrame, toTime } from "./timebase.js";

/** Least time between two writings while the page plays (ms). */
const LINK_PAUSE = 1000;
/** Tabs and views that a link may name. */
export const TABS = [
  "similar",
  "motifs",
  "groups",
  "latents",
  "generated",
  "completion",
  "attention",
  "figures",
  "method",
];
let written = "";
let lastTime = 0;
let timer = 0;
let isReading = false;

/** @param {number} recording @param {number} frame */
const writeTime = (recording, frame) =>
  String(Number(toTime(recording, frame).toFixed(hasSeconds(recording) ? 3 : 1)));

/** @param {number} recording @param {Span} span */
const writeSpan = (recording, [a, b]) => `${writeTime(recording, a)}-${writeTime(recording, b)}`;

/** The part of the address that says what is shown. */
export function writeLink() {
  const { recording, frame, span, query } = state;
  const parts = [
    `recording=${encodeURIComponent(report.recordings[recording].name)}`,
    `t=${writeTime(recording, frame)}`,
  ];
  if (span) parts.push(`span=${writeSpan(recording, span)}`);
  if (query) {
    const name = encodeURIComponent(report.recordings[query.recording].name);
    parts.push(`like=${name}:${writeSpan(query.recording, query.span)}`);
  }
  if (state.elsewhere) parts.push("in=others");
  if (state.tab !== "similar") parts.push(`tab=${state.tab}`);
  if (state.tab === "figures" && report.tables[state.table])
    parts.push(`table=${encodeURIComponent(report.tables[state.table].name)}`);
  if (state.mapView !== "moments") parts.push(`map=${state.mapView}`);
  if (state.mapKind && state.mapKind !== report.moments.maps[0]) parts.push(`kind=${state.mapKind}`);
  if (state.colour !== "label") parts.push(`colour=${encodeURIComponent(state.colour)}`);
  if (state.playerView !== "beside") parts.push(`view=${state.playerView}`);
  return parts.join("&");
}

/** @param {string | undefined} text @param {number} recording @returns {Span | null} */
function readSpan(text, recording) {
  const found = /^(\d+(?:\.\d+)?)-(\d+(?:\.\d+)?)$/.exec(text ?? "");
  if (!found) return null;
  const { first } = report.recordings[recording];
  const start = Math.max(first, Math.round(toFrame(recording, Number(found[1]))));
  const stop = Math.min(endOf(recording), Math.round(toFrame(recording, Number(found[2]))));
  return stop - start >= 2 ? [start, stop] : null;
}

/** @param {string} name */
const findRecording = (name) => report.recordings.findIndex((recording) => recording.name === name);

/** What a link says; what it says wrongly is left out. @param {string} hash @returns {Partial<State>} */
export function readLink(hash) {
  const said = new URLSearchParams(hash.replace(/^#/, "").replace(/\+/g, "%2B"));
  const recording = Math.max(0, findRecording(said.get("recording") ?? ""));
  const { first } = report.recordings[recording];
  const time = Number(said.get("t") ?? NaN);
  const frame = clampFrame(recording, Number.isFinite(time) ? toFrame(recording, time) : first);
  const span = readSpan(said.get("span") ?? undefined, recording);
  const [, likeName, likeSpan] = /^(.*):([^:]*)$/.exec(said.get("like") ?? "") ?? [];
  const like = findRecording(likeName ?? "");
  const found = like >= 0 ? readSpan(likeSpan, like) : null;
  const [tab, kind, colour] = [said.get("tab") ?? "", said.get("kind") ?? "", said.get("colour") ?? "label"];
  const table = report.tables.findIndex((one) => one.name === said.get("table"));
  return {
    recording,
    frame,
    span,
    guest: null,
    query: found ? { recording: like, span: found } : null,
    elsewhere: said.get("in") === "others",
    tab: TABS.includes(tab) ? tab : "similar",
    table: Math.max(table, 0),
    mapView: said.get("map") === "recordings" ? "recordings" : "moments",
    mapKind: report.moments.maps.includes(kind) ? kind : (report.moments.maps[0] ?? ""),
    colour,
    playerView: said.get("view") === "over" ? "over" : "beside",
  };
}

/** @param {boolean} isNew whether Back must lead to what was before */
function keep(isNew) {
  clearTimeout(timer);
  timer = 0;
  const link = `#${writeLink()}`;
  if (link === written) return;
  [written, lastTime] = [link, performance.now()];
  if (isNew) history.pushState(null, "", link);
  else history.replaceState(null, "", link);
}

/** Keep the frame in the address, but seldom while playing. */
function keepSoon() {
  const wait = state.playing ? Math.max(0, LINK_PAUSE - (performance.now() - lastTime)) : 0;
  if (!timer) timer = setTimeout(() => keep(false), wait);
}

/** What the live page does where a report copies its link. @type {{ instead: (() => Promise<void>) | null }} */
export const copying = { instead: null };

/** What a copied link is good for, and what it leaves out. */
function sayCopied() {
  const made = state.guest ? " Motion that is played instead of the recording is not in it." : "";
  const others = "For others, send the file too: the part from # on leads here.";
  return `Link copied: it opens this file where it lies now. ${others}${made}`;
}

export async function copyLink() {
  if (copying.instead) return copying.instead();
  keep(false);
  try {
    await navigator.clipboard.writeText(location.href);
    announce(sayCopied());
  } catch {
    const field = document.createElement("textarea");
    field.value = location.href;
    document.body.append(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    announce(done ? sayCopied() : `The link is in the address bar.`);
  }
}

/** @param {string[]} colours values that points can be coloured by */
export function startLink(colours) {
  const read = () => {
    isReading = true;
    const patch = readLink(location.hash);
    if (!colours.includes(patch.colour ?? "")) patch.colour = colours[0] ?? "recording";
    change({ ...patch, muted: new Set(), playing: false });
    isReading = false;
    written = `#${writeLink()}`;
  };
  read();
  written = location.hash;
  keep(false);
  addEventListener("popstate", read);
  watch(["recording", "span", "query"], () => !isReading && keep(true));
  watch(
    ["elsewhere", "tab", "table", "mapView", "mapKind", "colour", "playerView", "playing"],
    () => !isReading && keep(false),
  );
  watch(["frame"], () => !isReading && keepSoon());
  byId("copy-link").addEventListener("click", copyLink);
}
