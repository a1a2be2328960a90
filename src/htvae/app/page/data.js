// The report's JSON, and its blocks of packed numbers, unpacked when they are needed.

/** @type {Payload} */
export const report = JSON.parse(document.getElementById("report")?.textContent ?? "null");

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%:()*+-;,=.?@^_`{|}~";
const PLACES = new Uint8Array(128);
for (let i = 0; i < ALPHABET.length; i++) PLACES[ALPHABET.charCodeAt(i)] = i;

/** Bytes of base85: five letters are four bytes, a last group of k letters is k - 1 bytes.
 * @param {string} text */
function readText(text) {
  const missing = (5 - (text.length % 5)) % 5;
  const bytes = new Uint8Array(((text.length + missing) / 5) * 4);
  for (let i = 0, at = 0; i < text.length; i += 5) {
    let value = 0;
    for (let k = i; k < i + 5; k++) value = value * 85 + (k < text.length ? PLACES[text.charCodeAt(k)] : 84);
    bytes[at++] = value >>> 24;
    bytes[at++] = value >>> 16;
    bytes[at++] = value >>> 8;
    bytes[at++] = value;
  }
  return bytes.subarray(0, bytes.length - missing);
}

/** Where blocks come from: this file, as base85 of raw deflate (`htvae.app.packing.to_text`). The live page asks
 * its server instead. */
export const blocks = {
  /** @param {string} id @returns {Promise<Uint8Array<ArrayBuffer>>} raw deflate */
  async read(id) {
    const text = document.getElementById(id)?.textContent;
    if (text == null)
      throw new Error(`This file is damaged: it must hold the block ${id}. Ask for it again.`);
    return readText(text.trim());
  },
};

/** Bytes of a block. @param {string} id @returns {Promise<Uint8Array>} */
export async function unpackBlock(id) {
  const packed = await blocks.read(id);
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** @type {Map<string, Promise<unknown>>} */
const unpacked = new Map();

/** The block `id` as `read` understands it; read once. @template T
 * @param {string} id @param {(bytes: Uint8Array) => T} read @returns {Promise<T>} */
export function readBlock(id, read) {
  let found = unpacked.get(id);
  if (!found) {
    found = unpackBlock(id).then(read);
    unpacked.set(id, found);
  }
  return /** @type {Promise<T>} */ (found);
}

/** @param {number} index @returns {Promise<Lanes>} */
export function loadLanes(index) {
  const { lanes, count } = report.recordings[index];
  return readBlock(lanes, (bytes) => {
    const lane = (/** @type {number} */ i) => bytes.subarray(i * count, (i + 1) * count);
    return { surprise: lane(0), error: lane(1), speed: lane(2), observed: lane(3) };
  });
}

/** @param {Uint8Array} bytes @returns {Moments} */
function readMoments(bytes) {
  const { count, maps } = report.moments;
  let at = 0;
  const take = (/** @type {number} */ size) => bytes.slice(at, (at += size * count)).buffer;
  const recording = new Uint16Array(take(2));
  const start = new Uint32Array(take(4));
  const stop = new Uint32Array(take(4));
  /** @type {Moments["places"]} */
  const places = {};
  for (const map of maps) places[map] = { x: new Int16Array(take(2)), y: new Int16Array(take(2)) };
  const [label, motif, surprise] = [0, 1, 2].map(() => new Uint8Array(take(1)));
  return { count, recording, start, stop, places, label, motif, surprise };
}

export const loadMoments = () => readBlock(report.moments.block, readMoments);

/** Features of all recordings' windows (windows x features), in steps of a byte.
 * @returns {Promise<Int8Array>} */
export const loadWindows = () =>
  readBlock(report.windows.block, (bytes) => new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length));
