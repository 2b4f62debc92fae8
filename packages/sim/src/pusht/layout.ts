/**
 * The start of an episode, drawn as the published environment draws it.
 *
 * The field compares policies on fixed seeds, and the human recordings used seeds 0 to 205, so seed n must give the
 * same board here. The published code draws from NumPy's `RandomState`, which is why that generator is written out:
 * MT19937 (Matsumoto and Nishimura 1998) with NumPy's masked integers and polar normals. Checked against NumPy 2.4.
 */
import { UsageError } from "@orrery/core";
import type { Pose } from "./planar/polygon.ts";
import { TEE_CENTRE } from "./board.ts";

/** Where agent and T stand. `block` is the pose of the T's own origin. */
export interface Layout {
  readonly agent: readonly [number, number];
  readonly block: Pose;
}

/**
 * The layout of a seed, from 0 to 2^32 - 1.
 *
 * The published environment sets the T's position first and then turns it about its centre of gravity, so the T does
 * not end at the position drawn; policies have been scored on these boards, so the order is kept.
 */
export function layoutOfSeed(seed: number): Layout {
  const random = new RandomState(seed);
  const agent = [random.integer(50, 450), random.integer(50, 450)] as const;
  const x = random.integer(100, 400);
  const y = random.integer(100, 400);
  const angle = random.normal() * 2 * Math.PI - Math.PI;
  return { agent, block: turnAboutCentre(x, y, angle) };
}

/** The pose after placing an unturned T at x, y and turning it about its centre of gravity. */
export function turnAboutCentre(x: number, y: number, angle: number): Pose {
  const { x: cx, y: cy } = TEE_CENTRE;
  const c = Math.cos(angle);
  const s = Math.sin(angle);
  return { x: x + cx - (c * cx - s * cy), y: y + cy - (s * cx + c * cy), angle };
}

const N = 624;
const M = 397;

/** The two draws of NumPy's `RandomState` that PushT needs. */
export class RandomState {
  readonly #words = new Uint32Array(N);
  #next = N;
  #spareNormal: number | undefined;

  constructor(seed: number) {
    if (!Number.isInteger(seed) || seed < 0 || seed > 0xffffffff) {
      throw new UsageError(`PushT: the seed must be a whole number from 0 to 4294967295, got ${seed}.`);
    }
    this.#words[0] = seed;
    for (let i = 1; i < N; i++) {
      const before = this.#word(i - 1);
      this.#words[i] = Math.imul(1812433253, before ^ (before >>> 30)) + i;
    }
  }

  /** A whole number in [low, high): random bits are masked and redrawn while too large. */
  integer(low: number, high: number): number {
    const largest = high - low - 1;
    const mask = 2 ** Math.ceil(Math.log2(largest + 1)) - 1;
    for (;;) {
      const value = (this.#uint32() & mask) >>> 0;
      if (value <= largest) return low + value;
    }
  }

  /** A standard normal deviate by the polar method; they come in pairs, second of the pair first. */
  normal(): number {
    if (this.#spareNormal !== undefined) {
      const spare = this.#spareNormal;
      this.#spareNormal = undefined;
      return spare;
    }
    for (;;) {
      const u = 2 * this.#fraction() - 1;
      const v = 2 * this.#fraction() - 1;
      const s = u * u + v * v;
      if (s >= 1 || s === 0) continue;
      const scale = Math.sqrt((-2 * Math.log(s)) / s);
      this.#spareNormal = scale * u;
      return scale * v;
    }
  }

  /** 53 random bits in [0, 1). */
  #fraction(): number {
    const high = this.#uint32() >>> 5;
    const low = this.#uint32() >>> 6;
    return (high * 67108864 + low) / 9007199254740992;
  }

  #uint32(): number {
    if (this.#next === N) this.#twist();
    let y = this.#word(this.#next++);
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  }

  #twist(): void {
    for (let i = 0; i < N; i++) {
      const y = (this.#word(i) & 0x80000000) | (this.#word((i + 1) % N) & 0x7fffffff);
      this.#words[i] = this.#word((i + M) % N) ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
    }
    this.#next = 0;
  }

  #word(i: number): number {
    return this.#words[i] as number;
  }
}
