/**
 * Camera motion between two small grey pictures: how the whole picture shifts, grows and turns.
 *
 * Nine overlapping 32 x 32 blocks are compared by phase correlation (Kuglin and Hines 1975) with the peak refined by a
 * parabola, and a similarity (shift, zoom, roll) is fitted to their shifts; blocks that disagree, such as those on a
 * moving object, lose their weight. `trust` is the share of blocks that agree in the end.
 */
import { SIDE } from "./grey.ts";
import { SquareFft, type Spectrum } from "./fft.ts";

const N = 32;
const OFFSETS = [0, 16, 32] as const;
const NUM_BLOCKS = 9;
/** A block flatter than this many grey levels says nothing about motion. */
const MIN_SPREAD = 3;
/** A correlation peak below this stands no higher than noise. */
const MIN_PEAK = 0.06;
/** Pixels by which a block may differ from the fit and still count as moving with the camera. */
const AGREE_PX = 0.6;

/** How the scene moves in the picture from the earlier frame to the later one. */
export interface Motion {
  /** Right and down, as a share of the picture's width and height. */
  readonly dx: number;
  readonly dy: number;
  /** Growth: 0.01 is one per cent larger. */
  readonly zoom: number;
  /** Clockwise turn of the picture in radians, on a picture squeezed to a square. */
  readonly rollRad: number;
  /** Share of the textured blocks that follow this motion; 0 where nothing could be seen. */
  readonly trust: number;
}

export const STILL: Motion = { dx: 0, dy: 0, zoom: 0, rollRad: 0, trust: 0 };

interface BlockShift {
  /** Centre of the block, pixels from the picture's centre. */
  readonly x: number;
  readonly y: number;
  readonly dx: number;
  readonly dy: number;
  readonly weight: number;
}

/** Follows the camera through a sequence of pictures; keeps the spectra of the last one. */
export class MotionMeter {
  readonly #fft = new SquareFft(N);
  readonly #window = Float32Array.from({ length: N }, (_, i) => Math.sin((Math.PI * (i + 0.5)) / N) ** 2);
  readonly #cross: Spectrum = this.#fft.make();
  #last = this.#makeBlocks();
  #next = this.#makeBlocks();
  #hasLast = false;

  /** Motion from the picture given before to this one; `STILL` for the first. @param grey [SIDE, SIDE] */
  push(grey: Uint8Array): Motion {
    for (let b = 0; b < NUM_BLOCKS; b++) this.#transform(grey, b);
    const motion = this.#hasLast ? fitSimilarity(this.#shifts()) : STILL;
    [this.#last, this.#next] = [this.#next, this.#last];
    this.#hasLast = true;
    return motion;
  }

  reset(): void {
    this.#hasLast = false;
  }

  #makeBlocks(): { spectrum: Spectrum; spread: number }[] {
    return Array.from({ length: NUM_BLOCKS }, () => ({ spectrum: this.#fft.make(), spread: 0 }));
  }

  #transform(grey: Uint8Array, b: number): void {
    const block = this.#next[b] as { spectrum: Spectrum; spread: number };
    const { re, im } = block.spectrum;
    const x0 = OFFSETS[b % 3] as number;
    const y0 = OFFSETS[Math.floor(b / 3)] as number;
    let sum = 0;
    let squares = 0;
    for (let y = 0; y < N; y++) {
      for (let x = 0; x < N; x++) {
        const value = grey[(y0 + y) * SIDE + x0 + x] as number;
        sum += value;
        squares += value * value;
      }
    }
    const mean = sum / (N * N);
    block.spread = Math.sqrt(Math.max(0, squares / (N * N) - mean * mean));
    if (block.spread < MIN_SPREAD) return;
    for (let y = 0; y < N; y++) {
      for (let x = 0; x < N; x++) {
        const weight = (this.#window[y] as number) * (this.#window[x] as number);
        re[y * N + x] = ((grey[(y0 + y) * SIDE + x0 + x] as number) - mean) * weight;
      }
    }
    im.fill(0);
    this.#fft.forward(block.spectrum);
  }

  #shifts(): BlockShift[] {
    const shifts: BlockShift[] = [];
    for (let b = 0; b < NUM_BLOCKS; b++) {
      const before = this.#last[b] as { spectrum: Spectrum; spread: number };
      const after = this.#next[b] as { spectrum: Spectrum; spread: number };
      if (before.spread < MIN_SPREAD || after.spread < MIN_SPREAD) continue;
      const { dx, dy, peak } = this.#correlate(before.spectrum, after.spectrum);
      if (peak < MIN_PEAK) continue;
      const x = (OFFSETS[b % 3] as number) + N / 2 - SIDE / 2;
      const y = (OFFSETS[Math.floor(b / 3)] as number) + N / 2 - SIDE / 2;
      shifts.push({ x, y, dx, dy, weight: peak });
    }
    return shifts;
  }

  #correlate(before: Spectrum, after: Spectrum): { dx: number; dy: number; peak: number } {
    const { re, im } = this.#cross;
    for (let i = 0; i < N * N; i++) {
      const ar = after.re[i] as number;
      const ai = after.im[i] as number;
      const br = before.re[i] as number;
      const bi = before.im[i] as number;
      const r = ar * br + ai * bi;
      const m = ai * br - ar * bi;
      // conj(after x conj(before)): a second forward transform then gives the inverse, unmirrored.
      const size = Math.sqrt(r * r + m * m) + 1e-6;
      re[i] = r / size;
      im[i] = -m / size;
    }
    this.#fft.forward(this.#cross);
    let at = 0;
    for (let i = 1; i < N * N; i++) if ((re[i] as number) > (re[at] as number)) at = i;
    const px = at % N;
    const py = (at - px) / N;
    const value = (x: number, y: number): number => re[((y + N) % N) * N + ((x + N) % N)] as number;
    const top = value(px, py);
    const dx = px + parabola(value(px - 1, py), top, value(px + 1, py));
    const dy = py + parabola(value(px, py - 1), top, value(px, py + 1));
    return { dx: dx > N / 2 ? dx - N : dx, dy: dy > N / 2 ? dy - N : dy, peak: top / (N * N) };
  }
}

/** Where between -0.5 and 0.5 the top of the parabola through three neighbours lies. */
function parabola(left: number, top: number, right: number): number {
  const bend = left - 2 * top + right;
  return bend < 0 ? Math.max(-0.5, Math.min(0.5, (0.5 * (left - right)) / bend)) : 0;
}

/** Weighted least squares in closed form, weighted anew three times so that blocks far from the fit drop out. */
function fitSimilarity(shifts: readonly BlockShift[]): Motion {
  if (shifts.length < 3) return STILL;
  // The start is the median shift: a mean would begin half-way to whatever moves in the scene.
  let fit = {
    tx: median(shifts.map(({ dx }) => dx)),
    ty: median(shifts.map(({ dy }) => dy)),
    zoom: 0,
    roll: 0,
  };
  const miss = ({ x, y, dx, dy }: BlockShift): number =>
    Math.hypot(dx - (fit.tx + fit.zoom * x - fit.roll * y), dy - (fit.ty + fit.zoom * y + fit.roll * x));
  for (let round = 0; round < 3; round++) {
    const scale = round === 0 ? 2 : AGREE_PX;
    const weights = shifts.map((shift) => shift.weight / (1 + (miss(shift) / scale) ** 4));
    fit = leastSquares(shifts, weights);
  }
  const agreeing = shifts.filter((shift) => miss(shift) < AGREE_PX).length;
  return {
    dx: fit.tx / SIDE,
    dy: fit.ty / SIDE,
    zoom: fit.zoom,
    rollRad: fit.roll,
    trust: agreeing >= 3 ? agreeing / NUM_BLOCKS : 0,
  };
}

function leastSquares(
  shifts: readonly BlockShift[],
  weights: readonly number[],
): { tx: number; ty: number; zoom: number; roll: number } {
  const mean = (of: (shift: BlockShift) => number): number => {
    let sum = 0;
    let total = 0;
    shifts.forEach((shift, i) => {
      sum += of(shift) * (weights[i] as number);
      total += weights[i] as number;
    });
    return sum / total;
  };
  const [mx, my] = [mean(({ x }) => x), mean(({ y }) => y)];
  const [mu, mv] = [mean(({ dx }) => dx), mean(({ dy }) => dy)];
  const size = mean(({ x, y }) => (x - mx) ** 2 + (y - my) ** 2);
  const zoom = size > 1 ? mean((s) => (s.x - mx) * (s.dx - mu) + (s.y - my) * (s.dy - mv)) / size : 0;
  const roll = size > 1 ? mean((s) => (s.x - mx) * (s.dy - mv) - (s.y - my) * (s.dx - mu)) / size : 0;
  return { tx: mu - zoom * mx + roll * my, ty: mv - zoom * my - roll * mx, zoom, roll };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] as number;
}
