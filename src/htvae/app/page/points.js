// Many points at once: written into a picture by the CPU, which draws a million where no GPU is.
import { ink, toRgb } from "./theme.js";

/** @param {string} hex */
const packColour = (hex) => {
  const [r, g, b] = toRgb(hex);
  return (255 << 24) | (b << 16) | (g << 8) | r;
};

/** Radius of a point (pixels of the page) where there are `count`. @param {number} count */
export const pointRadius = (count) => (count < 1500 ? 3.4 : count < 6000 ? 2.8 : count < 40000 ? 1.9 : 1);

/** How much a disc covers each pixel around its centre, 0..1. @param {number} radius */
function coverDisc(radius) {
  const reach = Math.ceil(radius + 0.5);
  const size = 2 * reach + 1;
  const cover = new Float32Array(size * size);
  for (let y = -reach; y <= reach; y++) {
    for (let x = -reach; x <= reach; x++) {
      cover[(y + reach) * size + x + reach] = Math.min(Math.max(radius + 0.5 - Math.hypot(x, y), 0), 1);
    }
  }
  return { reach, size, cover };
}

/** Lay `colour` over a pixel. @param {number} below @param {number} colour @param {number} share */
function blend(below, colour, share) {
  const keep = 1 - share;
  const r = (below & 255) * keep + (colour & 255) * share;
  const g = ((below >> 8) & 255) * keep + ((colour >> 8) & 255) * share;
  const b = ((below >> 16) & 255) * keep + ((colour >> 16) & 255) * share;
  return (255 << 24) | (b << 16) | (g << 8) | r;
}

/** Points of the map: place k is at pixel left + x[k] * sx, top - y[k] * sy; and the category of each.
 * @typedef {{ x: Int16Array, y: Int16Array, left: number, top: number, sx: number, sy: number,
 *   category: Uint16Array }} Points */

/** Draw points on a canvas.
 * @param {CanvasRenderingContext2D} context @param {{ width: number, height: number, ratio: number }} size
 * @param {Points} points @param {string[]} colours
 * @param {ReadonlySet<number>} muted categories drawn pale, below the others */
export function drawPoints(context, size, points, colours, muted) {
  const { canvas } = context;
  const image = context.createImageData(canvas.width, canvas.height);
  const pixels = new Int32Array(image.data.buffer);
  pixels.fill(packColour(ink.well));
  const radius = pointRadius(points.x.length) * size.ratio;
  const packed = Int32Array.from(colours, packColour);
  const isMuted = Uint8Array.from(colours, (_, i) => Number(muted.has(i)));
  const pale = packColour(ink.line);
  for (const layer of muted.size ? [1, 0] : [0]) {
    const tints = layer ? packed.map(() => pale) : packed;
    if (radius < 1.5) putSquares(pixels, canvas, size.ratio, points, tints, isMuted, layer);
    else putDiscs(pixels, canvas, size.ratio, points, tints, isMuted, layer, radius);
  }
  context.putImageData(image, 0, 0);
}

/** Points as squares of a few pixels: the quick way, for many.
 * @param {Int32Array} pixels @param {{ width: number, height: number }} canvas @param {number} ratio
 * @param {Points} points @param {Int32Array} tints @param {Uint8Array} isMuted @param {number} layer */
function putSquares(pixels, { width, height }, ratio, points, tints, isMuted, layer) {
  const { x, y, category } = points;
  const [left, top, sx, sy] = [points.left * ratio, points.top * ratio, points.sx * ratio, points.sy * ratio];
  const side = Math.max(Math.round(1.5 * ratio), 1);
  for (let i = 0; i < x.length; i++) {
    const own = category[i];
    if (isMuted[own] !== layer) continue;
    const px = (left + x[i] * sx) | 0;
    const py = (top - y[i] * sy) | 0;
    if (px < 0 || py < 0 || px > width - side || py > height - side) continue;
    for (let row = 0; row < side; row++) {
      for (let at = (py + row) * width + px, last = at + side; at < last; at++) pixels[at] = tints[own];
    }
  }
}

/** Points as round discs with a thin border: the beautiful way.
 * @param {Int32Array} pixels @param {{ width: number, height: number }} canvas @param {number} ratio
 * @param {Points} points @param {Int32Array} tints @param {Uint8Array} isMuted @param {number} layer
 * @param {number} radius */
function putDiscs(pixels, { width, height }, ratio, points, tints, isMuted, layer, radius) {
  const disc = coverDisc(radius);
  const halo = radius > 2.5 && !layer ? coverDisc(radius + 0.9 * ratio) : null;
  const paper = packColour(ink.well);
  /** @param {typeof disc} stamp @param {number} cx @param {number} cy @param {number} colour
   * @param {number} share */
  const put = ({ reach, size: side, cover }, cx, cy, colour, share) => {
    if (cx < reach || cy < reach || cx >= width - reach || cy >= height - reach) return;
    for (let row = 0, at = 0; row < side; row++) {
      let pixel = (cy + row - reach) * width + cx - reach;
      for (let column = 0; column < side; column++, at++, pixel++) {
        const own = cover[at] * share;
        if (own > 0) pixels[pixel] = own > 0.99 ? colour : blend(pixels[pixel], colour, own);
      }
    }
  };
  const { x, y, category, left, top, sx, sy } = points;
  for (let i = 0; i < x.length; i++) {
    if (isMuted[category[i]] !== layer) continue;
    const cx = Math.round((left + x[i] * sx) * ratio);
    const cy = Math.round((top - y[i] * sy) * ratio);
    if (halo) put(halo, cx, cy, paper, 0.5);
    put(disc, cx, cy, tints[category[i]], 1);
  }
}

/** Path of a shape around a place. @param {CanvasRenderingContext2D} context @param {string} shape
 * @param {number} x
 * @param {number} y @param {number} r */
export function tracePoint(context, shape, x, y, r) {
  /** @param {number[][]} corners */
  const trace = (corners) =>
    corners.forEach(([dx, dy], i) =>
      i ? context.lineTo(x + dx * r, y + dy * r) : context.moveTo(x + dx * r, y + dy * r),
    );
  context.beginPath();
  if (shape === "square") context.rect(x - 0.85 * r, y - 0.85 * r, 1.7 * r, 1.7 * r);
  else if (shape === "triangle")
    trace([
      [0, -1.1],
      [1.05, 0.8],
      [-1.05, 0.8],
    ]);
  else if (shape === "down")
    trace([
      [0, 1.1],
      [1.05, -0.8],
      [-1.05, -0.8],
    ]);
  else if (shape === "diamond")
    trace([
      [0, -1.2],
      [1.2, 0],
      [0, 1.2],
      [-1.2, 0],
    ]);
  else if (shape === "plus")
    trace([
      [-0.35, -1.1],
      [0.35, -1.1],
      [0.35, -0.35],
      [1.1, -0.35],
      [1.1, 0.35],
      [0.35, 0.35],
      [0.35, 1.1],
      [-0.35, 1.1],
      [-0.35, 0.35],
      [-1.1, 0.35],
      [-1.1, -0.35],
      [-0.35, -0.35],
    ]);
  else if (shape === "cross")
    trace([
      [-1, -0.5],
      [-0.5, -1],
      [0, -0.5],
      [0.5, -1],
      [1, -0.5],
      [0.5, 0],
      [1, 0.5],
      [0.5, 1],
      [0, 0.5],
      [-0.5, 1],
      [-1, 0.5],
      [-0.5, 0],
    ]);
  else {
    context.arc(x, y, r, 0, 7);
    if (shape === "ring") context.arc(x, y, r * 0.45, 7, 0, true);
  }
  context.closePath();
}
