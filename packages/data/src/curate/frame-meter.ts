/**
 * Everything that curation wants to know of a camera's pictures, taken in one pass over frames shrunk to 64 x 64.
 * Numbers only, no verdicts: thresholds are applied later and can change without decoding again. Memory holds the last
 * second of grey pictures, however long the video is.
 */
import {
  greyOf,
  histogramDistance,
  HISTOGRAM_SIZE,
  histogramOf,
  lightOf,
  NUM_PIXELS,
  SIDE,
  textLookOf,
} from "./grey.ts";
import { MotionMeter, STILL, type Motion } from "./motion.ts";
import { HASH_CROPS, perceptualHash, type Hash64 } from "./perceptual-hash.ts";

/** One number per frame each; differences are to an earlier frame and 0 where there is none. */
export const FRAME_MEASURES = [
  /** Grey level, its standard deviation, share of dark and of burnt-out pixels. */
  "mean",
  "spread",
  "dark",
  "bright",
  /** See `TextLook`. */
  "ground",
  "lines",
  "inLines",
  /** Mean absolute difference from the last frame, over the picture and in the block of 256 that changed most. */
  "change",
  "blockChange",
  /** Mean over the blocks of what each changed by beyond 1 level: motion, without the noise of an encoder. */
  "activity",
  /** The latter, from the frame one second earlier, and the share of the blocks that changed by 8 levels or more. */
  "slowChange",
  "slowArea",
  /** Histogram distance from the last frame, 0 to 1. */
  "histogram",
  /** 1 - correlation with the last frame, camera motion taken out; with the frame four before; with the one a second before. */
  "structure",
  "structure4",
  "structureSlow",
  /** Distance of the picture half a second ago from the mean of this one and that of a second ago, over the distance of these two. */
  "blend",
  /** Camera motion from the last frame, see `Motion`. */
  "dx",
  "dy",
  "zoom",
  "roll",
  "trust",
] as const;
export type FrameMeasure = (typeof FRAME_MEASURES)[number];

/** [T] per measure. */
export type FrameMeasures = Readonly<Record<FrameMeasure, Float32Array>>;

/** Hashes of one frame, one per entry of `HASH_CROPS`. */
export interface HashedFrame {
  readonly frame: number;
  readonly hashes: readonly Hash64[];
}

export interface CameraMeasures {
  readonly frames: FrameMeasures;
  /** About four a second; frames too flat to tell apart are left out. */
  readonly hashes: readonly HashedFrame[];
  /** The part of the picture that is ever lit, as shares: [left, top, right, bottom], the whole being [0, 0, 1, 1]. */
  readonly contentBox: readonly [number, number, number, number];
}

const BLOCK = 4;
const CHANGED_LEVELS = 8;
const NOISE_LEVELS = 1;
const HASHES_PER_SEC = 4;
/** Pictures flatter than this many grey levels are hashed to noise. */
const MIN_HASH_SPREAD = 10;
/** A row or column that never gets brighter than this is a black bar. */
const BAR_LEVEL = 24;
/** Below this much change the camera cannot have moved by anything that the blocks could show. */
const MIN_MOTION_CHANGE = 0.15;

/** Frames that `slowChange`, `structureSlow` and `blend` look back: a second. */
export function slowLag(fps: number): number {
  // At least 4 for `structure4`; at most 64, so that a wrong rate in a file's header cannot ask for gigabytes.
  return Math.max(4, Math.min(64, Math.round(fps)));
}

export class FrameMeter {
  readonly #length: number;
  /** Frames in a second. */
  readonly #lag: number;
  readonly #hashStep: number;
  readonly #measures: FrameMeasures;
  readonly #hashes: HashedFrame[] = [];
  /** The last `lag + 1` grey pictures, by frame modulo that. */
  readonly #ring: readonly Uint8Array[];
  readonly #rowPeak = new Uint8Array(SIDE);
  readonly #columnPeak = new Uint8Array(SIDE);
  readonly #motion = new MotionMeter();
  #hasSpectra = false;
  #histogram = new Float32Array(HISTOGRAM_SIZE);
  #lastHistogram = new Float32Array(HISTOGRAM_SIZE);
  #t = 0;

  /** @param length most frames that will come @param fps of the dataset */
  constructor(length: number, fps: number) {
    this.#length = length;
    this.#lag = slowLag(fps);
    this.#hashStep = Math.max(1, Math.round(fps / HASHES_PER_SEC));
    this.#measures = Object.fromEntries(
      FRAME_MEASURES.map((name) => [name, new Float32Array(length)]),
    ) as FrameMeasures;
    this.#ring = Array.from({ length: this.#lag + 1 }, () => new Uint8Array(NUM_PIXELS));
  }

  /** Frames taken in so far. */
  get count(): number {
    return this.#t;
  }

  /** Takes in the next frame, packed RGB [SIDE, SIDE, 3], which is not kept. */
  push(rgb: Uint8Array): void {
    const t = this.#t++;
    if (t >= this.#length)
      throw new RangeError(`FrameMeter.push: ${this.#length} frames were announced, more came.`);
    const grey = this.#greyAt(t);
    greyOf(rgb, grey);
    [this.#histogram, this.#lastHistogram] = [this.#lastHistogram, this.#histogram];
    histogramOf(rgb, this.#histogram);
    const light = lightOf(grey);
    const put = (values: Partial<Record<FrameMeasure, number>>): void => {
      for (const [name, value] of Object.entries(values)) this.#measures[name as FrameMeasure][t] = value;
    };
    put({ ...light, ...textLookOf(grey) });
    this.#notePeaks(grey);
    if (t % this.#hashStep === 0 && light.spread >= MIN_HASH_SPREAD) {
      this.#hashes.push({ frame: t, hashes: HASH_CROPS.map((crop) => perceptualHash(grey, crop)) });
    }
    if (t === 0) return;
    const last = this.#greyAt(t - 1);
    const { mean: change, block: blockChange, active: activity } = changeBetween(grey, last);
    const motion = this.#moved(grey, last, change);
    const [dx, dy] = [Math.round(motion.dx * SIDE), Math.round(motion.dy * SIDE)];
    put({
      change,
      blockChange,
      activity,
      histogram: histogramDistance(this.#histogram, this.#lastHistogram),
      structure: Math.min(
        dissimilarity(last, grey),
        dx !== 0 || dy !== 0 ? dissimilarity(last, grey, dx, dy) : 2,
      ),
      dx: motion.dx,
      dy: motion.dy,
      zoom: motion.zoom,
      roll: motion.rollRad,
      trust: motion.trust,
    });
    if (t >= 4) put({ structure4: dissimilarity(this.#greyAt(t - 4), grey) });
    if (t >= this.#lag) {
      const early = this.#greyAt(t - this.#lag);
      const middle = this.#greyAt(t - (this.#lag >> 1));
      const slow = changeBetween(grey, early);
      put({
        slowChange: slow.block,
        slowArea: slow.area,
        structureSlow: dissimilarity(early, grey),
        blend: blendOf(early, middle, grey),
      });
    }
  }

  /** What was measured; the arrays are as long as the frames that came. */
  finish(): CameraMeasures {
    const frames = Object.fromEntries(
      FRAME_MEASURES.map((name) => [name, this.#measures[name].subarray(0, this.#t)]),
    ) as FrameMeasures;
    const [left, right] = litRange(this.#columnPeak);
    const [top, bottom] = litRange(this.#rowPeak);
    return { frames, hashes: this.#hashes, contentBox: [left, top, right, bottom] };
  }

  #greyAt(t: number): Uint8Array {
    return this.#ring[t % this.#ring.length] as Uint8Array;
  }

  #moved(grey: Uint8Array, last: Uint8Array, change: number): Motion {
    if (change < MIN_MOTION_CHANGE) {
      this.#hasSpectra = false;
      return { ...STILL, trust: 1 };
    }
    if (!this.#hasSpectra) {
      this.#motion.reset();
      this.#motion.push(last);
      this.#hasSpectra = true;
    }
    return this.#motion.push(grey);
  }

  #notePeaks(grey: Uint8Array): void {
    for (let y = 0; y < SIDE; y++) {
      for (let x = 0; x < SIDE; x++) {
        const value = grey[y * SIDE + x] as number;
        if (value > (this.#rowPeak[y] as number)) this.#rowPeak[y] = value;
        if (value > (this.#columnPeak[x] as number)) this.#columnPeak[x] = value;
      }
    }
  }
}

interface Change {
  /** Mean absolute difference over the picture, and in the block that changed most. */
  readonly mean: number;
  readonly block: number;
  /** Share of the blocks that changed by 8 levels or more. */
  readonly area: number;
  /** See `activity`. */
  readonly active: number;
}

function changeBetween(a: Uint8Array, b: Uint8Array): Change {
  const perSide = SIDE / BLOCK;
  let total = 0;
  let most = 0;
  let changed = 0;
  let active = 0;
  for (let block = 0; block < perSide * perSide; block++) {
    const from = Math.floor(block / perSide) * BLOCK * SIDE + (block % perSide) * BLOCK;
    let sum = 0;
    for (let y = 0; y < BLOCK; y++) {
      for (let x = 0; x < BLOCK; x++) {
        const i = from + y * SIDE + x;
        sum += Math.abs((a[i] as number) - (b[i] as number));
      }
    }
    total += sum;
    most = Math.max(most, sum);
    active += Math.max(0, sum / (BLOCK * BLOCK) - NOISE_LEVELS);
    if (sum >= CHANGED_LEVELS * BLOCK * BLOCK) changed++;
  }
  const numBlocks = perSide ** 2;
  return {
    mean: total / NUM_PIXELS,
    block: most / (BLOCK * BLOCK),
    area: changed / numBlocks,
    active: active / numBlocks,
  };
}

/**
 * 1 - normalised correlation, 0 for the same picture up to brightness and contrast, about 1 for unrelated ones.
 * @param dx, dy pixels by which `a` is moved right and down before comparing where the two still overlap
 */
function dissimilarity(a: Uint8Array, b: Uint8Array, dx = 0, dy = 0): number {
  let [n, sa, sb, saa, sbb, sab] = [0, 0, 0, 0, 0, 0];
  for (let y = Math.max(0, dy); y < Math.min(SIDE, SIDE + dy); y++) {
    for (let x = Math.max(0, dx); x < Math.min(SIDE, SIDE + dx); x++) {
      const va = a[(y - dy) * SIDE + x - dx] as number;
      const vb = b[y * SIDE + x] as number;
      n++;
      sa += va;
      sb += vb;
      saa += va * va;
      sbb += vb * vb;
      sab += va * vb;
    }
  }
  const varA = saa / n - (sa / n) ** 2;
  const varB = sbb / n - (sb / n) ** 2;
  // Flat pictures have no structure to compare: two of them are alike, a flat one and another are not.
  if (varA < 4 && varB < 4) return 0;
  if (varA < 4 || varB < 4) return 1;
  return 1 - (sab / n - (sa / n) * (sb / n)) / Math.sqrt(varA * varB);
}

/** 0 where `middle` is the mean of the other two, about 1 where it has nothing to do with it; 1 where these are the same. */
function blendOf(early: Uint8Array, middle: Uint8Array, late: Uint8Array): number {
  let apart = 0;
  let off = 0;
  for (let i = 0; i < NUM_PIXELS; i++) {
    const a = early[i] as number;
    const b = late[i] as number;
    apart += Math.abs(a - b);
    off += Math.abs((middle[i] as number) - (a + b) / 2);
  }
  return apart < NUM_PIXELS ? 1 : (2 * off) / apart;
}

/** First and end of what is ever lit, as shares; a video that is black throughout is all picture. */
function litRange(peaks: Uint8Array): [number, number] {
  const first = peaks.findIndex((peak) => peak > BAR_LEVEL);
  const last = peaks.findLastIndex((peak) => peak > BAR_LEVEL);
  return first < 0 ? [0, 1] : [first / SIDE, (last + 1) / SIDE];
}
