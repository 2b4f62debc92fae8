/**
 * The order of windows: a pure function of the seed and the number of the draw, so that training resumes at the same
 * data from two numbers, and so that decoding can run ahead.
 *
 * Each epoch takes every window exactly once. Episodes are shuffled and cut into pools that fit in memory; windows are
 * shuffled within a pool. When all episodes fit at once there is one pool, and the shuffle is a full one.
 */
import { makeRng, type Rng } from "@orrery/core";

/** One episode as far as its order matters. */
export interface OrderItem {
  /** Number of first rows a window can have. */
  readonly numStarts: number;
  /** Memory its frames take. */
  readonly bytes: number;
}

/** Episodes (positions in the list given) that are in memory together. */
export interface Pool {
  readonly epoch: number;
  /** Ascending over all epochs, not without gaps. */
  readonly serial: number;
  readonly members: readonly number[];
  /** Windows of the members up to and including each one. */
  readonly windowEnds: readonly number[];
  /** Draws before this pool's first. */
  readonly firstDraw: number;
  readonly numDraws: number;
}

export interface Draw {
  readonly pool: Pool;
  /** Position of the episode in the list given. */
  readonly item: number;
  readonly start: number;
}

interface Epoch {
  readonly pools: readonly Pool[];
}

export class WindowOrder {
  /** Windows in one epoch. */
  readonly numWindows: number;
  readonly #items: readonly OrderItem[];
  readonly #poolBytes: number;
  readonly #seed: number;
  readonly #stream: number;
  readonly #epochs = new Map<number, Epoch>();
  readonly #shuffles = new Map<number, Uint32Array>();

  /**
   * @param poolBytes most bytes a pool may take; at least the largest item's
   * @param stream tells apart the orders of several sources under one seed
   */
  constructor(items: readonly OrderItem[], poolBytes: number, seed: number, stream: number) {
    this.#items = items;
    this.#poolBytes = poolBytes;
    this.#seed = seed;
    this.#stream = stream;
    this.numWindows = items.reduce((sum, item) => sum + item.numStarts, 0);
  }

  /** Window number `n` of the endless sequence. */
  draw(n: number): Draw {
    const pool = this.poolOf(n);
    return { pool, ...this.#locate(pool, this.#shuffle(pool)[n - pool.firstDraw] as number) };
  }

  /** Another window of the same pool, for draw `n` whose episode turned out to be unreadable. */
  redraw(n: number, attempt: number): Draw {
    const pool = this.poolOf(n);
    const rng = makeRng(this.#seed, "redraw", this.#stream, n, attempt);
    return { pool, ...this.#locate(pool, rng.int(pool.numDraws)) };
  }

  poolOf(n: number): Pool {
    const epoch = Math.floor(n / this.numWindows);
    const { pools } = this.#epoch(epoch);
    return pools.findLast((pool) => pool.firstDraw <= n) as Pool;
  }

  /** The pool that draws come from after `pool`. */
  poolAfter(pool: Pool): Pool {
    return this.poolOf(pool.firstDraw + pool.numDraws);
  }

  /** Members of a pool in the order in which draws from `fromDraw` on first need them. */
  byFirstUse(pool: Pool, fromDraw = pool.firstDraw): number[] {
    const shuffle = this.#shuffle(pool);
    const seen = new Set<number>();
    for (let i = Math.max(0, fromDraw - pool.firstDraw); i < shuffle.length; i++) {
      seen.add(this.#locate(pool, shuffle[i] as number).item);
      if (seen.size === pool.members.length) break;
    }
    return [...seen];
  }

  #epoch(epoch: number): Epoch {
    const known = this.#epochs.get(epoch);
    if (known) return known;
    const rng = makeRng(this.#seed, "episodes", this.#stream, epoch);
    const order = rng.shuffle(this.#items.map((_, i) => i));
    const pools: Pool[] = [];
    let members: number[] = [];
    let windowEnds: number[] = [];
    let bytes = 0;
    let numDraws = 0;
    let firstDraw = epoch * this.numWindows;
    const finish = (): void => {
      if (members.length === 0) return;
      const serial = epoch * this.#items.length + pools.length;
      pools.push({ epoch, serial, members, windowEnds, firstDraw, numDraws });
      firstDraw += numDraws;
      [members, windowEnds, bytes, numDraws] = [[], [], 0, 0];
    };
    for (const i of order) {
      const item = this.#items[i] as OrderItem;
      if (bytes + item.bytes > this.#poolBytes) finish();
      members.push(i);
      bytes += item.bytes;
      numDraws += item.numStarts;
      windowEnds.push(numDraws);
    }
    finish();
    // Only this epoch and its neighbours are ever asked for.
    for (const old of this.#epochs.keys()) if (Math.abs(old - epoch) > 1) this.#epochs.delete(old);
    this.#epochs.set(epoch, { pools });
    return { pools };
  }

  /** The pool's windows, numbered member by member, in the order of their draws. */
  #shuffle(pool: Pool): Uint32Array {
    const known = this.#shuffles.get(pool.serial);
    if (known) return known;
    const rng = makeRng(this.#seed, "windows", this.#stream, pool.serial);
    const shuffle = shuffled(pool.numDraws, rng);
    if (this.#shuffles.size >= 3) this.#shuffles.delete(Math.min(...this.#shuffles.keys()));
    this.#shuffles.set(pool.serial, shuffle);
    return shuffle;
  }

  #locate(pool: Pool, window: number): { item: number; start: number } {
    let low = 0;
    let high = pool.members.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (window < (pool.windowEnds[middle] as number)) high = middle;
      else low = middle + 1;
    }
    const item = pool.members[low] as number;
    const before = low === 0 ? 0 : (pool.windowEnds[low - 1] as number);
    return { item, start: window - before };
  }
}

function shuffled(n: number, rng: Rng): Uint32Array {
  const list = Uint32Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const j = rng.int(i + 1);
    const kept = list[i] as number;
    list[i] = list[j] as number;
    list[j] = kept;
  }
  return list;
}

/** Chooses the source of the next window: the one furthest behind its share (ties go to the first). */
export function nextSource(shares: readonly number[], drawn: readonly number[]): number {
  const total = drawn.reduce((sum, n) => sum + n, 0);
  let best = 0;
  let bestLag = -Infinity;
  shares.forEach((share, i) => {
    const lag = share * (total + 1) - (drawn[i] as number);
    if (lag > bestLag + 1e-9) [best, bestLag] = [i, lag];
  });
  return best;
}
