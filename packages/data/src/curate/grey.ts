/** What one small picture says by itself: its grey values, brightness, colour histogram, and lines of text. */

/** Side of the pictures that curation looks at, whatever the video's own size and shape. */
export const SIDE = 64;
export const NUM_PIXELS = SIDE * SIDE;

const DARK = 20;
const BRIGHT = 250;
const BINS = 16;
/** Three channels, 16 bins each. */
export const HISTOGRAM_SIZE = 3 * BINS;

/** Grey (BT.601 weights) of packed RGB. */
export function greyOf(rgb: Uint8Array, out: Uint8Array): void {
  for (let i = 0, j = 0; i < NUM_PIXELS; i++, j += 3) {
    out[i] =
      (77 * (rgb[j] as number) + 150 * (rgb[j + 1] as number) + 29 * (rgb[j + 2] as number) + 128) >> 8;
  }
}

/** Histogram per channel, summing to 1. A value is shared between its two nearest bins, so that a slight change of light moves little. */
export function histogramOf(rgb: Uint8Array, out: Float32Array): void {
  out.fill(0);
  const unit = 1 / (3 * NUM_PIXELS);
  for (let i = 0; i < 3 * NUM_PIXELS; i++) {
    const place = ((rgb[i] as number) * (BINS - 1)) / 255;
    const bin = Math.floor(place);
    const rest = place - bin;
    const at = (i % 3) * BINS + bin;
    out[at] = (out[at] as number) + (1 - rest) * unit;
    if (rest > 0) out[at + 1] = (out[at + 1] as number) + rest * unit;
  }
}

/** Share of the colour that would have to move from one histogram to the other, 0 to 1. */
export function histogramDistance(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < HISTOGRAM_SIZE; i++) sum += Math.abs((a[i] as number) - (b[i] as number));
  return sum / 2;
}

/** Brightness of a picture in numbers. */
export interface Light {
  readonly mean: number;
  /** Standard deviation. */
  readonly spread: number;
  /** Share of the pixels below level 20, and at 250 or above. */
  readonly dark: number;
  readonly bright: number;
}

export function lightOf(grey: Uint8Array): Light {
  let sum = 0;
  let squares = 0;
  let dark = 0;
  let bright = 0;
  for (let i = 0; i < NUM_PIXELS; i++) {
    const value = grey[i] as number;
    sum += value;
    squares += value * value;
    if (value < DARK) dark++;
    if (value >= BRIGHT) bright++;
  }
  const mean = sum / NUM_PIXELS;
  return {
    mean,
    spread: Math.sqrt(Math.max(0, squares / NUM_PIXELS - mean * mean)),
    dark: dark / NUM_PIXELS,
    bright: bright / NUM_PIXELS,
  };
}

/** How much a picture looks like lines of text on a plain ground. */
export interface TextLook {
  /** Share of the pixels within 12 levels of the commonest grey. */
  readonly ground: number;
  /** Bands of rows that hold ink, are low and wide, and have clean rows above and below. */
  readonly lines: number;
  /** Share of the ink that lies in such bands. */
  readonly inLines: number;
}

const GROUND_REACH = 12;
const INK_CONTRAST = 30;
/** Rows of a line of text: above this it is an object. */
const MAX_LINE_ROWS = 9;
const MIN_LINE_COLUMNS = 10;

export function textLookOf(grey: Uint8Array): TextLook {
  const counts = new Uint16Array(256);
  for (let i = 0; i < NUM_PIXELS; i++) {
    const value = grey[i] as number;
    counts[value] = (counts[value] as number) + 1;
  }
  let ground = 0;
  let held = 0;
  let best = 0;
  for (let value = -GROUND_REACH; value < 256; value++) {
    if (value + GROUND_REACH < 256) held += counts[value + GROUND_REACH] as number;
    if (value > GROUND_REACH) held -= counts[value - GROUND_REACH - 1] as number;
    if (value >= 0 && held > best) [best, ground] = [held, value];
  }
  return { ground: best / NUM_PIXELS, ...findLines(grey, ground) };
}

function findLines(grey: Uint8Array, ground: number): { lines: number; inLines: number } {
  let [lines, ink, inkInLines] = [0, 0, 0];
  let [rows, inkOfBand, left, right] = [0, 0, SIDE, -1];
  for (let y = 0; y <= SIDE; y++) {
    let inkOfRow = 0;
    let [first, last] = [SIDE, -1];
    // One row past the end is clean, and closes a band that touches the border.
    for (let x = 0; x < (y < SIDE ? SIDE : 0); x++) {
      if (Math.abs((grey[y * SIDE + x] as number) - ground) <= INK_CONTRAST) continue;
      inkOfRow++;
      if (first === SIDE) first = x;
      last = x;
    }
    if (inkOfRow > 0) {
      rows++;
      inkOfBand += inkOfRow;
      [left, right] = [Math.min(left, first), Math.max(right, last)];
    }
    if (inkOfRow > 0 && y < SIDE) continue;
    const width = right - left + 1;
    if (rows > 0 && rows <= MAX_LINE_ROWS && width >= MIN_LINE_COLUMNS && width > 2.5 * rows) {
      lines++;
      inkInLines += inkOfBand;
    }
    ink += inkOfBand;
    [rows, inkOfBand, left, right] = [0, 0, SIDE, -1];
  }
  return { lines, inLines: ink > 0 ? inkInLines / ink : 0 };
}
