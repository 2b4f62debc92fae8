/**
 * Seeded random numbers. Every random choice in the project comes from an `Rng` handed in as an argument.
 *
 * The generator is xoshiro128** (Blackman and Vigna 2018, public domain), seeded through splitmix32 from a
 * 32-bit hash of the seed and the stream names. It is fast in JavaScript because it needs 32-bit integers only.
 */

/** The whole state of an `Rng`, for checkpoints. */
export interface RngState {
  readonly words: readonly [number, number, number, number];
  readonly spareNormal: number | null;
}

export class Rng {
  #a: number;
  #b: number;
  #c: number;
  #d: number;
  #spareNormal: number | null = null;

  constructor(state: RngState) {
    [this.#a, this.#b, this.#c, this.#d] = state.words;
    this.#spareNormal = state.spareNormal;
  }

  /** A whole number in [0, 2^32). */
  uint32(): number {
    const scrambled = Math.imul(rotl(Math.imul(this.#b, 5), 7), 9);
    const t = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= t;
    this.#d = rotl(this.#d, 11);
    return scrambled >>> 0;
  }

  /** A real number in [low, high), 32 random bits. */
  uniform(low = 0, high = 1): number {
    return low + (high - low) * (this.uint32() / 4294967296);
  }

  /** A whole number in [0, n). */
  int(n: number): number {
    // The bias of the multiply-shift is below n / 2^32, far under anything sampled here could show.
    return Math.floor((this.uint32() / 4294967296) * n);
  }

  /** True with probability p. */
  chance(p: number): boolean {
    return this.uniform() < p;
  }

  /** A normal deviate (Box-Muller, polar form). */
  normal(mean = 0, std = 1): number {
    if (this.#spareNormal !== null) {
      const spare = this.#spareNormal;
      this.#spareNormal = null;
      return mean + std * spare;
    }
    let u: number, v: number, s: number;
    do {
      u = this.uniform(-1, 1);
      v = this.uniform(-1, 1);
      s = u * u + v * v;
    } while (s >= 1 || s === 0);
    const scale = Math.sqrt((-2 * Math.log(s)) / s);
    this.#spareNormal = v * scale;
    return mean + std * u * scale;
  }

  /** One element of a non-empty list. */
  pick<T>(items: readonly T[]): T {
    if (items.length === 0) throw new RangeError("Rng.pick: the list must not be empty.");
    return items[this.int(items.length)] as T;
  }

  /** A shuffled copy (Fisher-Yates). */
  shuffle<T>(items: readonly T[]): T[] {
    const out = [...items];
    for (let i = out.length - 1; i > 0; i--) {
      const j = this.int(i + 1);
      [out[i], out[j]] = [out[j] as T, out[i] as T];
    }
    return out;
  }

  /** The state, so that `new Rng(state)` goes on where this one is. */
  get state(): RngState {
    return {
      words: [this.#a >>> 0, this.#b >>> 0, this.#c >>> 0, this.#d >>> 0],
      spareNormal: this.#spareNormal,
    };
  }
}

/**
 * A generator for one purpose: `makeRng(seed, "episode", 12)` is independent of `makeRng(seed, "episode", 13)`.
 * Workers take their own stream this way, so results do not depend on how work is split over them.
 */
export function makeRng(seed: number, ...stream: readonly (string | number)[]): Rng {
  let h = hash32(`${seed}`);
  for (const part of stream) h = hash32(`${h}/${part}`);
  const words: number[] = [];
  for (let i = 0; i < 4; i++) {
    h = (h + 0x9e3779b9) | 0;
    let z = h;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    words.push((z ^ (z >>> 15)) >>> 0);
  }
  const [a = 0, b = 0, c = 0, d = 0] = words;
  // The all-zero state is the one fixed point of xoshiro.
  return new Rng({ words: (a | b | c | d) === 0 ? [1, 0, 0, 0] : [a, b, c, d], spareNormal: null });
}

/** FNV-1a over UTF-16 code units, finished by murmur3's mixer. */
function hash32(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  h ^= h >>> 16;
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return h ^ (h >>> 16);
}

function rotl(x: number, k: number): number {
  return (x << k) | (x >>> (32 - k));
}
