/**
 * Decoded frames of one source, within a fixed budget.
 *
 * When all episodes fit, each is decoded once and stays. Otherwise memory is two halves: one holds the pool that windows
 * are drawn from, the other is filled with the pool that comes next.
 */
import { DataError, messageOf } from "@orrery/core";
import type { ClipEpisode } from "./catalogue.ts";
import type { Pool, WindowOrder } from "./order.ts";

/** Fills `memory` from `offset` with an episode's frames, [length, V, H, W, 3]. */
export type DecodeEpisode = (
  episode: ClipEpisode,
  memory: SharedArrayBuffer,
  offset: number,
) => Promise<void>;

/** An episode's place in memory. */
export interface Resident {
  /** [length, V, H, W, 3]; valid once `state` is "ready". */
  readonly frames: Uint8Array;
  readonly done: Promise<void>;
  state: "decoding" | "ready" | "failed";
}

/** Memory for one pool. */
interface Half {
  readonly memory: SharedArrayBuffer;
  pool: Pool | undefined;
  /** Where each member of the pool goes, fixed beforehand so that decoding may finish in any order. */
  readonly offsets: Map<number, number>;
  readonly residents: Map<number, Resident>;
}

export interface ResidencyOptions {
  readonly episodes: readonly ClipEpisode[];
  readonly order: WindowOrder;
  /** Bytes of one row: V * H * W * 3. */
  readonly rowBytes: number;
  /** Bytes of one half; with `holdsAll`, of everything. */
  readonly halfBytes: number;
  readonly holdsAll: boolean;
  readonly decode: DecodeEpisode;
  /** Told once of each episode whose pictures cannot be read. */
  readonly onFailure: (episode: ClipEpisode, reason: string) => void;
}

export class Residency {
  readonly #options: ResidencyOptions;
  readonly #failed = new Set<number>();
  #halves: Half[] = [];

  constructor(options: ResidencyOptions) {
    this.#options = options;
  }

  /** Bytes of memory set aside. */
  get bytes(): number {
    return this.#halves.reduce((sum, { memory }) => sum + memory.byteLength, 0);
  }

  /** True if every member of the pool is known to be unreadable. */
  hasFailed(pool: Pool): boolean {
    return pool.members.every((item) => this.#failed.has(item));
  }

  /** The episode's place for a draw from `pool`; begins to decode what this pool and the next one need. */
  find(pool: Pool, item: number, drawIndex: number): Resident {
    const half = this.#enter(pool, drawIndex);
    return half.residents.get(item) ?? this.#fetch(half, item);
  }

  #enter(pool: Pool, drawIndex: number): Half {
    const { holdsAll, order } = this.#options;
    const current = this.#halves.find((half) => half.pool?.serial === pool.serial);
    if (current) return current;
    if (holdsAll) {
      const half = this.#halves[0] ?? this.#makeHalf();
      this.#halves = [half];
      if (half.pool) half.pool = pool; // the same episodes in another order: nothing moves
      else this.#fill(half, pool, drawIndex);
      return half;
    }
    // A jump (a restored position) finds threads still writing into the old halves, so it gets new ones.
    const next = order.poolAfter(pool);
    const [here, ahead] = [this.#makeHalf(), this.#makeHalf()];
    this.#halves = [here, ahead];
    this.#fill(here, pool, drawIndex);
    this.#fill(ahead, next, next.firstDraw);
    return here;
  }

  /** Called when draws from `pool` begin: the half of the pool before is free for the one after. */
  advance(pool: Pool): void {
    if (this.#options.holdsAll) return;
    const next = this.#options.order.poolAfter(pool);
    if (!this.#halves.some((half) => half.pool?.serial === pool.serial)) return;
    if (this.#halves.some((half) => half.pool?.serial === next.serial)) return;
    const free = this.#halves.find((half) => half.pool?.serial !== pool.serial);
    if (free) this.#fill(free, next, next.firstDraw);
  }

  #makeHalf(): Half {
    const memory = new SharedArrayBuffer(this.#options.halfBytes);
    return { memory, pool: undefined, offsets: new Map(), residents: new Map() };
  }

  #fill(half: Half, pool: Pool, drawIndex: number): void {
    const { episodes, rowBytes, order, holdsAll } = this.#options;
    half.pool = pool;
    half.residents.clear();
    half.offsets.clear();
    let offset = 0;
    for (const item of pool.members) {
      half.offsets.set(item, offset);
      offset += (episodes[item] as ClipEpisode).length * rowBytes;
    }
    for (const item of order.byFirstUse(pool, drawIndex)) this.#fetch(half, item);
    // Resuming late in an epoch, the rest is not needed before the next epoch, and follows behind.
    if (holdsAll) for (const item of pool.members) this.#fetch(half, item);
  }

  #fetch(half: Half, item: number): Resident {
    const known = half.residents.get(item);
    if (known) return known;
    const { episodes, rowBytes, decode, onFailure } = this.#options;
    const episode = episodes[item] as ClipEpisode;
    const offset = half.offsets.get(item) as number;
    const frames = new Uint8Array(half.memory, offset, episode.length * rowBytes);
    const failedBefore = this.#failed.has(item);
    const work = failedBefore
      ? Promise.reject(new DataError(`episode ${episode.index} could not be read before.`))
      : decode(episode, half.memory, offset);
    const resident: Resident = {
      frames,
      state: "decoding",
      done: work.then(
        () => void (resident.state = "ready"),
        (error: unknown) => {
          resident.state = "failed";
          this.#failed.add(item);
          if (!failedBefore) onFailure(episode, messageOf(error));
        },
      ),
    };
    half.residents.set(item, resident);
    return resident;
  }
}

/**
 * Shares a budget among sources: small ones are held whole while the rest still gets an equal part.
 * @returns bytes for each source, at most its own total
 */
export function shareBudget(totals: readonly number[], budgetBytes: number): number[] {
  const shares = totals.map(() => 0);
  let left = budgetBytes;
  const bySize = totals.map((total, i) => ({ total, i })).sort((a, b) => a.total - b.total);
  bySize.forEach(({ total, i }, n) => {
    const share = Math.min(total, Math.floor(left / (bySize.length - n)));
    shares[i] = share;
    left -= share;
  });
  return shares;
}
