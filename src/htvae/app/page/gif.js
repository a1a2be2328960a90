// A GIF of a chosen span, as the player shows it: few flat colours, so a palette and LZW are enough.
import { report } from "./data.js";
import { announce, byId, canvasById, pen } from "./dom.js";
import { saveFile } from "./export.js";
import { clipRate, drawGuest, shownGuest } from "./guest.js";
import { drawPlayer } from "./player.js";
import { change, state, watch } from "./state.js";
import { clampFrame, endOf, framesPerSecond } from "./timebase.js";

/** Pictures a second (GIFs count in hundredths), and most pictures of a GIF. */
const GIF_RATE = 12.5;
const MOST_PICTURES = 250;
/** Largest LZW code. */
const LAST_CODE = 4095;

/** Indices into a palette of the 255 commonest colours of all pictures (5 bits a channel).
 * @param {Uint8ClampedArray[]} pictures */
function choosePalette(pictures) {
  const keyOf = (/** @type {Uint8ClampedArray} */ rgba, /** @type {number} */ at) =>
    ((rgba[at] >> 3) << 10) | ((rgba[at + 1] >> 3) << 5) | (rgba[at + 2] >> 3);
  const counts = new Uint32Array(32768);
  const colours = new Uint32Array(32768);
  for (const rgba of pictures) {
    for (let at = 0; at < rgba.length; at += 4) {
      const key = keyOf(rgba, at);
      if (!counts[key]++) colours[key] = (rgba[at] << 16) | (rgba[at + 1] << 8) | rgba[at + 2];
    }
  }
  const used = Array.from(counts.keys()).filter((key) => counts[key]);
  const kept = used.sort((a, b) => counts[b] - counts[a]).slice(0, 255);
  const channels = (/** @type {number} */ key) => [
    colours[key] >> 16,
    (colours[key] >> 8) & 255,
    colours[key] & 255,
  ];
  const places = new Uint8Array(32768);
  const shades = kept.map(channels);
  for (const key of used) {
    const [r, g, b] = channels(key);
    let [best, least] = [0, Infinity];
    shades.forEach(([x, y, z], i) => {
      const way = (r - x) ** 2 + (g - y) ** 2 + (b - z) ** 2;
      if (way < least) [best, least] = [i, way];
    });
    places[key] = best;
  }
  const indices = pictures.map((rgba) =>
    Uint8Array.from({ length: rgba.length / 4 }, (_, i) => places[keyOf(rgba, 4 * i)]),
  );
  return { palette: shades.flat(), indices };
}

/** LZW of a picture's indices, in blocks of at most 255 bytes. @param {Uint8Array} indices @param {number[]} out */
function writeLzw(indices, out) {
  /** @type {number[]} */
  let block = [];
  let [bits, numBits, size] = [0, 0, 9];
  const put = (/** @type {number} */ code) => {
    bits |= code << numBits;
    numBits += size;
    while (numBits >= 8) {
      block.push(bits & 255);
      bits >>>= 8;
      numBits -= 8;
      if (block.length === 255) flush();
    }
  };
  const flush = () => {
    if (block.length) out.push(block.length, ...block);
    block = [];
  };
  /** @type {Map<number, number>} */
  let table = new Map();
  let next = 258;
  out.push(8);
  put(256);
  let code = indices[0];
  for (let i = 1; i < indices.length; i++) {
    const key = (code << 8) | indices[i];
    const known = table.get(key);
    if (known !== undefined) {
      code = known;
      continue;
    }
    put(code);
    if (next > LAST_CODE) {
      put(256);
      table = new Map();
      [next, size] = [258, 9];
    } else {
      table.set(key, next);
      if (next === 1 << size) size++;
      next++;
    }
    code = indices[i];
  }
  put(code);
  put(257);
  if (numBits) block.push(bits & 255);
  flush();
  out.push(0);
}

/** @param {Uint8ClampedArray[]} pictures RGBA @param {number} width @param {number} height */
export function encodeGif(pictures, width, height) {
  const { palette, indices } = choosePalette(pictures);
  const word = (/** @type {number} */ value) => [value & 255, value >> 8];
  const text = (/** @type {string} */ letters) => [...letters].map((letter) => letter.charCodeAt(0));
  const out = [...text("GIF89a"), ...word(width), ...word(height), 0xf7, 0, 0];
  for (let i = 0; i < 768; i++) out.push(palette[i] ?? 0);
  out.push(0x21, 0xff, 11, ...text("NETSCAPE2.0"), 3, 1, 0, 0, 0);
  for (const own of indices) {
    out.push(0x21, 0xf9, 4, 4, ...word(Math.round(100 / GIF_RATE)), 0, 0);
    out.push(0x2c, 0, 0, 0, 0, ...word(width), ...word(height), 0);
    writeLzw(own, out);
  }
  out.push(0x3b);
  return new Blob([Uint8Array.from(out)], { type: "image/gif" });
}

/** Moments of the span, or of the guest, that a GIF shows, and what shows one. */
function momentsOfGif() {
  const { recording, frame, span } = state;
  const { clip } = shownGuest();
  if (state.guest && clip) {
    const step = Math.max(clipRate(clip) / GIF_RATE, clip.count / MOST_PICTURES);
    const show = (/** @type {number} */ guestAt) => {
      change({ guestAt });
      drawGuest();
    };
    return { start: 0, stop: clip.count - 1, step, show, name: byId("player-title").textContent ?? "" };
  }
  const rate = framesPerSecond(recording);
  const [start, stop] = span ?? [frame - rate, frame + rate];
  const step = Math.max(rate / GIF_RATE, (stop - start) / MOST_PICTURES);
  const show = (/** @type {number} */ at) => {
    change({ frame: at });
    drawPlayer();
  };
  const { name } = report.recordings[recording];
  return { start: clampFrame(recording, start), stop: Math.min(stop, endOf(recording)), step, show, name };
}

/** Draw each moment in the player, and keep what it shows. */
async function saveGif() {
  const { frame, guestAt } = state;
  const { start, stop, step, show: showMoment, name } = momentsOfGif();
  const canvas = canvasById("player");
  const scratch = document.createElement("canvas");
  [scratch.width, scratch.height] = [canvas.clientWidth, canvas.clientHeight];
  const context = pen(scratch);
  const ground = getComputedStyle(byId("stage")).backgroundColor;
  announce("Drawing the GIF \u2026");
  change({ playing: false });
  await new Promise((done) => setTimeout(done, 30));
  /** @type {Uint8ClampedArray[]} */
  const pictures = [];
  for (let at = start; at < stop; at += step) {
    showMoment(at);
    context.fillStyle = ground;
    context.fillRect(0, 0, scratch.width, scratch.height);
    context.drawImage(canvas, 0, 0, scratch.width, scratch.height);
    pictures.push(context.getImageData(0, 0, scratch.width, scratch.height).data);
  }
  change({ frame, guestAt });
  saveFile(`${name}.gif`, encodeGif(pictures, scratch.width, scratch.height));
}

export function startGif() {
  watch(["guest"], () => {
    const text = state.guest ? "Save this motion as GIF" : "Save the span as GIF";
    byId("player-gif").title = text;
    byId("player-gif").setAttribute("aria-label", text);
  });
  byId("player-gif").addEventListener("click", () =>
    saveGif().catch((error) => announce(String(error.message))),
  );
}
